// Seeded properties: the same tokens give the same numbers however they are cut, batched, stored, named or staged.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/core/engine/model/model_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

// Two orders of float32 summation over a few dozen terms and six layers; logits are of order one to ten.
constexpr double kSame = 2e-5;
constexpr std::int64_t kImage = 262, kBegin = 260, kEnd = 261, kSoftTokens = 4;
constexpr std::int64_t kTextVocabulary = 259;

struct Properties : testing::TestWithParam<std::uint64_t> {
    TempDir folder;
    checkpoint::Checkpoint text = randomCheckpoint(folder.path() / "text", tinyTextConfig(), GetParam());
    checkpoint::Checkpoint vision = randomCheckpoint(folder.path() / "vision", tinyVisionConfig(), GetParam());
};

// Text with `images` pictures in it.
std::vector<std::int64_t> idsWithImages(std::int64_t textTokens, std::int64_t images, std::uint64_t seed) {
    std::vector<std::int64_t> ids;
    for (std::int64_t part = 0; part <= images; ++part) {
        const auto words = randomIds(textTokens, kTextVocabulary, seed + static_cast<std::uint64_t>(part));
        ids.insert(ids.end(), words.begin(), words.end());
        if (part == images) break;
        ids.push_back(kBegin);
        ids.insert(ids.end(), kSoftTokens, kImage);
        ids.push_back(kEnd);
    }
    return ids;
}

TEST_P(Properties, CachedEqualsUncached) {
    const auto model = loadOrThrow(text);
    const auto ids = randomIds(30, kTextVocabulary, GetParam());  // almost four windows
    const at::Tensor whole = wholeLogits(*model, ids);
    model::KvCache cache = model->makeCache();
    std::vector<at::Tensor> parts{cachedLogits(*model, cache, {ids.begin(), ids.begin() + 5})};
    for (std::size_t i = 5; i < ids.size(); ++i) parts.push_back(cachedLogits(*model, cache, {ids[i]}));
    EXPECT_LT(maxDifference(at::cat(parts, 0), whole), kSame);
    EXPECT_EQ(cache.length(), 30);
}

TEST_P(Properties, ChunkedPrefillEqualsWhole) {
    const auto model = loadOrThrow(vision);
    const auto ids = idsWithImages(9, 3, GetParam());
    const at::Tensor pixels = randomPixels(3, 56, GetParam());
    const at::Tensor features = valueOf(model->getImageFeatures(pixels)).features;
    const at::Tensor whole = wholeLogits(*model, ids, pixels);
    for (const std::int64_t chunk : {1, 2, 3, 5, 7, 512}) {
        model::KvCache cache = model->makeCache();
        EXPECT_LT(maxDifference(cachedLogits(*model, cache, ids, features, chunk), whole), kSame) << "chunks of " << chunk;
    }
}

TEST_P(Properties, LastLogitsAreTheEndOfAll) {
    const auto model = loadOrThrow(text);
    const auto ids = randomIds(12, kTextVocabulary, GetParam());
    model::KvCache all = model->makeCache();
    const at::Tensor every = cachedLogits(*model, all, ids);
    for (const std::int64_t last : {0, 1, 5, 12, 99}) {
        model::KvCache cache = model->makeCache();
        model::SequenceInput input;
        input.ids = idRows({ids});
        input.lastLogits = last;
        input.chunkTokens = 4;
        const at::Tensor logits = valueOf(model->forward(input, cache)).logits;
        if (last == 0) {
            EXPECT_FALSE(logits.defined());
            continue;
        }
        const std::int64_t count = std::min<std::int64_t>(last, 12);
        EXPECT_LT(maxDifference(logits[0], every.narrow(0, 12 - count, count)), kSame) << last;
    }
}

