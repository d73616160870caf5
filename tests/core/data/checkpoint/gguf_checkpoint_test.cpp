#include "core/data/checkpoint/gguf_checkpoint.h"

#include <gtest/gtest.h>

#include "core/data/checkpoint/gguf_config.h"
#include "core/data/checkpoint/gguf_names.h"
#include "core/shared/config/released_sizes.h"
#include "core/shared/plan/parameter_table.h"
#include "tests/core/data/checkpoint/checkpoint_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"

namespace lapidary::checkpoint {
namespace {

using kernels::BlockFormat;
using test::GgufBytes;

// The seeded tensors of a configuration, whatever file they were written to.
Values expectedValues(const config::Gemma3Config& config) {
    Values values;
    for (const plan::Parameter& parameter : plan::parameterTable(config)) {
        values[parameter.name] = {parameter.shape, test::seededValues(parameter, 1)};
    }
    return values;
}

// 1 + w was rounded to float32 in the file, so w comes back within half a unit in the last place of 1 + w.
void expectSame(const Values& found, const Values& expected, float tolerance = 0.0F) {
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [name, tensor] : expected) {
        ASSERT_TRUE(found.contains(name)) << name;
        ASSERT_EQ(found.at(name).first, tensor.first) << name;
        const float allowed = isStoredPlusOne(name) ? 6e-8F : tolerance;
        for (std::size_t i = 0; i < tensor.second.size(); ++i)
            ASSERT_NEAR(found.at(name).second[i], tensor.second[i], allowed) << name << " " << i;
    }
}

TEST(GgufCheckpoint, TextModelGivesConfigTensorsAndVocabulary) {
    const test::TempDir folder;
    const config::Gemma3Config config = test::tinyTextConfig();
    test::writeTextGguf(folder.path() / "m.gguf", config);
    const Checkpoint checkpoint = opened(folder.path() / "m.gguf");
    EXPECT_TRUE(checkpoint.warnings.empty()) << checkpoint.warnings.front();
    EXPECT_EQ(checkpoint.kind, CheckpointKind::Gguf);
    EXPECT_TRUE(checkpoint.config.text == config.text);
    EXPECT_FALSE(checkpoint.config.isVisionLanguage());
    EXPECT_FALSE(checkpoint.untiedHead);
    expectSame(valuesOf(*checkpoint.tensors), expectedValues(config));
    ASSERT_NE(checkpoint.tokenizer.gguf, nullptr);
    EXPECT_EQ(checkpoint.tokenizer.gguf->pieces.size(), 264U);
    EXPECT_EQ(checkpoint.tokenizer.gguf->pieces[2], "<bos>");
    EXPECT_EQ(checkpoint.tokenizer.gguf->types[4], 6);
    EXPECT_EQ(checkpoint.tokenizer.gguf->eosId, 1);
}

TEST(GgufCheckpoint, MatricesStayQuantisedAndMapped) {
    const test::TempDir folder;
    config::Gemma3Config config = test::tinyTextConfig();
    config.text.intermediateSize = 40;  // no multiple of 32: down_proj falls back to F16
    for (const BlockFormat format : {BlockFormat::Q8_0, BlockFormat::Q4_0, BlockFormat::F16, BlockFormat::BF16}) {
        test::GgufModelOptions options;
        options.matrices = format;
        test::writeTextGguf(folder.path() / "m.gguf", config, options);
        const Checkpoint checkpoint = opened(folder.path() / "m.gguf");
        const auto query = checkpoint.tensors->tensor("model.layers.0.self_attn.q_proj.weight");
        const auto down = checkpoint.tensors->tensor("model.layers.0.mlp.down_proj.weight");
        const auto norm = checkpoint.tensors->tensor("model.layers.0.self_attn.q_norm.weight");
        ASSERT_TRUE(query && down && norm);
        EXPECT_EQ(query->format, format);
        EXPECT_EQ(down->format, format == BlockFormat::BF16 ? BlockFormat::BF16 : BlockFormat::F16);
        EXPECT_EQ(norm->format, BlockFormat::F32);
        // Uniform values of at most sqrt(3)/sqrt(32) = 0.31: half a step of four bits is 0.31 / 16, rounded up.
        expectSame(valuesOf(*checkpoint.tensors), expectedValues(config), format == BlockFormat::Q4_0 ? 0.04F : 0.002F);
    }
}

TEST(GgufCheckpoint, MmprojAddsTheTowerInBothNamingsOfItsFeedForward) {
    const test::TempDir folder;
    config::Gemma3Config config = test::tinyVisionConfig();
    test::writeTextGguf(folder.path() / "m.gguf", config);
    for (const bool swapped : {false, true}) {
        test::GgufModelOptions options;
        options.swappedFeedForward = swapped;
        test::writeMmprojGguf(folder.path() / "mmproj.gguf", config, options);
        const Checkpoint checkpoint = opened(folder.path() / "m.gguf", {folder.path() / "mmproj.gguf"});
        EXPECT_TRUE(checkpoint.config == [&] {
            auto same = config;
            same.dtype = "bfloat16";
            return same;
        }());
        expectSame(valuesOf(*checkpoint.tensors), expectedValues(config));
        ASSERT_TRUE(checkpoint.imageProcessor);
        EXPECT_EQ(checkpoint.imageProcessor->height, 56);
        EXPECT_EQ(checkpoint.imageProcessor->imageSequenceLength, 4);
    }
    // A folder with one model and one mmproj needs no option.
    const Checkpoint byFolder = opened(folder.path());
    EXPECT_TRUE(byFolder.config.isVisionLanguage());
    expectWarns(byFolder, {"vision part is taken from mmproj.gguf"});
    EXPECT_FALSE(opened(folder.path() / "m.gguf").config.isVisionLanguage());
    test::writeTextGguf(folder.path() / "second.gguf", config);
    expectRefused(folder.path(), ErrorCode::Usage, {"several GGUF models", "m.gguf, second.gguf"});
}

TEST(GgufCheckpoint, FilesThatDoNotBelongTogether) {
    const test::TempDir folder;
    config::Gemma3Config config = test::tinyVisionConfig();
    const auto model = folder.path() / "m.gguf";
    const auto mmproj = folder.path() / "mmproj.gguf";
    test::writeTextGguf(model, config);
    config.text.hiddenSize = 64;
    test::writeMmprojGguf(mmproj, config);
    expectRefused(model, ErrorCode::InvalidData, {"mmproj", "width of 64", "32"}, {mmproj});
    expectRefused(mmproj, ErrorCode::Unsupported, {"vision part (mmproj)", "--mmproj"});
    expectRefused(model, ErrorCode::Unsupported, {"expected 'clip', found 'gemma3'"}, {model});
    test::buildCheckpoint(folder.path() / "hf", test::tinyTextConfig());
    expectRefused(folder.path() / "hf", ErrorCode::Usage, {"--mmproj goes with a GGUF"}, {mmproj});
}

// A text file without tensors but the embedding, for what the metadata alone decides.
Result<config::Gemma3Config> configOf(const GgufBytes& writer, const GgufBytes* mmproj = nullptr) {
    const std::string bytes = writer.finish();
    const auto file = files::GgufFile::parse(std::as_bytes(std::span(bytes)), nullptr, "text.gguf");
    if (!file) return file.error();
    if (mmproj == nullptr) return readGgufConfig(**file, nullptr, 1000, nullptr);
    const std::string visionBytes = mmproj->finish();
    const auto vision = files::GgufFile::parse(std::as_bytes(std::span(visionBytes)), nullptr, "mmproj.gguf");
    if (!vision) return vision.error();
    return readGgufConfig(**file, vision->get(), 1000, nullptr);
}

TEST(GgufConfig, ReleasedSizesComeBackFromTheirMetadata) {
    for (const std::string& size : config::releasedSizes()) {
        config::Gemma3Config wanted = *config::releasedConfig(size);
        GgufBytes text;
        test::addTextMetadata(text, wanted);
        GgufBytes mmproj;
        if (wanted.vision) test::addMmprojMetadata(mmproj, wanted);
        const auto config = configOf(text, wanted.vision ? &mmproj : nullptr);
        ASSERT_TRUE(config) << config.error().toString();
        wanted.text.vocabSize = 1000;
        wanted.text.eosTokenIds = {1};  // no chat template in this file
        EXPECT_TRUE(*config == wanted) << size;
        EXPECT_EQ(config->text.queryPreAttnScalar, size == "27b" ? 168.0 : 256.0);  // 27B: hidden / heads, not head_dim
        EXPECT_EQ(config->mmTokensPerImage, 256);
    }
}

TEST(GgufConfig, OptionalKeys) {
    const auto with = [](const std::function<void(GgufBytes&)>& add) {
        GgufBytes file;
        test::addTextMetadata(file, test::tinyTextConfig());
        add(file);
        return configOf(file);
    };
    EXPECT_EQ(with([](GgufBytes&) {})->text.slidingRope.theta, 1e4);
    EXPECT_EQ(with([](GgufBytes& file) { file.addF32("gemma3.rope.freq_base_swa", 5e3F); })->text.slidingRope.theta, 5e3);
    const auto every2 = with([](GgufBytes& file) { file.addU32("gemma3.attention.sliding_window_pattern", 2); });
    EXPECT_EQ(every2->text.layerTypes[1], config::LayerType::FullAttention);
    EXPECT_EQ(every2->text.layerTypes[4], config::LayerType::SlidingAttention);
    const std::string flags = std::string("\7\0\0\0\6\0\0\0\0\0\0\0", 12) + std::string("\0\1\1\1\1\1", 6);
    EXPECT_EQ(with([&](GgufBytes& file) {
                  file.addRawValue("gemma3.attention.sliding_window_pattern", 9, flags);
              })->text.layerTypes[0],
              config::LayerType::FullAttention);
    EXPECT_EQ(with([](GgufBytes& file) { file.addF32("gemma3.final_logit_softcapping", 30.0F); })->text.finalLogitSoftcapping,
              30.0);
    EXPECT_EQ(with([](GgufBytes&) {})->text.rmsNormEps, 1e-6);  // not 9.99999997e-07
    EXPECT_FALSE(with([](GgufBytes& file) { file.addString("gemma3.rope.scaling.type", "yarn"); }));
    EXPECT_FALSE(with([](GgufBytes& file) { file.addU32("gemma3.attention.sliding_window_pattern", 0); }));
    EXPECT_FALSE(with([](GgufBytes& file) { file.addU32("split.count", 3); }));
}

// End tokens: instruction-tuned models stop on <end_of_turn> as well, and are known by their template.
TEST(GgufConfig, EndTokensFollowTheTemplate) {
    text::GgufVocabulary vocabulary;
    vocabulary.pieces = {"<pad>", "<eos>", "<bos>", "<unk>", "x", "<end_of_turn>"};
    vocabulary.eosId = 1;
    const auto endTokens = [&](bool isTuned) {
        GgufBytes writer;
        test::addTextMetadata(writer, test::tinyTextConfig());
        if (isTuned) writer.addString("tokenizer.chat_template", "{{ messages }}");
        const std::string bytes = writer.finish();
        const auto file = files::GgufFile::parse(std::as_bytes(std::span(bytes)), nullptr, "text.gguf");
        return readGgufConfig(**file, nullptr, 1000, &vocabulary)->text.eosTokenIds;
    };
    EXPECT_EQ(endTokens(false), (std::vector<std::int64_t>{1}));
    EXPECT_EQ(endTokens(true), (std::vector<std::int64_t>{1, 5}));
    vocabulary.eosId = 5;
    EXPECT_EQ(endTokens(false), (std::vector<std::int64_t>{1, 5}));
}

TEST(GgufConfig, MissingAndImpossibleKeysAreNamed) {
    GgufBytes other;
    other.addString("general.architecture", "llama");
    const auto foreign = configOf(other);
    ASSERT_FALSE(foreign);
    expectSays(foreign.error().toString(), {"text.gguf", "general.architecture", "'llama'"});
    GgufBytes bare;
    bare.addString("general.architecture", "gemma3");
    const auto missing = configOf(bare);
    ASSERT_FALSE(missing);
    expectSays(missing.error().toString(), {"gemma3.embedding_length", "no such key"});
    for (const auto& [key, value] :
         {std::pair("block_count", 0U), std::pair("block_count", 2'000'000'000U), std::pair("attention.head_count", 0U),
          std::pair("attention.key_length", 0U), std::pair("embedding_length", 0U), std::pair("feed_forward_length", 0U),
          std::pair("attention.sliding_window", 0U), std::pair("attention.value_length", 7U)}) {
        config::Gemma3Config config = test::tinyTextConfig();
        GgufBytes file;
        file.addString("general.architecture", "gemma3");
        for (const char* name : {"block_count", "attention.head_count", "attention.key_length", "embedding_length",
                                 "feed_forward_length", "attention.sliding_window", "attention.head_count_kv"}) {
            if (std::string_view(name) != key) file.addU32(std::string("gemma3.") + name, 8);
        }
        file.addU32(std::string("gemma3.") + key, value);
        EXPECT_FALSE(configOf(file)) << key;
    }
}

// A whole small file whose vocabulary a test replaces.
GgufBytes withVocabulary(const std::vector<std::string>& pieces, const std::vector<std::int32_t>& types, std::int64_t rows) {
    GgufBytes file;
    config::Gemma3Config config = test::tinyTextConfig();
    config.text.vocabSize = rows;
    test::addTextMetadata(file, config);
    file.addStrings("tokenizer.ggml.tokens", pieces);
    file.addI32s("tokenizer.ggml.token_type", types);
    for (const plan::Parameter& parameter : plan::parameterTable(config)) {
        const auto values = test::seededValues(parameter, 1);
        file.addTensor(test::ggufName(parameter.name), parameter.shape, 0,
                       test::encodeValues("F32", values.data(), values.size()));
    }
    return file;
}

TEST(Fault18, BytePiecesMustNameAByte) {
    const test::TempDir folder;
    for (const char* piece : {"<0x-1>", "<0x100>", "<0x1>", "<0xG0>", "0x0A", "<0x0A> ", ""}) {
        const auto path = folder.write("m.gguf", withVocabulary({"<pad>", piece}, {3, 6}, 2).finish());
        expectRefused(path, ErrorCode::InvalidData, {"token 1 is marked as a byte", piece});
    }
    EXPECT_EQ(opened(folder.write("m.gguf", withVocabulary({"<pad>", "<0x0a>"}, {3, 6}, 2).finish())).tokenizer.gguf->pieces[1],
              "<0x0a>");
    // As a normal piece the text is only text.
    EXPECT_TRUE(openCheckpoint(folder.write("m.gguf", withVocabulary({"<pad>", "<0x-1>"}, {3, 1}, 2).finish())));
}

TEST(Fault18, VocabularyListsMustAgree) {
    const test::TempDir folder;
    const auto refuse = [&](GgufBytes file, const std::vector<std::string>& parts) {
        expectRefused(folder.write("m.gguf", file.finish()), ErrorCode::InvalidData, parts);
    };
    refuse(withVocabulary({"a", "b"}, {1}, 2), {"tokenizer.ggml.token_type", "expected 2 numbers", "found 1"});
    refuse(withVocabulary({"a", "b"}, {1, 7}, 2), {"token_type", "expected 1 to 6, found 7 for token 1"});
    refuse(withVocabulary({"a", "b", "c"}, {1, 1, 1}, 2), {"vocabulary has 3 tokens", "only 2 rows"});
    GgufBytes scores = withVocabulary({"a", "b"}, {1, 1}, 2);
    scores.addF32s("tokenizer.ggml.scores", {0.0F});
    refuse(scores, {"tokenizer.ggml.scores", "expected 2 numbers", "found 1"});
    GgufBytes id = withVocabulary({"a", "b"}, {1, 1}, 2);
    id.addU32("tokenizer.ggml.bos_token_id", 2);
    refuse(id, {"bos_token_id", "below 2", "found 2"});
}

TEST(GgufCheckpoint, RowsWithoutATokenAreTrimmed) {
    const test::TempDir folder;
    const auto path = folder.write("m.gguf", withVocabulary({"a", "b"}, {1, 1}, 5).finish());
    const Checkpoint checkpoint = opened(path);
    EXPECT_EQ(checkpoint.config.text.vocabSize, 2);
    const auto embedding = checkpoint.tensors->tensor("model.embed_tokens.weight");
    ASSERT_TRUE(embedding);
    EXPECT_EQ(embedding->shape, (std::vector<std::int64_t>{2, 32}));
    EXPECT_EQ(embedding->bytes.size(), 2U * 32U * 4U);
    expectWarns(checkpoint, {"3 rows without a token"});
}

TEST(GgufCheckpoint, OwnHeadIsUsedACopyIsNot) {
    const test::TempDir folder;
    plan::Parameter head{"output.weight", {2, 32}, plan::Part::Language, plan::Kind::Matrix};
    const auto own = test::seededValues(head, 9);
    GgufBytes file = withVocabulary({"a", "b"}, {1, 1}, 2);
    file.addTensor("output.weight", {2, 32}, 0, test::encodeValues("F32", own.data(), own.size()));
    file.addTensor("rope_freqs.weight", {4}, 0, std::string(16, '\0'));
    const Checkpoint untied = opened(folder.write("m.gguf", file.finish()));
    EXPECT_TRUE(untied.untiedHead);
    EXPECT_EQ(valuesOf(*untied.tensors).at("lm_head.weight").second, own);
    ASSERT_EQ(untied.warnings.size(), 2U);
    expectSays(untied.warnings[1], {"1 tensors are no part of the model", "rope_freqs.weight"});

    GgufBytes copy = withVocabulary({"a", "b"}, {1, 1}, 2);
    plan::Parameter embedding{"model.embed_tokens.weight", {2, 32}, plan::Part::Language, plan::Kind::Embedding};
    const auto same = test::seededValues(embedding, 1);
    copy.addTensor("output.weight", {2, 32}, 0, test::encodeValues("F32", same.data(), same.size()));
    const Checkpoint tied = opened(folder.write("m.gguf", copy.finish()));
    EXPECT_FALSE(tied.untiedHead);
    EXPECT_TRUE(tied.warnings.empty());
}

TEST(GgufCheckpoint, MissingTensorsAreNamed) {
    const test::TempDir folder;
    GgufBytes file;
    test::addTextMetadata(file, test::tinyTextConfig());
    expectRefused(folder.write("m.gguf", file.finish()), ErrorCode::NotFound, {"token_embd.weight"});
    file.addTensor("token_embd.weight", {4, 32}, 0, std::string(512, '\0'));
    expectRefused(folder.write("m.gguf", file.finish()), ErrorCode::NotFound,
                  {"79 tensors", "model.layers.0.input_layernorm.weight"});
}

TEST(GgufNames, EveryParameterGoesBothWays) {
    for (const config::Gemma3Config& config : {test::tinyTextConfig(), test::tinyVisionConfig()}) {
        for (const plan::Parameter& parameter : plan::parameterTable(config, true)) {
            const std::string name = test::ggufName(parameter.name);
            ASSERT_FALSE(name.empty()) << parameter.name;
            const std::string back = parameter.part == plan::Part::Language ? canonicalTextName(name, config.isVisionLanguage())
                                                                            : canonicalVisionName(name, false);
            EXPECT_EQ(back, parameter.name);
        }
    }
    for (const char* name : {"blk.x.attn_q.weight", "blk..attn_q.weight", "blk.0.attn_q.scale", "blk.0.unknown.weight", "blk.0",
                             "v.blk.0.ln3.weight", "rope_freqs.weight", ""}) {
        EXPECT_EQ(canonicalTextName(name, false), "") << name;
        EXPECT_EQ(canonicalVisionName(name, false), "") << name;
    }
}

}  // namespace
}  // namespace lapidary::checkpoint
