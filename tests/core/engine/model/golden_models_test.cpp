// The tiny models that Hugging Face's own classes ran (tests/golden/models): every tensor within 2e-5 in float32.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/core/engine/model/model_fixture.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

// Absolute, float32 against float32 (specification 11.1); activations are of order 10, so this is about 20 units in the last place.
constexpr double kTolerance = 2e-5;

struct Golden {
    explicit Golden(const std::string& name)
        : json(goldenJson("models/golden.json")["cases"][name]),
          checkpoint(openOrThrow(goldenPath("models/" + name))),
          model(loadOrThrow(checkpoint)) {}

    model::ModelInput input() const {
        model::ModelInput made;
        made.inputIds = integers(json["input_ids"]);
        if (!json["attention_mask"].is_null()) made.attentionMask = integers(json["attention_mask"]);
        made.positionIds = integers(json["position_ids"]);
        if (json.contains("pixel_bytes")) made.pixelValues = pixels();
        return made;
    }
    at::Tensor pixels() const {
        const auto& vision = *checkpoint.config.vision;
        const nlohmann::json asTensor{{"shape", {-1, 3, vision.imageSize, vision.imageSize}}, {"data", json["pixel_bytes"]}};
        return (tensorOf(asTensor) - 127.5) / 127.5;
    }

    nlohmann::json json;
    checkpoint::Checkpoint checkpoint;
    std::shared_ptr<model::Gemma3VlModel> model;
};

// Rows of padding mean nothing in the reference either.
at::Tensor withoutPadding(const at::Tensor& values, const nlohmann::json& mask) {
    if (mask.is_null()) return values;
    return values * integers(mask).unsqueeze(-1);
}

void expectLogits(const std::string& name) {
    const Golden golden(name);
    const auto& mask = golden.json["attention_mask"];
    const at::Tensor logits = valueOf(golden.model->forward(golden.input())).output;
    EXPECT_LT(maxDifference(withoutPadding(logits, mask), withoutPadding(tensorOf(golden.json["logits"]), mask)), kTolerance);
}

// Through a cache, as inference runs it, with hidden states in transformers' numbering.
void expectStates(const std::string& name, std::int64_t chunk) {
    const Golden golden(name);
    const auto& mask = golden.json["attention_mask"];
    model::SequenceInput input;
    input.ids = integers(golden.json["input_ids"]);
    input.lastLogits = input.ids.size(1);
    input.hiddenStates = true;
    input.chunkTokens = chunk;
    if (golden.json.contains("pixel_bytes"))
        input.imageFeatures = valueOf(golden.model->getImageFeatures(golden.pixels())).features;
    model::KvCache cache = golden.model->makeCache(input.ids.size(0), 64);
    if (!mask.is_null()) {
        std::vector<std::int64_t> firstKeys;
        for (const auto& row : mask) firstKeys.push_back(std::find(row.begin(), row.end(), 1) - row.begin());
        cache.setFirstKeys(firstKeys);
    }
    const model::SequenceOutput output = valueOf(golden.model->forward(input, cache));
    const auto expect = [&](const at::Tensor& ours, const nlohmann::json& theirs, const std::string& what) {
        EXPECT_LT(maxDifference(withoutPadding(ours, mask), withoutPadding(tensorOf(theirs), mask)), kTolerance) << what;
    };
    const std::int64_t layers = golden.checkpoint.config.text.numHiddenLayers;
    ASSERT_EQ(static_cast<std::int64_t>(output.hiddenStates.size()), layers + 1);
    if (golden.json.contains("last_hidden_state")) {
        expect(output.hiddenStates.back(), golden.json["last_hidden_state"], "last hidden state");
    }
    if (golden.json.contains("embeddings")) expect(output.hiddenStates.front(), golden.json["embeddings"], "embeddings");
    for (const auto& state : golden.json.value("hidden_states_after_layer", nlohmann::json::array())) {
        const auto layer = state["layer"].get<std::int64_t>();
        // The last entry of the tuple is after the final norm; the raw last layer is checked through it.
        if (layer < layers)
            expect(output.hiddenStates[static_cast<std::size_t>(layer)], state, "layer " + std::to_string(layer));
    }
    expect(output.logits, golden.json["logits"], "logits");
}

TEST(GoldenModels, TextWithLinearRopeScaling) { expectLogits("text_a"); }
TEST(GoldenModels, TextBatchWithLeftPadding) { expectLogits("text_b"); }
TEST(GoldenModels, ThreeImagesInTwoSamples) { expectLogits("vision"); }

TEST(GoldenModels, HiddenStatesOfEveryLayer) {
    expectStates("text_a", 512);
    expectStates("text_b", 512);
}
TEST(GoldenModels, HiddenStatesInChunks) {
    expectStates("text_a", 3);
    expectStates("text_b", 2);
    expectStates("vision", 4);
}

TEST(GoldenModels, VisionStatesAndImageFeatures) {
    const Golden golden("vision");
    const model::ImageFeatures images =
        valueOf(golden.model->getImageFeatures(golden.pixels(), model::VisionOutputs::WithAttentions));
    EXPECT_LT(maxDifference(images.lastHiddenState, tensorOf(golden.json["vision_last_hidden_state"])), kTolerance);
    EXPECT_LT(maxDifference(images.features, tensorOf(golden.json["image_features"])), kTolerance);
    const model::ImageFeatures plain = valueOf(golden.model->getImageFeatures(golden.pixels()));
    EXPECT_LT(maxDifference(plain.features, tensorOf(golden.json["image_features"])), kTolerance);
}

TEST(GoldenModels, MasksOfBothLayerTypes) {
    for (const std::string name : {"text_a", "text_b", "vision"}) {
        const Golden golden(name);
        const at::Tensor ids = integers(golden.json["input_ids"]);
        const at::Tensor padding =
            golden.json["attention_mask"].is_null() ? at::Tensor() : integers(golden.json["attention_mask"]);
        for (const auto& [key, type] : {std::pair{"sliding_mask", config::LayerType::SlidingAttention},
                                        std::pair{"full_mask", config::LayerType::FullAttention}}) {
            if (!golden.json.contains(key)) continue;
            const at::Tensor mask = valueOf(golden.model->visibleKeysMask(ids, padding, type)).to(at::kLong);
            for (std::int64_t row = 0; row < ids.size(0); ++row) {
                EXPECT_TRUE(mask[row][0].equal(integers(golden.json[key][static_cast<std::size_t>(row)][0])))
                    << name << " " << key << " " << row;
            }
        }
    }
}

}  // namespace
}  // namespace lapidary::test