TEST_P(Properties, BatchEqualsSingles) {
    const auto model = loadOrThrow(vision);
    const std::vector<std::vector<std::int64_t>> prompts{
        idsWithImages(6, 1, GetParam()), randomIds(5, kTextVocabulary, GetParam() + 9), idsWithImages(5, 2, GetParam() + 3)};
    const at::Tensor pixels = randomPixels(3, 56, GetParam());
    const at::Tensor features = valueOf(model->getImageFeatures(pixels)).features;
    const std::vector<std::pair<std::int64_t, std::int64_t>> views{{0, 1}, {1, 0}, {1, 2}};
    std::size_t longest = 0;
    for (const auto& prompt : prompts) longest = std::max(longest, prompt.size());
    std::vector<std::vector<std::int64_t>> rows;
    std::vector<std::int64_t> firstKeys;
    for (const auto& prompt : prompts) {
        firstKeys.push_back(static_cast<std::int64_t>(longest - prompt.size()));
        rows.emplace_back(longest - prompt.size(), 0);
        rows.back().insert(rows.back().end(), prompt.begin(), prompt.end());
    }
    for (const std::int64_t chunk : {4, 512}) {
        model::KvCache cache = model->makeCache(3);
        cache.setFirstKeys(firstKeys);
        model::SequenceInput input;
        input.ids = idRows(rows);
        input.imageFeatures = features;
        input.lastLogits = 2;
        input.chunkTokens = chunk;
        const at::Tensor batch = valueOf(model->forward(input, cache)).logits;
        input.ids = idRows({{7}, {8}, {9}});  // and one step more, each its own token
        input.imageFeatures = at::Tensor();
        const at::Tensor step = valueOf(model->forward(input, cache)).logits;
        for (std::size_t row = 0; row < prompts.size(); ++row) {
            model::KvCache alone = model->makeCache();
            const auto [first, count] = views[row];
            const at::Tensor mine = count > 0 ? features.narrow(0, first, count) : at::Tensor();
            const at::Tensor single = cachedLogits(*model, alone, prompts[row], mine);
            const auto index = static_cast<std::int64_t>(row);
            EXPECT_LT(maxDifference(batch[index], single.narrow(0, single.size(0) - 2, 2)), kSame) << row;
            EXPECT_LT(maxDifference(step[index], cachedLogits(*model, alone, {7 + index})), kSame) << row;
        }
    }
}

TEST_P(Properties, RightPaddingChangesNothing) {
    const auto model = loadOrThrow(text);
    const auto ids = randomIds(11, kTextVocabulary, GetParam());
    const at::Tensor alone = wholeLogits(*model, ids);
    model::ModelInput input;
    std::vector<std::int64_t> padded = ids, mask(ids.size(), 1);
    padded.insert(padded.end(), 4, 0);
    mask.insert(mask.end(), 4, 0);
    input.inputIds = idRows({padded});
    input.attentionMask = idRows({mask});
    EXPECT_LT(maxDifference(valueOf(model->forward(input)).output[0].narrow(0, 0, 11), alone), kSame);
    mask[4] = 0;
    input.attentionMask = idRows({mask});
    EXPECT_EQ(model->forward(input).error().code, ErrorCode::InvalidData);
}

// Specification 3.4: positions that start again are another sequence.
TEST_P(Properties, PackedSequencesDoNotSeeEachOther) {
    const auto model = loadOrThrow(text);
    const auto a = randomIds(10, kTextVocabulary, GetParam()), b = randomIds(7, kTextVocabulary, GetParam() + 1);
    model::ModelInput input;
    std::vector<std::int64_t> ids = a, positions;
    ids.insert(ids.end(), b.begin(), b.end());
    for (std::int64_t i = 0; i < 17; ++i) positions.push_back(i < 10 ? i : i - 10);
    input.inputIds = idRows({ids});
    input.positionIds = idRows({positions});
    const at::Tensor packed = valueOf(model->forward(input)).output[0];
    EXPECT_LT(maxDifference(packed.narrow(0, 0, 10), wholeLogits(*model, a)), kSame);
    EXPECT_LT(maxDifference(packed.narrow(0, 10, 7), wholeLogits(*model, b)), kSame);
}

