// The reference's vectors, from each of the three sources (specification 6.3).
#include "core/data/text/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/data/text/stream_decoder.h"
#include "tests/core/data/text/gemma_tokenizer.h"
#include "tests/support/temp_dir.h"

namespace lapidary::text {
namespace {

using nlohmann::json;
using test::GemmaSource;
using Ids = std::vector<std::int64_t>;

const json& vectors() {
    static const json document = json::parse(test::goldenText("tokenizer/vectors.json"));
    return document;
}

class GemmaTokenizer : public testing::TestWithParam<GemmaSource> {
protected:
    const Tokenizer& tokenizer() { return *test::gemmaTokenizer(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Sources, GemmaTokenizer,
                         testing::Values(GemmaSource::TokenizerJson, GemmaSource::SentencePieceModel, GemmaSource::Gguf),
                         [](const auto& parameter) { return test::gemmaSourceName(parameter.param); });

TEST_P(GemmaTokenizer, EncodesTheReferenceVectors) {
    ASSERT_EQ(vectors()["encode"].size(), 140U);
    for (const json& vector : vectors()["encode"]) {
        const auto text = vector["text"].get<std::string>();
        const Ids ids = tokenizer().encode(text, SpecialTokens::Parse);
        EXPECT_EQ(ids, vector["ids"].get<Ids>()) << text;
        std::vector<std::string> pieces;
        for (const std::int64_t id : ids) pieces.push_back(tokenizer().piece(id));
        EXPECT_EQ(pieces, vector["tokens"].get<std::vector<std::string>>()) << text;
        EXPECT_EQ(tokenizer().decode(ids, false), vector["decoded"].get<std::string>()) << text;
        EXPECT_EQ(tokenizer().decode(ids, true), vector["decoded_skip_special"].get<std::string>()) << text;
    }
}

TEST_P(GemmaTokenizer, EncodesTheFuzzVectors) {
    const json fuzz = json::parse(test::goldenText("tokenizer/fuzz.json"));
    ASSERT_EQ(fuzz.size(), 2000U);
    for (const json& vector : fuzz) {
        const auto text = vector["text"].get<std::string>();
        EXPECT_EQ(tokenizer().encode(text, SpecialTokens::Parse), vector["ids"].get<Ids>()) << text;
    }
}

TEST_P(GemmaTokenizer, DecodesTheReferenceVectors) {
    ASSERT_EQ(vectors()["decode"].size(), 21U);
    for (const json& vector : vectors()["decode"]) {
        const Ids ids = vector["ids"].get<Ids>();
        EXPECT_EQ(tokenizer().decode(ids, false), vector["decoded"].get<std::string>());
        EXPECT_EQ(tokenizer().decode(ids, true), vector["decoded_skip_special"].get<std::string>());
        for (const bool skipSpecial : {false, true}) {
            StreamDecoder stream(test::gemmaTokenizer(GetParam()), skipSpecial);
            std::string joined;
            for (const std::int64_t id : ids) joined += stream.push(id);
            EXPECT_EQ(joined + stream.finish(), tokenizer().decode(ids, skipSpecial));
        }
    }
}

TEST_P(GemmaTokenizer, KnowsItsLayout) {
    EXPECT_EQ(tokenizer().size(), 262145);
    EXPECT_EQ(tokenizer().bosId(), 2);
    EXPECT_EQ(tokenizer().eosId(), 1);
    EXPECT_EQ(tokenizer().padId(), 0);
    EXPECT_EQ(tokenizer().piece(138), "▁▁");
    EXPECT_EQ(tokenizer().piece(262144), "<image_soft_token>");
    EXPECT_EQ(tokenizer().piece(262145), "");
    EXPECT_EQ(tokenizer().piece(-1), "");
    EXPECT_EQ(tokenizer().idOf("<image_soft_token>"), 262144);
    EXPECT_EQ(tokenizer().idOf("no such piece"), std::nullopt);
    EXPECT_EQ(tokenizer().byteOf(238), 0);
    EXPECT_EQ(tokenizer().byteOf(493), 255);
    EXPECT_EQ(tokenizer().byteOf(494), std::nullopt);
    Ids special;
    for (std::int64_t id = 0; id < tokenizer().size(); ++id) {
        if (tokenizer().isSpecial(id)) special.push_back(id);
    }
    EXPECT_EQ(special, (Ids{0, 1, 2, 3, 105, 106, 255999, 256000, 262144}));
    EXPECT_EQ(tokenizer().encoderName(), "sentencepiece");
}

// Typed special tokens are text; newlines, tabs and HTML tags are what they are either way.
TEST_P(GemmaTokenizer, Fault23TypedSpecialTokensStayText) {
    EXPECT_EQ(tokenizer().encode("<bos>", SpecialTokens::AsText), (Ids{236820, 46757, 236813}));
    EXPECT_EQ(tokenizer().encode("<eos>", SpecialTokens::AsText), (Ids{236820, 211827, 236813}));
    EXPECT_EQ(tokenizer().encode("<pad>", SpecialTokens::AsText), (Ids{236820, 13039, 236813}));
    EXPECT_EQ(tokenizer().encode("<unk>", SpecialTokens::AsText), (Ids{236820, 4984, 236813}));
    EXPECT_EQ(tokenizer().encode("<image_soft_token>", SpecialTokens::AsText),
              (Ids{236820, 3304, 236779, 5622, 236779, 1114, 236813}));
    for (const char* name : {"<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>"}) {
        const Ids ids = tokenizer().encode(name, SpecialTokens::AsText);
        EXPECT_GT(ids.size(), 1U) << name;
        for (const std::int64_t id : ids) EXPECT_FALSE(tokenizer().isSpecial(id)) << name;
        EXPECT_EQ(tokenizer().decode(ids, true), name);
        EXPECT_EQ(tokenizer().encode(name, SpecialTokens::Parse).size(), 1U) << name;
    }
    EXPECT_EQ(tokenizer().encode("<h1>\n\n\t\t  <unused7>", SpecialTokens::AsText),
              tokenizer().encode("<h1>\n\n\t\t  <unused7>", SpecialTokens::Parse));
    EXPECT_EQ(tokenizer().encode("\n\n", SpecialTokens::AsText), (Ids{108}));
}

TEST_P(GemmaTokenizer, Fault23SpecialTokensCountOnlyWhollyInsideMarkup) {
    const Ids open = tokenizer().encode("<end_of_turn>", SpecialTokens::AsText);
    const std::vector<Segment> content{{true, "<bos>"}, {false, "<end_of_turn>"}};
    Ids expected{2};
    expected.insert(expected.end(), open.begin(), open.end());
    EXPECT_EQ(tokenizer().encode(content), expected);
    // Half markup, half content: the text of a person must not complete what the template began.
    const std::vector<Segment> torn{{true, "<end_of"}, {false, "_turn>"}};
    EXPECT_EQ(tokenizer().encode(torn), open);
    const std::vector<Segment> tornFirst{{false, "<end_of"}, {true, "_turn>"}};
    EXPECT_EQ(tokenizer().encode(tornFirst), open);
    const std::vector<Segment> joined{{true, "<end_of"}, {true, "_turn>"}};
    EXPECT_EQ(tokenizer().encode(joined), (Ids{106}));
    // Newlines of neighbours fuse: user\n + \n\n.
    const std::vector<Segment> newlines{{true, "user\n"}, {false, "\n\nHi"}};
    EXPECT_EQ(tokenizer().encode(newlines), tokenizer().encode("user\n\n\nHi", SpecialTokens::Parse));
}

}  // namespace
}  // namespace lapidary::text
