// The attention set (tests/golden/attention): eager weights of every layer and head for a prompt with two pictures.
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/data/files/safetensors_file.h"
#include "tests/core/engine/model/model_fixture.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

constexpr double kWeightTolerance = 1e-5;
constexpr double kLogitTolerance = 5e-5;

at::Tensor fileTensor(const files::SafetensorsFile& file, const std::string& name, at::ScalarType type) {
    const files::SafetensorsTensor* const tensor = file.find(name);
    if (tensor == nullptr) throw std::runtime_error("missing tensor " + name);
    return at::from_blob(const_cast<std::byte*>(file.bytes(*tensor).data()), tensor->shape, at::TensorOptions(type)).clone();
}

struct AttentionSet : testing::Test {
    AttentionSet() {
        const auto pixelFile = valueOf(files::SafetensorsFile::open(goldenPath("attention/pixels.safetensors")));
        pixels = (fileTensor(*pixelFile, "pixel_values_u8", at::kByte).to(at::kFloat) - 127.5) / 127.5;
    }

    model::SequenceOutput run(bool attentions) {
        model::SequenceInput input;
        input.ids = integers(json["input_ids"]);
        input.lastLogits = input.ids.size(1);
        input.attentions = attentions;
        input.imageFeatures = valueOf(model->getImageFeatures(pixels)).features;
        model::KvCache cache = model->makeCache();
        return valueOf(model->forward(input, cache));
    }

    nlohmann::json json = goldenJson("attention/golden.json");
    checkpoint::Checkpoint checkpoint = openOrThrow(goldenPath("attention"));
    std::shared_ptr<model::Gemma3VlModel> model = loadOrThrow(checkpoint);
    std::shared_ptr<const files::SafetensorsFile> weights =
        valueOf(files::SafetensorsFile::open(goldenPath("attention/attentions.safetensors")));
    at::Tensor pixels;
};

TEST_F(AttentionSet, Logits) {
    EXPECT_LT(maxDifference(run(false).logits, tensorOf(json["logits"])), kLogitTolerance);
    EXPECT_LT(maxDifference(run(true).logits, tensorOf(json["logits"])), kLogitTolerance);
}

TEST_F(AttentionSet, WeightsOfEveryLayerAndExactZerosOutsideTheMask) {
    const model::SequenceOutput output = run(true);
    ASSERT_EQ(static_cast<std::int64_t>(output.attentions.size()), checkpoint.config.text.numHiddenLayers);
    for (std::size_t layer = 0; layer < output.attentions.size(); ++layer) {
        const at::Tensor ours = output.attentions[layer].squeeze(0);
        EXPECT_LT(maxDifference(ours, fileTensor(*weights, "attentions." + std::to_string(layer), at::kFloat)),
                  kWeightTolerance);
        const bool full = checkpoint.config.text.layerTypes[layer] == config::LayerType::FullAttention;
        const at::Tensor mask = integers(json[full ? "full_mask" : "sliding_mask"][0]).to(at::kBool).unsqueeze(0);
        EXPECT_EQ(ours.masked_select(mask.logical_not()).ne(0).sum().item<std::int64_t>(), 0) << layer;
        EXPECT_EQ(ours.masked_select(mask).le(0).sum().item<std::int64_t>(), 0) << layer;
        EXPECT_LT((ours.sum(-1) - 1.0).abs().max().item<double>(), 1e-5) << layer;
    }
}

TEST_F(AttentionSet, WeightsOfTheVisionTower) {
    const model::ImageFeatures images = valueOf(model->getImageFeatures(pixels, model::VisionOutputs::WithAttentions));
    for (std::size_t layer = 0; layer < images.attentions.size(); ++layer) {
        const at::Tensor first = images.attentions[layer][0];
        EXPECT_LT(maxDifference(first, fileTensor(*weights, "vision_attentions." + std::to_string(layer), at::kFloat)),
                  kWeightTolerance);
    }
    EXPECT_EQ(static_cast<std::int64_t>(images.attentions.size()), checkpoint.config.vision->numHiddenLayers);
}

TEST_F(AttentionSet, MasksEqualTheReferences) {
    const at::Tensor ids = integers(json["input_ids"]);
    // Without image tokens in sight the rule is purely causal: what the reference does without token types.
    const at::Tensor textOnly = ids.masked_fill(ids.eq(checkpoint.config.imageTokenIndex), 9);
    for (const auto& [name, type] : {std::pair{"full_mask", config::LayerType::FullAttention},
                                     std::pair{"sliding_mask", config::LayerType::SlidingAttention}}) {
        const auto mask = [&](const at::Tensor& of) {
            return valueOf(model->visibleKeysMask(of, {}, type)).to(at::kLong)[0][0];
        };
        EXPECT_TRUE(mask(ids).equal(integers(json[name][0]))) << name;
        EXPECT_TRUE(mask(textOnly).equal(integers(json[std::string(name) + "_without_token_type_ids"][0]))) << name;
    }
}

// Chat turns: the second picture arrives behind a cache that holds the first.
TEST_F(AttentionSet, TwoTurnsEqualOne) {
    const at::Tensor whole = run(false).logits;
    const at::Tensor ids = integers(json["input_ids"]);
    const at::Tensor features = valueOf(model->getImageFeatures(pixels)).features;
    model::KvCache cache = model->makeCache();
    std::vector<at::Tensor> parts;
    const std::int64_t cut = 25;  // between the pictures
    for (const std::int64_t begin : {std::int64_t{0}, cut}) {
        model::SequenceInput input;
        input.ids = begin == 0 ? ids.narrow(1, 0, cut) : ids.narrow(1, cut, ids.size(1) - cut);
        input.lastLogits = input.ids.size(1);
        input.imageFeatures = features.narrow(0, begin == 0 ? 0 : 1, 1);
        parts.push_back(valueOf(model->forward(input, cache)).logits);
    }
    EXPECT_LT(maxDifference(parts[0], whole.narrow(1, 0, cut)), kLogitTolerance);
    EXPECT_LT(maxDifference(parts[1], whole.narrow(1, cut, ids.size(1) - cut)), kLogitTolerance);
}

}  // namespace
}  // namespace lapidary::test