TEST_P(Properties, TwoStagesEqualTheWhole) {
    const auto whole = loadOrThrow(vision);
    model::LoadOptions first, second;
    first.part = {.layerBegin = 0, .layerEnd = 4, .preProcess = true, .postProcess = false, .vpStage = 0};
    second.part = {.layerBegin = 4, .layerEnd = -1, .preProcess = false, .postProcess = true, .vpStage = 1};
    const auto lower = loadOrThrow(vision, first), upper = loadOrThrow(vision, second);
    const auto ids = idsWithImages(7, 2, GetParam());
    const at::Tensor pixels = randomPixels(2, 56, GetParam());
    model::ModelInput input;
    input.inputIds = idRows({ids});
    input.pixelValues = pixels;
    EXPECT_EQ(upper->forward(input).error().code, ErrorCode::Usage);
    upper->setInputTensor(valueOf(lower->forward(input)).output);
    EXPECT_LT(maxDifference(valueOf(upper->forward(input)).output[0], wholeLogits(*whole, ids, pixels)), kSame);
    EXPECT_EQ(upper->forward(input).error().code, ErrorCode::Usage) << "the tensor serves one forward";
    std::size_t parameters = 0, parts = 0;
    const auto count = [](std::size_t& into) { return [&into](const std::string&, ops::Weight&) { ++into; }; };
    whole->visitParameters(count(parameters));
    lower->visitParameters(count(parts));
    upper->visitParameters(count(parts));
    EXPECT_EQ(parts, parameters + 1) << "the tied embedding is on both";
}

TEST_P(Properties, EmbeddingsMayBeGivenInsteadOfIds) {
    const auto model = loadOrThrow(vision);
    const auto ids = idsWithImages(5, 1, GetParam());
    const at::Tensor pixels = randomPixels(1, 56, GetParam());
    model::KvCache cache = model->makeCache();
    model::SequenceInput plain;
    plain.ids = idRows({ids});
    plain.hiddenStates = true;
    plain.imageFeatures = valueOf(model->getImageFeatures(pixels)).features;
    model::ModelInput input;
    input.inputsEmbeds = valueOf(model->forward(plain, cache)).hiddenStates.front();
    input.inputIds = idRows({ids});
    EXPECT_LT(maxDifference(valueOf(model->forward(input)).output[0], wholeLogits(*model, ids, pixels)), kSame);
}

TEST_P(Properties, NamingsAndShardsGiveTheSameLogits) {
    const auto ids = idsWithImages(5, 1, GetParam());
    const at::Tensor pixels = randomPixels(1, 56, GetParam());
    const at::Tensor expected = wholeLogits(*loadOrThrow(vision), ids, pixels);
    int made = 0;
    const auto expectSame = [&](const BuildOptions& options) {
        const auto path = folder.path() / std::to_string(made++);
        buildCheckpoint(path, tinyVisionConfig(), options);
        EXPECT_EQ(maxDifference(wholeLogits(*loadOrThrow(openOrThrow(path)), ids, pixels), expected), 0.0) << made;
    };
    for (const Naming naming : {Naming::StateDict452, Naming::StateDict56, Naming::HubFlatVision, Naming::BaseModel}) {
        BuildOptions options;
        options.naming = naming;
        options.seed = GetParam();
        expectSame(options);
    }
    BuildOptions sharded;
    sharded.shards = 3;
    sharded.seed = GetParam();
    expectSame(sharded);
}

