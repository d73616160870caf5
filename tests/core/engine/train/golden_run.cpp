#include "tests/core/engine/train/golden_run.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/temp_dir.h"
#include "tests/support/test_device.h"

namespace lapidary::test {
namespace {

// tests/golden/finetune: absolute of losses and rates, relative of norms, as the reference's own noise allows.
constexpr double kLoss = 1e-5;
constexpr double kNorm = 2e-5;
constexpr double kRate = 1e-9;
constexpr double kElement = 1e-5;

double allowed(const nlohmann::json& entry, const char* noise) {
    return std::max(kElement, 5.0 * entry.at(noise).get<double>());
}

at::Tensor goldenPixels(const std::string& name) {
    static const auto file = valueOf(files::SafetensorsFile::open(goldenPath("finetune/pixels.safetensors")));
    const files::SafetensorsTensor& tensor = *file->find(name);
    const auto bytes = file->bytes(tensor);
    std::vector<float> values(bytes.size());
    std::transform(bytes.begin(), bytes.end(), values.begin(),
                   [](std::byte byte) { return (static_cast<float>(byte) - 127.5F) / 127.5F; });
    return at::from_blob(values.data(), tensor.shape, at::TensorOptions(at::kFloat)).clone();
}

}  // namespace

const nlohmann::json& goldenFinetune() {
    static const nlohmann::json golden = goldenJson("finetune/golden.json");
    return golden;
}

const nlohmann::json& goldenCase(const std::string& id) {
    for (const nlohmann::json& run : goldenFinetune().at("cases")) {
        if (run.at("id") == id) return run;
    }
    throw std::runtime_error("no case " + id);
}

train::MicroBatch goldenBatch(const std::vector<std::int64_t>& wanted, train::PaddingSide side) {
    std::vector<dataset::TrainingSample> samples;
    std::vector<at::Tensor> pixels;
    for (const std::int64_t index : wanted) {
        const nlohmann::json& stored = goldenFinetune().at("samples").at(static_cast<std::size_t>(index));
        dataset::TrainingSample sample;
        sample.id = "sample" + std::to_string(index);
        sample.ids = stored.at("input_ids").get<std::vector<std::int64_t>>();
        sample.labels = stored.at("labels").get<std::vector<std::int64_t>>();  // of the token itself: ours are of the next
        std::rotate(sample.labels.begin(), sample.labels.begin() + 1, sample.labels.end());
        sample.labels.back() = dataset::kNoLabel;
        samples.push_back(std::move(sample));
        pixels.push_back(goldenPixels(stored.at("pixel_tensor").get<std::string>()));
    }
    train::MicroBatch batch = train::collate(samples, {.side = side}, nullptr);
    batch.input.pixelValues = at::cat(pixels, 0);
    return batch;
}

model::LoadOptions goldenOptions(model::WeightStorage storage) {
    model::LoadOptions options = loadOptions(ops::Precision::Float32, storage);
    options.device = testDevice();
    return options;
}

std::shared_ptr<model::Gemma3VlModel> goldenStart(model::WeightStorage storage) {
    return loadOrThrow(openOrThrow(goldenPath("finetune/model")), goldenOptions(storage));
}

train::TrainerSettings goldenSettings(const nlohmann::json& run) {
    const nlohmann::json& given = run.at("optimizer");
    train::TrainerSettings settings;
    settings.optimizer.beta1 = given.at("betas")[0];
    settings.optimizer.beta2 = given.at("betas")[1];
    settings.optimizer.eps = given.at("eps");
    settings.optimizer.weightDecay = given.at("weight_decay");
    settings.schedule.maximum = given.at("lr");
    settings.schedule.warmupSteps = given.at("warmup");
    settings.schedule.decaySteps = given.at("steps");
    settings.maxGradNorm = given.at("max_grad_norm");
    return settings;
}

void expectGoldenSteps(train::Trainer& trainer, const nlohmann::json& run) {
    for (const nlohmann::json& step : run.at("steps")) {
        std::vector<train::MicroBatch> batches;
        for (const nlohmann::json& micro : step.at("micro_batches")) {
            batches.push_back(goldenBatch(micro.get<std::vector<std::int64_t>>()));
        }
        const train::StepReport report = valueOf(trainer.step(batches));
        const std::string where = "step " + std::to_string(report.step);
        ASSERT_FALSE(report.refusal) << where << " " << report.where;
        EXPECT_EQ(report.step, step.at("step").get<std::int64_t>());
        EXPECT_NEAR(report.loss, step.at("loss").get<double>(), kLoss) << where;
        EXPECT_NEAR(report.learningRate, step.at("lr").get<double>(), kRate) << where;
        EXPECT_EQ(report.targetTokens, step.at("target_tokens").get<std::int64_t>()) << where;
        const double norm = step.at("grad_norm").get<double>();
        EXPECT_NEAR(report.gradNorm / norm, 1.0, kNorm) << where;
        for (std::size_t i = 0; step.contains("micro_losses") && i < batches.size(); ++i) {
            EXPECT_NEAR(report.microLosses.at(i), step["micro_losses"][i].get<double>(), kLoss) << where;
        }
    }
}

void expectGoldenTensor(const at::Tensor& ours, const nlohmann::json& stored, const std::string& name) {
    nlohmann::json entry = stored;
    // The run of transformers' own Trainer was not repeated; the plain loop of the same settings was.
    if (!entry.contains("noise_sum")) {
        for (const auto& [key, value] : goldenCase("grad_accum").at("final_tensors").at(name).items()) {
            if (!entry.contains(key)) entry[key] = value;
        }
    }
    ASSERT_EQ(ours.sizes().vec(), entry.at("shape").get<std::vector<std::int64_t>>()) << name;
    // Softmax does not depend on them: their gradient is rounding noise that Adam blows up.
    if (entry.at("zero_gradient_in_exact_arithmetic").get<bool>()) return;
    const at::Tensor values = ours.detach().to(at::kCPU, at::kDouble).flatten();
    const double element = allowed(entry, "noise_max_abs");
    EXPECT_NEAR(values.sum().item<double>(), entry.at("sum").get<double>(), allowed(entry, "noise_sum")) << name;
    EXPECT_NEAR(values.square().sum().item<double>(), entry.at("sumsq").get<double>(), allowed(entry, "noise_sumsq")) << name;
    EXPECT_NEAR(values.abs().max().item<double>(), entry.at("absmax").get<double>(), element) << name;
    for (std::size_t i = 0; i < entry.at("first4").size(); ++i) {
        EXPECT_NEAR(values[static_cast<std::int64_t>(i)].item<double>(), entry["first4"][i].get<double>(), element) << name;
    }
}

}  // namespace lapidary::test
