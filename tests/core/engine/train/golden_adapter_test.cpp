// LoRA and DoRA against peft: every loss, gradient norm and learning rate of twelve steps, and the adapter after them.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "core/data/checkpoint/peft_adapter.h"
#include "core/data/checkpoint/tensor_names.h"
#include "core/engine/model/adapter.h"
#include "core/engine/train/training_model.h"
#include "tests/core/engine/train/golden_run.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

std::string canonical(const std::string& name) { return checkpoint::canonicalName(checkpoint::parseTensorName(name), true); }

// In memory peft puts the adapter's name into each tensor's; on disk it does not, and a magnitude is no module there.
std::string onDisk(std::string name) {
    if (const std::string end = "lora_magnitude_vector.default.weight"; name.ends_with(end)) {
        return name.substr(0, name.size() - std::string(".default.weight").size());
    }
    if (const std::size_t at = name.find(".default"); at != std::string::npos) name.erase(at, std::string(".default").size());
    return name;
}

enum class TowerAndProjection { Frozen, Full };

class GoldenAdapter {
public:
    explicit GoldenAdapter(const std::string& id, TowerAndProjection others = TowerAndProjection::Frozen)
        : m_run(goldenCase(id)), m_folder(goldenPath("finetune/" + id)) {
        model::LoadOptions options = goldenOptions();
        options.learns = [others](const std::string& name) {
            return others == TowerAndProjection::Full && !name.starts_with("language_model.");
        };
        m_model = loadOrThrow(openOrThrow(goldenPath("finetune/model")), options);
        const auto stored = valueOf(checkpoint::openPeftAdapter(m_folder / "adapter_init", m_model->config()));
        m_adapter.emplace(valueOf(model::Adapter::load(*m_model, stored, model::AdapterUse::Training)));
        train::TrainableParameters parameters = train::trainableParameters(*m_model, true);
        for (train::TrainableParameter& parameter : train::adapterParameters(*m_adapter, true)) {
            parameters.push_back(std::move(parameter));
        }
        EXPECT_EQ(parameters.size(), m_run.at("trainable_tensors").get<std::size_t>());
        m_objective.emplace(*m_model, train::AnswerObjective::Settings{.lossBlockBytes = 7 * 464 * 4, .adapter = &*m_adapter});
        m_trainer.emplace(*m_objective, std::move(parameters), goldenSettings(m_run), m_group);
    }

    void expectRun() {
        expectGoldenSteps(*m_trainer, m_run);
        std::map<std::string, at::Tensor> ours;
        for (const train::TrainableParameter& parameter : m_trainer->optimizer().parameters())
            ours[parameter.name] = parameter.tensor;
        const std::string base = "base_model.model.";
        for (const auto& [name, entry] : m_run.at("final_tensors").items()) {
            const bool isDelta = name.find("lora_") != std::string::npos;
            const std::string mine = isDelta ? onDisk(name) : canonical(name.substr(base.size()));
            ASSERT_TRUE(ours.contains(mine)) << name;
            expectGoldenTensor(ours[mine], entry, name);
        }
        EXPECT_EQ(ours.size(), m_run.at("final_tensors").size());
    }

    // The folder that we write holds what peft wrote: the same tensors, the same settings.
    void expectFolder() {
        const TempDir temp;
        ASSERT_TRUE(checkpoint::writePeftAdapter(temp.path(), m_adapter->toPeft("model")));
        const auto theirs = valueOf(files::SafetensorsFile::open(m_folder / "adapter_final/adapter_model.safetensors"));
        const auto mine = valueOf(files::SafetensorsFile::open(temp.path() / "adapter_model.safetensors"));
        ASSERT_EQ(mine->tensors().size(), theirs->tensors().size());
        EXPECT_EQ(mine->metadata(), theirs->metadata());
        for (const files::SafetensorsTensor& tensor : theirs->tensors()) {
            const files::SafetensorsTensor* const found = mine->find(tensor.name);
            ASSERT_NE(found, nullptr) << tensor.name;
            EXPECT_EQ(found->shape, tensor.shape) << tensor.name;
            EXPECT_EQ(found->dtype, tensor.dtype) << tensor.name;
        }
        const auto keys = [](const std::filesystem::path& path) {
            std::ifstream file(path);
            const nlohmann::json config = nlohmann::json::parse(file);
            std::set<std::string> names;
            for (const auto& [key, value] : config.items()) names.insert(key);
            return names;
        };
        EXPECT_EQ(keys(temp.path() / "adapter_config.json"), keys(m_folder / "adapter_final/adapter_config.json"));
    }

private:
    const nlohmann::json& m_run;
    std::filesystem::path m_folder;
    std::shared_ptr<model::Gemma3VlModel> m_model;
    std::optional<model::Adapter> m_adapter;
    std::optional<train::AnswerObjective> m_objective;
    distributed::LocalGroup m_group;
    std::optional<train::Trainer> m_trainer;
};

TEST(GoldenAdapter, Lora) {
    GoldenAdapter golden("lora");
    golden.expectRun();
    golden.expectFolder();
}
TEST(GoldenAdapter, Dora) {
    GoldenAdapter golden("dora");
    golden.expectRun();
    golden.expectFolder();
}
TEST(GoldenAdapter, LoraAccumulated) { GoldenAdapter("lora_grad_accum").expectRun(); }
TEST(GoldenAdapter, LoraBesideAFullTowerAndProjection) {
    GoldenAdapter("lora_vision_unfrozen", TowerAndProjection::Full).expectRun();
}
TEST(GoldenAdapter, LoraOnTheTowerToo) { GoldenAdapter("lora_vision_lora").expectRun(); }

}  // namespace
}  // namespace lapidary::test
