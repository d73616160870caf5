// What only a GPU can show: the golden models and a seeded model of the 270M's shape on the device.  Prints NOT RUN, and ends with
// the code that ctest counts as not run, where the plug-in finds no device.
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/engine/ops/random.h"
#include "core/shared/config/released_sizes.h"
#include "tests/core/cuda/gpu_main.h"
#include "tests/core/engine/model/model_fixture.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

const at::Device kGpu(at::kCUDA, 0);

model::LoadOptions onGpu(ops::Precision precision) {
    model::LoadOptions options;
    options.device = kGpu;
    options.precision = precision;
    return options;
}

// The golden cases' logits on the GPU, against the reference's.
double goldenDifference(const std::string& name, ops::Precision precision) {
    const nlohmann::json golden = goldenJson("models/golden.json")["cases"][name];
    const auto checkpoint = openOrThrow(goldenPath("models/" + name));
    const auto model = loadOrThrow(checkpoint, onGpu(precision));
    model::ModelInput input;
    input.inputIds = integers(golden["input_ids"]);
    input.positionIds = integers(golden["position_ids"]);
    at::Tensor counts = at::ones_like(input.inputIds);  // rows of padding mean nothing in the reference either
    if (!golden["attention_mask"].is_null()) counts = input.attentionMask = integers(golden["attention_mask"]);
    if (golden.contains("pixel_bytes")) {
        const auto size = checkpoint.config.vision->imageSize;
        input.pixelValues = (tensorOf({{"shape", {-1, 3, size, size}}, {"data", golden["pixel_bytes"]}}) - 127.5) / 127.5;
    }
    const at::Tensor logits = valueOf(model->forward(input)).output.to(at::kCPU);
    return maxDifference(logits * counts.unsqueeze(-1), tensorOf(golden["logits"]) * counts.unsqueeze(-1));
}

// As on the CPU, with room for another order of summation.
TEST(Gpu, GoldenModelsInFloat32) {
    EXPECT_LT(goldenDifference("text_a", ops::Precision::Float32), 1e-4);
    EXPECT_LT(goldenDifference("vision", ops::Precision::Float32), 1e-4);
}

// bfloat16 keeps 8 bits: activations of order 10 through a few layers lose a few tenths.
TEST(Gpu, GoldenModelsInBfloat16) {
    EXPECT_LT(goldenDifference("text_a", ops::Precision::BFloat16), 0.5);
    EXPECT_LT(goldenDifference("vision", ops::Precision::BFloat16), 0.5);
}

// A whole forward and a cached one in chunks, of the 270M's shape, against the CPU.
TEST(Gpu, TrueShape270M) {
    const TempDir folder;
    const auto config = valueOf(config::releasedConfig("270m"));
    const auto checkpoint = randomCheckpoint(folder.path() / "model", config, 270);
    const auto ids = randomIds(700, config.text.vocabSize, 5);  // beyond the window of 512
    const auto onCpu = loadOrThrow(checkpoint);
    auto cpuCache = onCpu->makeCache(1, 1024);
    const at::Tensor expected = cachedLogits(*onCpu, cpuCache, ids);
    const auto model = loadOrThrow(checkpoint, onGpu(ops::Precision::Float32));
    auto cache = model->makeCache(1, 1024);
    const at::Tensor actual = cachedLogits(*model, cache, ids, {}, 128);
    const double scale = expected.abs().max().item<double>();
    EXPECT_LT(maxDifference(actual.to(at::kCPU), expected), 1e-4 * scale);
    const auto rounded = loadOrThrow(checkpoint, onGpu(ops::Precision::BFloat16));
    auto roundedCache = rounded->makeCache(1, 1024);
    EXPECT_LT(maxDifference(cachedLogits(*rounded, roundedCache, ids, {}, 128).to(at::kCPU), expected), 0.1 * scale);
}

// A resumed run, and one on another device, drops the same places.
TEST(Gpu, DropoutDropsWhatItDropsOnTheCpu) {
    const at::Tensor x = randomPixels(2, 37, 9);
    for (const double p : {0.1, 0.5}) {
        const at::Tensor here = ops::seededDropout(x, p, 0xFEDCBA9876543210U);
        const at::Tensor there = ops::seededDropout(x.to(kGpu), p, 0xFEDCBA9876543210U).to(at::kCPU);
        EXPECT_TRUE(here.equal(there)) << p;
        EXPECT_GT(maxDifference(here, x), 0.0);
    }
}

}  // namespace
}  // namespace lapidary::test

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    return lapidary::test::runTestsUnless(lapidary::test::whyNoGpu());
}
