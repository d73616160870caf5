// The vocabulary inside the real 270M's GGUF: the oracle's prompt ids and the reference's vectors.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/data/files/gguf_file.h"
#include "core/data/text/tokenizer.h"
#include "tests/support/places.h"
#include "tests/support/temp_dir.h"

namespace lapidary::text {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;

std::shared_ptr<const Tokenizer> realTokenizer() {
    const auto file = files::GgufFile::open(test::realModelPath());
    if (!file) throw std::runtime_error(file.error().toString());
    GgufVocabulary vocabulary;
    vocabulary.pieces = (*file)->findStrings("tokenizer.ggml.tokens").value();
    vocabulary.scores = (*file)->findNumbers("tokenizer.ggml.scores").value();
    const auto types = (*file)->findIntegers("tokenizer.ggml.token_type").value();
    vocabulary.types.assign(types.begin(), types.end());
    auto tokenizer = Tokenizer::fromGguf(vocabulary, 262144);
    if (!tokenizer) throw std::runtime_error(tokenizer.error().toString());
    return *tokenizer;
}

TEST(Real270MTokenizer, GivesTheReferenceIds) {
    const auto tokenizer = realTokenizer();
    EXPECT_TRUE(tokenizer->warnings().empty());
    const json oracle = json::parse(test::goldenText("real-270m/oracle.json"));
    ASSERT_EQ(oracle["prompts"].size(), 12U);
    for (const json& prompt : oracle["prompts"]) {
        // The oracle's file keeps the ids alone; their text must come back as the same ids.
        const Ids ids = prompt["input_ids"].get<Ids>();
        ASSERT_EQ(ids.front(), 2);
        EXPECT_EQ(tokenizer->encode(tokenizer->decode(ids, false), SpecialTokens::Parse), ids) << prompt["name"];
    }
    const json vectors = json::parse(test::goldenText("tokenizer/vectors.json"));
    for (const json& vector : vectors["encode"]) {
        EXPECT_EQ(tokenizer->encode(vector["text"].get<std::string>(), SpecialTokens::Parse), vector["ids"].get<Ids>())
            << vector["text"];
    }
    for (const json& vector : json::parse(test::goldenText("tokenizer/fuzz.json"))) {
        EXPECT_EQ(tokenizer->encode(vector["text"].get<std::string>(), SpecialTokens::Parse), vector["ids"].get<Ids>())
            << vector["text"];
    }
}

}  // namespace
}  // namespace lapidary::text
