// Full fine-tuning against transformers: every loss, gradient norm and learning rate of twelve steps, and the weights after them.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/data/checkpoint/tensor_names.h"
#include "tests/core/engine/train/golden_run.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

std::string canonical(const std::string& name) { return checkpoint::canonicalName(checkpoint::parseTensorName(name), true); }

struct GoldenFull {
    explicit GoldenFull(const std::string& id, const model::FreezeFlags& freeze = {})
        : run(goldenCase(id)), model(goldenStart()), objective(*model, {.lossBlockBytes = 7 * 464 * 4}) {
        model->freeze(freeze);
        train::TrainableParameters parameters = train::trainableParameters(*model, !run.contains("no_decay"));
        if (run.contains("no_decay")) {
            std::set<std::string> without;
            for (const nlohmann::json& name : run["no_decay"]) without.insert(canonical(name.get<std::string>()));
            for (const train::TrainableParameter& parameter : parameters) {
                EXPECT_EQ(parameter.decays, !without.contains(parameter.name)) << parameter.name;
            }
        }
        trainer.emplace(objective, std::move(parameters), goldenSettings(run), group);
    }

    void expectRun() {
        expectGoldenSteps(*trainer, run);
        std::map<std::string, at::Tensor> ours;
        model->visitParameters([&](const std::string& name, ops::Weight& weight) { ours[name] = weight.tensor(); });
        EXPECT_EQ(run.at("final_tensors").size(), trainer->optimizer().parameters().size());
        for (const auto& [name, entry] : run.at("final_tensors").items()) {
            ASSERT_TRUE(ours.contains(canonical(name))) << name;
            expectGoldenTensor(ours[canonical(name)], entry, name);
        }
    }

    const nlohmann::json& run;
    std::shared_ptr<model::Gemma3VlModel> model;
    train::AnswerObjective objective;
    distributed::LocalGroup group;
    std::optional<train::Trainer> trainer;
};

TEST(GoldenFinetune, FullSft) {
    GoldenFull golden("full_sft");
    golden.expectRun();
    const checkpoint::Checkpoint start = openOrThrow(goldenPath("finetune/model"));
    const auto file = valueOf(files::SafetensorsFile::open(goldenPath("finetune/full_sft_final.safetensors")));
    const nlohmann::json& noise = golden.run.at("final_tensors");
    std::map<std::string, at::Tensor> ours;
    golden.model->visitParameters([&](const std::string& name, ops::Weight& weight) { ours[name] = weight.tensor(); });
    std::size_t compared = 0;
    for (const files::SafetensorsTensor& stored : file->tensors()) {
        const nlohmann::json& entry = noise.at(stored.name);
        if (entry.at("zero_gradient_in_exact_arithmetic").get<bool>()) continue;
        const at::Tensor mine = ours.at(canonical(stored.name)).detach().to(at::kCPU);
        std::vector<float> values(static_cast<std::size_t>(mine.numel()));
        std::memcpy(values.data(), file->bytes(stored).data(), values.size() * sizeof(float));
        const float* const got = mine.const_data_ptr<float>();
        const double allowed = std::max(1e-5, 5.0 * entry.at("noise_max_abs").get<double>());
        for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(got[i], values[i], allowed) << stored.name << " " << i;
        ++compared;
    }
    EXPECT_GT(compared, 80U);
}
TEST(GoldenFinetune, FrozenVision) { GoldenFull("frozen_vision", {.freezeVisionModel = true}).expectRun(); }
TEST(GoldenFinetune, ProjectorOnly) {
    GoldenFull("projector_only", {.freezeLanguageModel = true, .freezeVisionModel = true}).expectRun();
}
TEST(GoldenFinetune, AccumulationIsNormalisedByAllTargets) { GoldenFull("grad_accum").expectRun(); }
TEST(GoldenFinetune, NoDecayOnNormsAndBiases) { GoldenFull("full_sft_decay_groups").expectRun(); }
TEST(GoldenFinetune, TheTransformersTrainer) { GoldenFull("trainer_grad_accum").expectRun(); }

TEST(GoldenFinetune, LikelihoodOfEveryAnswerToken) {
    const auto model = goldenStart(model::WeightStorage::AsStored);
    const train::AnswerObjective objective(*model, {});
    for (std::size_t i = 0; i < 4; ++i) {
        for (const train::PaddingSide side : {train::PaddingSide::Left, train::PaddingSide::Right}) {
            const auto index = static_cast<std::int64_t>(i);
            // Beside another sample, so that there is padding.
            const train::MicroBatch batch = goldenBatch({index, (index + 1) % 4}, side);
            const auto found = valueOf(objective.predict(batch, {}));
            const nlohmann::json& expected = goldenFinetune().at("step0_nll")[i].at("nll");
            ASSERT_EQ(static_cast<std::size_t>(batch.groups.front().targets), expected.size());
            for (std::size_t t = 0; t < expected.size(); ++t) {
                EXPECT_NEAR(found.losses[static_cast<std::int64_t>(t)].item<double>(), expected[t].get<double>(), 1e-5);
            }
        }
    }
}

}  // namespace
}  // namespace lapidary::test
