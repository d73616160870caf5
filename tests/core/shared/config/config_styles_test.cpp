// Every style of config.json of every released size gives the table of specification 1.1.
#include <gtest/gtest.h>

#include <cmath>

#include "core/shared/config/gemma3_config.h"
#include "core/shared/config/released_sizes.h"
#include "tests/core/shared/config/config_styles.h"

namespace lapidary::config {
namespace {

void expectTable(const Gemma3Config& config, const ReleasedRow& row) {
    const TextConfig& text = config.text;
    EXPECT_EQ(text.hiddenSize, row.hidden);
    EXPECT_EQ(text.numHiddenLayers, row.layers);
    EXPECT_EQ(text.numAttentionHeads, row.heads);
    EXPECT_EQ(text.numKeyValueHeads, row.keyValueHeads);
    EXPECT_EQ(text.headDim, row.headDim);
    EXPECT_EQ(text.intermediateSize, row.intermediate);
    EXPECT_EQ(text.vocabSize, row.vocab);
    EXPECT_EQ(text.slidingWindow, row.window);
    EXPECT_EQ(text.effectiveWindow(), row.window);
    EXPECT_EQ(text.maxPositionEmbeddings, row.positions);
    EXPECT_EQ(text.queryPreAttnScalar, row.queryPreAttnScalar);
    EXPECT_EQ(text.fullRope, (RopeParameters{1000000.0, row.ropeFactor}));
    EXPECT_EQ(text.slidingRope, (RopeParameters{10000.0, 1.0})) << "scaling is for global layers alone";
    EXPECT_EQ(text.rmsNormEps, 1e-6);
    EXPECT_EQ(text.eosTokenIds, (std::vector<std::int64_t>{1, 106}));
    EXPECT_EQ(text.bosTokenId, 2);
    EXPECT_EQ(text.padTokenId, 0);
    EXPECT_TRUE(text.tieWordEmbeddings);
    EXPECT_FALSE(text.attentionBias);
    EXPECT_FALSE(text.finalLogitSoftcapping);
    std::vector<std::size_t> full;
    for (std::size_t i = 0; i < text.layerTypes.size(); ++i) {
        if (text.layerTypes[i] == LayerType::FullAttention) full.push_back(i);
    }
    EXPECT_EQ(text.layerTypes.size(), static_cast<std::size_t>(row.layers));
    EXPECT_EQ(full, row.fullLayers);
    EXPECT_EQ(config.dtype, "bfloat16");
    ASSERT_EQ(config.isVisionLanguage(), row.vision);
    if (!row.vision) return;
    EXPECT_EQ(*config.vision, (VisionConfig{1152, 4304, 27, 16, 3, 896, 14, 1e-6}));
    EXPECT_EQ(config.vision->numPatches(), 4096);
    EXPECT_EQ(config.vision->headDim(), 72);
    EXPECT_EQ(config.mmTokensPerImage, 256);
    EXPECT_EQ(config.boiTokenIndex, 255999);
    EXPECT_EQ(config.eoiTokenIndex, 256000);
    EXPECT_EQ(config.imageTokenIndex, 262144);
}

TEST(ConfigStyles, EveryStyleOfEverySizeGivesTheTable) {
    for (const ReleasedRow& row : releasedRows()) {
        for (const Style style : kStyles) {
            SCOPED_TRACE(row.name + " style " + static_cast<char>('a' + static_cast<int>(style)));
            const auto config = parseGemma3Config(configInStyle(row, style));
            ASSERT_TRUE(config) << config.error().toString();
            expectTable(*config, row);
            EXPECT_TRUE(config->warnings.empty()) << config->warnings[0];
        }
    }
}

TEST(ConfigStyles, AllStylesOfAModelAreEqual) {
    for (const ReleasedRow& row : releasedRows()) {
        const auto released = releasedConfig(row.name);
        ASSERT_TRUE(released);
        for (const Style style : kStyles) {
            EXPECT_TRUE(*parseGemma3Config(configInStyle(row, style)) == *released) << row.name << static_cast<int>(style);
        }
    }
}

TEST(ConfigStyles, PrintedConfigReadsBackEqual) {
    for (const ReleasedRow& row : releasedRows()) {
        const Gemma3Config config = *parseGemma3Config(configInStyle(row, Style::SparseMarch2025));
        const auto again = parseGemma3Config(toJson(config));
        ASSERT_TRUE(again) << again.error().toString();
        EXPECT_TRUE(*again == config) << row.name;
        EXPECT_EQ(toJson(*again), toJson(config));
        EXPECT_TRUE(again->warnings.empty());
    }
}

TEST(ReleasedSizes, AttentionScales) {
    EXPECT_EQ(releasedConfig("4b")->text.attentionScale(), 0.0625);
    EXPECT_NEAR(releasedConfig("27b")->text.attentionScale(), 0.077151674981, 1e-12) << "168^-0.5, not 128^-0.5";
}

TEST(ReleasedSizes, UnknownSizeNamesTheKnown) {
    EXPECT_EQ(releasedSizes(), (std::vector<std::string>{"270m", "1b", "4b", "12b", "27b"}));
    EXPECT_EQ(releasedConfig("7b").error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace lapidary::config
