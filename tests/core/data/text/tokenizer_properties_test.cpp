// Properties with seeds: decode undoes encode, streams equal whole texts, both encoders agree.
#include <gtest/gtest.h>

#include <random>

#include "core/data/text/segment_encoder.h"
#include "core/data/text/special_tokens.h"
#include "core/data/text/stream_decoder.h"
#include "core/data/text/tokenizer.h"
#include "core/data/text/tokenizer_json.h"
#include "core/data/text/utf8.h"
#include "core/shared/base/file.h"
#include "tests/core/data/text/gemma_tokenizer.h"
#include "tests/support/temp_dir.h"

namespace lapidary::text {
namespace {

using test::GemmaSource;
using Ids = std::vector<std::int64_t>;

void appendUtf8(std::string& text, char32_t c) {
    const auto put = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0U | c >> 6U), put(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
        put(0xE0U | c >> 12U), put(0x80U | (c >> 6U & 0x3FU)), put(0x80U | (c & 0x3FU));
    } else {
        put(0xF0U | c >> 18U), put(0x80U | (c >> 12U & 0x3FU)), put(0x80U | (c >> 6U & 0x3FU)), put(0x80U | (c & 0x3FU));
    }
}

// Words, runs, markers, and code points of every plane.
std::string randomText(std::mt19937& random) {
    static const std::vector<std::string> kParts{"the ",
                                                 " of",
                                                 "Hello",
                                                 "  ",
                                                 "   ",
                                                 "\n",
                                                 "\n\n\n",
                                                 "\t\t",
                                                 "<h1>",
                                                 "<bos>",
                                                 "<unused12>",
                                                 "é",
                                                 "ß",
                                                 "日本語",
                                                 "한국",
                                                 "हिन्दी",
                                                 "😀",
                                                 "🏽",
                                                 "0123",
                                                 "ab",
                                                 "aba",
                                                 "ababa",
                                                 "haha",
                                                 "------",
                                                 "====",
                                                 "____",
                                                 "\r\n",
                                                 "[multimodal]",
                                                 "<start_of_turn>",
                                                 "</",
                                                 "<",
                                                 ">",
                                                 "…"};
    std::string text;
    const std::size_t length = random() % 24;
    for (std::size_t i = 0; i < length; ++i) {
        if (random() % 3 != 0) {
            text += kParts[random() % kParts.size()];
            continue;
        }
        char32_t c = random() % (random() % 2 == 0 ? 0x500U : 0x110000U);
        if (c >= 0xD800 && c < 0xE000) c = U'x';
        if (c == 0x2581) c = U' ';  // a literal ▁ decodes to a space: the one lossy character
        appendUtf8(text, c);
    }
    return text;
}

class FromEachSource : public testing::TestWithParam<GemmaSource> {};
INSTANTIATE_TEST_SUITE_P(Sources, FromEachSource,
                         testing::Values(GemmaSource::TokenizerJson, GemmaSource::SentencePieceModel, GemmaSource::Gguf),
                         [](const auto& parameter) { return test::gemmaSourceName(parameter.param); });

TEST_P(FromEachSource, DecodeUndoesEncode) {
    const auto tokenizer = test::gemmaTokenizer(GetParam());
    std::mt19937 random(20250312);
    for (int round = 0; round < 4000; ++round) {
        const std::string text = randomText(random);
        for (const SpecialTokens special : {SpecialTokens::AsText, SpecialTokens::Parse}) {
            const Ids ids = tokenizer->encode(text, special);
            ASSERT_EQ(tokenizer->decode(ids, false), text);
            if (special == SpecialTokens::AsText) {
                ASSERT_EQ(tokenizer->decode(ids, true), text);
            }
        }
    }
}

TEST(TokenizerProperties, StreamEqualsWholeDecodeForAnyIds) {
    const auto tokenizer = test::gemmaTokenizer(GemmaSource::SentencePieceModel);
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        Ids ids;
        for (std::size_t i = random() % 12; i > 0; --i) {
            // Byte tokens often, so that runs of them are cut in every way; sometimes ids that do not exist.
            ids.push_back(random() % 2 == 0 ? 238 + static_cast<std::int64_t>(random() % 256)
                                            : static_cast<std::int64_t>(random() % 262200));
        }
        for (const bool skipSpecial : {false, true}) {
            StreamDecoder stream(tokenizer, skipSpecial);
            std::string joined;
            for (const std::int64_t id : ids) {
                const std::string part = stream.push(id);
                ASSERT_TRUE(isValidUtf8(part));
                joined += part;
            }
            joined += stream.finish();
            ASSERT_EQ(joined, tokenizer->decode(ids, skipSpecial));
            ASSERT_TRUE(isValidUtf8(joined));
        }
    }
}

