#include "core/shared/rules/visible_keys.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/shared/base/json.h"
#include "tests/support/temp_dir.h"

namespace lapidary::rules {
namespace {

using config::LayerType;
using Ids = std::vector<std::int64_t>;
using Mask = std::vector<std::string>;  // one row a query, '1' = visible

constexpr LayerType kFull = LayerType::FullAttention;
constexpr LayerType kSliding = LayerType::SlidingAttention;

Mask maskOf(const VisibleKeys& rule, LayerType type, std::int64_t size) {
    const KeyIntervals keys = rule.intervals(type, 0, size, size);
    Mask mask;
    for (std::size_t q = 0; q < keys.begin.size(); ++q) {
        std::string row(static_cast<std::size_t>(size), '0');
        for (std::int32_t k = keys.begin[q]; k < keys.end[q]; ++k) row[static_cast<std::size_t>(k)] = '1';
        mask.push_back(row);
    }
    return mask;
}

// Specification 3.1 and 3.2 word by word: group ids by cumulative sum, then a test for every pair.
Mask naiveMask(LayerType type, const Ids& types, const Ids& padding, std::int64_t window) {
    const std::size_t size = types.size();
    Ids group(size, -1);
    std::int64_t groups = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (types[i] != 1) continue;
        if (i == 0 || types[i - 1] != 1) ++groups;
        group[i] = groups - 1;
    }
    Mask mask(size, std::string(size, '0'));
    for (std::size_t q = 0; q < size; ++q) {
        for (std::size_t k = 0; k < size; ++k) {
            const bool causal = k <= q;
            const bool inWindow = static_cast<std::int64_t>(k) > static_cast<std::int64_t>(q) - window;
            const bool block = group[q] == group[k] && group[q] >= 0;
            const bool seen = (causal || block) && (type == kFull || inWindow) && padding[k] != 0;
            mask[q][k] = seen ? '1' : '0';
        }
    }
    return mask;
}

TEST(VisibleKeys, WorkedExampleOfTheSpecification) {
    const VisibleKeys rule(4, 0, {{2, 8}});
    EXPECT_EQ(maskOf(rule, kFull, 10), (Mask{"1000000000", "1100000000", "1111111100", "1111111100", "1111111100", "1111111100",
                                             "1111111100", "1111111100", "1111111110", "1111111111"}));
    EXPECT_EQ(maskOf(rule, kSliding, 10), (Mask{"1000000000", "1100000000", "1111111100", "1111111100", "0111111100",
                                                "0011111100", "0001111100", "0000111100", "0000011110", "0000001111"}));
}

TEST(VisibleKeys, MasksOfTheReference) {
    const Json cases = *parseJson(test::goldenText("masks.json"), "masks.json");
    ASSERT_EQ(cases.size(), 7U);
    int full = 0;
    for (const Json& entry : cases) {
        const Ids padding = entry["attention_mask"].get<Ids>();
        const Ids types = entry["token_type_ids"].get<Ids>();
        const auto size = static_cast<std::int64_t>(types.size());
        const auto firstKey = firstKeyOfMask(padding);
        ASSERT_TRUE(firstKey);
        const VisibleKeys rule(entry["window"].get<std::int64_t>(), *firstKey, imageSpansFromTypes(types));
        EXPECT_EQ(maskOf(rule, kSliding, size), entry["sliding"].get<Mask>()) << entry["name"];
        if (!entry.contains("full")) continue;
        EXPECT_EQ(maskOf(rule, kFull, size), entry["full"].get<Mask>()) << entry["name"];
        ++full;
    }
    EXPECT_EQ(full, 4);
}

TEST(VisibleKeys, EqualsTheNaiveRestatement) {
    std::mt19937 random(31);
    for (int round = 0; round < 300; ++round) {
        const auto size = 1 + random() % 40;
        const auto window = static_cast<std::int64_t>(1 + random() % 45);
        const auto pads = static_cast<std::size_t>(random() % size);
        Ids types(size, 0);
        Ids padding(size, 1);
        for (std::size_t i = 0; i < pads; ++i) padding[i] = 0;
        std::size_t position = pads;
        while (position < size) {  // text and images in turn, some with no text between them, some of other modalities
            const std::size_t length = 1 + random() % 9;
            const std::int64_t type = std::array<std::int64_t, 4>{0, 1, 2, 3}[random() % 4];
            for (std::size_t i = 0; i < length && position < size; ++i) types[position++] = type;
        }
        const VisibleKeys rule(window, static_cast<std::int64_t>(pads), imageSpansFromTypes(types));
        for (const LayerType type : {kFull, kSliding}) {
            ASSERT_EQ(maskOf(rule, type, static_cast<std::int64_t>(size)), naiveMask(type, types, padding, window))
                << "round " << round << " window " << window;
        }
    }
}

// A chunk of queries sees what the whole prompt's mask says, as long as it cuts no image block.
TEST(VisibleKeys, ChunksEqualTheWhole) {
    const VisibleKeys rule(5, 2, {{4, 9}, {12, 15}});
    for (const LayerType type : {kFull, kSliding}) {
        const KeyIntervals whole = rule.intervals(type, 0, 20, 20);
        for (const auto& [begin, end] : {std::pair{0, 4}, {4, 9}, {9, 15}, {15, 20}, {19, 20}}) {
            const KeyIntervals chunk = rule.intervals(type, begin, end, end);
            for (int q = begin; q < end; ++q) {
                const auto at = static_cast<std::size_t>(q);
                EXPECT_EQ(chunk.begin[at - static_cast<std::size_t>(begin)], whole.begin[at]) << q;
                EXPECT_EQ(chunk.end[at - static_cast<std::size_t>(begin)], whole.end[at]) << q;
            }
        }
    }
}

TEST(VisibleKeys, ReasonsAgreeWithTheIntervals) {
    const VisibleKeys rule(4, 1, {{3, 8}});
    for (const LayerType type : {kFull, kSliding}) {
        const Mask mask = maskOf(rule, type, 12);
        for (std::int64_t q = 0; q < 12; ++q) {
            for (std::int64_t k = 0; k < 12; ++k) {
                const bool seen = mask[static_cast<std::size_t>(q)][static_cast<std::size_t>(k)] == '1';
                const KeyReason expected = !seen ? KeyReason::Hidden : k <= q ? KeyReason::Causal : KeyReason::ImageBlock;
                EXPECT_EQ(rule.reason(type, q, k), expected) << q << " " << k;
            }
        }
    }
}

// EmbeddingGemma: global layers see everything, sliding ones |q - k| < window (specification 1.4, step 7).
TEST(VisibleKeys, BidirectionalAttention) {
    config::TextConfig text;
    text.slidingWindow = 5;
    text.useBidirectionalAttention = true;
    ASSERT_EQ(text.effectiveWindow(), 3);
    const VisibleKeys rule(text.effectiveWindow(), 1, {}, true);
    EXPECT_EQ(maskOf(rule, kFull, 5), (Mask{"00000", "01111", "01111", "01111", "01111"}));
    EXPECT_EQ(maskOf(rule, kSliding, 7), (Mask{"0000000", "0111000", "0111100", "0111110", "0011111", "0001111", "0000111"}));
    EXPECT_EQ(rule.reason(kSliding, 2, 4), KeyReason::Bidirectional);
    EXPECT_EQ(rule.reason(kSliding, 2, 5), KeyReason::Hidden);
    EXPECT_EQ(rule.reason(kFull, 4, 0), KeyReason::Hidden);
}

TEST(ImageSpans, RunsOfImageTokens) {
    EXPECT_EQ(imageSpans(Ids{7, 7, 1, 7, 2}, 7), (std::vector<ImageSpan>{{0, 2}, {3, 4}}));
    EXPECT_TRUE(imageSpans(Ids{1, 2}, 7).empty());
    EXPECT_TRUE(imageSpans(Ids{}, 7).empty());
    EXPECT_EQ(imageSpansFromTypes(Ids{0, 2, 1, 1, 3, 1}), (std::vector<ImageSpan>{{2, 4}, {5, 6}}));
}

TEST(FirstKeyOfMask, LeftPaddingOnly) {
    EXPECT_EQ(*firstKeyOfMask(Ids{1, 1}), 0);
    EXPECT_EQ(*firstKeyOfMask(Ids{0, 0, 1}), 2);
    EXPECT_EQ(firstKeyOfMask(Ids{0, 1, 0, 1}).error().code, ErrorCode::InvalidData);
    EXPECT_NE(firstKeyOfMask(Ids{1, 1, 0}).error().message.find("position 2"), std::string::npos);
    EXPECT_FALSE(firstKeyOfMask(Ids{0, 0}));
    EXPECT_FALSE(firstKeyOfMask(Ids{}));
}

}  // namespace
}  // namespace lapidary::rules