// Specification 1.3: the same model written as in 2025-03, as in 4.54, as in v5, and as the hybrids.
TEST_P(Properties, ConfigStylesGiveTheSameLogits) {
    const config::TextConfig& c = text.config.text;
    const auto ids = randomIds(20, kTextVocabulary, GetParam());
    const at::Tensor expected = wholeLogits(*loadOrThrow(text), ids);
    nlohmann::json sizes{{"model_type", "gemma3_text"},
                         {"vocab_size", c.vocabSize},
                         {"hidden_size", c.hiddenSize},
                         {"intermediate_size", c.intermediateSize},
                         {"num_hidden_layers", c.numHiddenLayers},
                         {"num_attention_heads", c.numAttentionHeads},
                         {"num_key_value_heads", c.numKeyValueHeads},
                         {"head_dim", c.headDim},
                         {"query_pre_attn_scalar", c.queryPreAttnScalar},
                         {"sliding_window", c.slidingWindow},
                         {"max_position_embeddings", c.maxPositionEmbeddings}};
    std::vector<std::string> layerTypes;
    for (const config::LayerType type : c.layerTypes) {
        layerTypes.emplace_back(type == config::LayerType::FullAttention ? "full_attention" : "sliding_attention");
    }
    const nlohmann::json scaling =
        c.fullRope.factor == 1.0 ? nlohmann::json() : nlohmann::json{{"rope_type", "linear"}, {"factor", c.fullRope.factor}};
    nlohmann::json full = scaling.is_null() ? nlohmann::json{{"rope_type", "default"}} : scaling,
                   sliding{{"rope_type", "default"}};
    const nlohmann::json hybridParameters{{"full_attention", full}, {"sliding_attention", sliding}};
    full["rope_theta"] = c.fullRope.theta;
    sliding["rope_theta"] = c.slidingRope.theta;
    const nlohmann::json flatRope{{"rope_theta", c.fullRope.theta}, {"rope_local_base_freq", c.slidingRope.theta}};
    std::vector<nlohmann::json> styles(4, sizes);
    styles[0].update(flatRope);  // old flat keys, layers by their period
    styles[0].update({{"rope_scaling", scaling}, {"sliding_window_pattern", 6}});
    styles[1].update(flatRope);  // layer_types win over the period with an underscore
    styles[1].update({{"rope_scaling", scaling}, {"layer_types", layerTypes}, {"_sliding_window_pattern", 5}});
    styles[2].update(
        {{"rope_parameters", {{"full_attention", full}, {"sliding_attention", sliding}}}, {"layer_types", layerTypes}});
    styles[3].update(flatRope);  // thetas outside, the rest inside
    styles[3].update({{"rope_parameters", hybridParameters}, {"layer_types", layerTypes}});
    for (const nlohmann::json& style : styles) {
        folder.write("text/config.json", style.dump());
        EXPECT_EQ(maxDifference(wholeLogits(*loadOrThrow(openOrThrow(folder.path() / "text")), ids), expected), 0.0)
            << style.dump();
    }
}

TEST_P(Properties, QuantisedWeightsEqualTheirDequantisedValues) {
    const auto ids = randomIds(20, kTextVocabulary, GetParam());
    for (const auto format : {kernels::BlockFormat::Q8_0, kernels::BlockFormat::Q4_0, kernels::BlockFormat::Int8Row}) {
        model::LoadOptions options;
        options.quantize = format;
        const auto stored = loadOrThrow(text, options);
        // The same numbers as plain float32 tensors take the other path through every operation.
        const auto plain = loadOrThrow(text, loadOptions(ops::Precision::Float32, model::WeightStorage::Trainable));
        std::map<std::string, at::Tensor> values;
        std::size_t quantised = 0;
        stored->visitParameters([&](const std::string& name, ops::Weight& weight) {
            values[name] = weight.materialize(at::kFloat, at::kCPU);
            quantised += weight.format() == format ? 1 : 0;
        });
        plain->visitParameters(
            [&](const std::string& name, ops::Weight& weight) { weight.tensor().detach().copy_(values.at(name)); });
        EXPECT_GT(quantised, 30U);
        EXPECT_LT(maxDifference(wholeLogits(*stored, ids), wholeLogits(*plain, ids).detach()), kSame)
            << kernels::formatName(format);
    }
}

// bfloat16 keeps 8 bits: each of about ten roundings a layer moves a value by at most 2^-9 of itself, and six layers of them add up
// like a random walk; logits here stay below 10.
TEST_P(Properties, Bfloat16StaysWithinItsRounding) {
    const auto ids = idsWithImages(6, 1, GetParam());
    const at::Tensor pixels = randomPixels(1, 56, GetParam());
    const at::Tensor exact = wholeLogits(*loadOrThrow(vision), ids, pixels);
    const auto narrow = loadOrThrow(vision, loadOptions(ops::Precision::BFloat16));
    const at::Tensor rounded = wholeLogits(*narrow, ids, pixels);
    EXPECT_EQ(rounded.scalar_type(), at::kBFloat16);
    const double scale = exact.abs().max().item<double>();
    const double tolerance = scale * std::sqrt(6.0 * 10.0) * 2.0 / 512.0;
    EXPECT_LT(maxDifference(rounded, exact), tolerance);
    EXPECT_GT(maxDifference(rounded, exact), 0.0);
    model::KvCache cache = narrow->makeCache();
    EXPECT_EQ(cache.rows(), 1);
    const at::Tensor features = valueOf(narrow->getImageFeatures(pixels)).features;
    EXPECT_LT(maxDifference(cachedLogits(*narrow, cache, ids, features, 4), rounded.to(at::kFloat)), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Properties, testing::Values(1, 2, 3));

}  // namespace
}  // namespace lapidary::test