TEST(TokenizerProperties, StreamHoldsHalfACharacterBack) {
    const auto tokenizer = test::gemmaTokenizer(GemmaSource::SentencePieceModel);
    StreamDecoder stream(tokenizer);
    EXPECT_EQ(stream.push(238 + 0xE2), "");
    EXPECT_EQ(stream.push(238 + 0x82), "");
    EXPECT_EQ(stream.push(238 + 0xAC), "");
    EXPECT_EQ(stream.push(9259), "€Hello");
    EXPECT_EQ(stream.push(238 + 0xE2), "");
    EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD");
    EXPECT_EQ(stream.finish(), "");
}

// The two ways to the same ids, on the whole vocabulary: scores through SentencePiece, merges through our own BPE.
TEST(TokenizerProperties, BothEncodersAgreeOnGemmasVocabulary) {
    const auto bytes = readFile(test::gemmaTokenizerJsonPath(), kMaxTokenizerJsonBytes);
    ASSERT_TRUE(bytes) << bytes.error().toString();
    auto json = parseTokenizerJson(*bytes, "tokenizer.json");
    ASSERT_TRUE(json) << json.error().toString();
    ASSERT_EQ(json->merges.size(), 514906U);
    ASSERT_EQ(json->added.size(), 6415U);
    const auto scores = scoresFromMerges(*json);
    ASSERT_TRUE(scores.has_value());
    json->vocabulary.scores = *scores;
    const auto fromScores = makeSentencePieceEncoder(json->vocabulary, "tokenizer.json");
    ASSERT_TRUE(fromScores) << fromScores.error().toString();
    const auto fromMerges = makeMergeEncoder(json->vocabulary.pieces, true, 3, UnknownCharacters::Fuse, json->merges);
    std::mt19937 random(99);
    const auto compare = [&](const std::string& text) {
        Ids one;
        Ids other;
        (*fromScores)->encode(text, one);
        fromMerges->encode(text, other);
        ASSERT_EQ(one, other) << text;
    };
    for (int round = 0; round < 4000; ++round) {
        std::string text = randomText(random);
        std::erase_if(text,
                      [](char c) { return c == '\n' || c == '\t' || c == '<'; });  // added tokens are split off before either
        compare(text);
    }
    // Pieces beside each other, without the seams of words: where merges compete most.
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (int part = 0; part < 3; ++part) {
            const auto id = 494 + static_cast<std::int64_t>(random() % 236249);
            text += json->vocabulary.pieces.at(id);
        }
        compare(text);
    }
    // A piece beside itself: splits that overlap, where leftmost-first and rank-first could part ways.
    for (std::int64_t id = 494; id < 236743; id += 7) {
        const std::string piece(json->vocabulary.pieces.at(id));
        compare(piece + piece);
        compare(piece + piece + piece);
    }
}

TEST(Utf8, AcceptsWhatPythonAccepts) {
    for (const char* good : {"", "a", "é", "€", "😀", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(isValidUtf8(good)) << good;
    for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xFF"}) {
        EXPECT_FALSE(isValidUtf8(bad));
        EXPECT_TRUE(isValidUtf8(repairUtf8(bad)));
    }
    EXPECT_EQ(repairUtf8("a\xE2\x82z"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
    EXPECT_EQ(codePointOf("€"), U'€');
    EXPECT_EQ(codePointOf("😀"), U'😀');
}

}  // namespace
}  // namespace lapidary::text
