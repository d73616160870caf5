// Tokenizer files that lie: every one is refused with the place that is wrong, or mended and said so (Fault16).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "core/data/text/piece_table.h"
#include "core/data/text/sentencepiece_proto.h"
#include "core/data/text/tokenizer.h"
#include "core/data/text/tokenizer_json.h"
#include "core/data/text/utf8.h"
#include "tests/core/data/text/gemma_tokenizer.h"
#include "tests/support/temp_dir.h"

namespace lapidary::text {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;

json tiny() {
    static const json document = json::parse(test::goldenText("tokenizer/tiny.json"));
    return document;
}

Result<std::shared_ptr<const Tokenizer>> load(const json& document, std::optional<std::int64_t> imageTokenId = {}) {
    return Tokenizer::fromJson(document.dump(), "tokenizer.json", imageTokenId);
}

std::string errorOf(const json& document, std::optional<std::int64_t> imageTokenId = {}) {
    const auto tokenizer = load(document, imageTokenId);
    return tokenizer ? "" : tokenizer.error().toString();
}

#define EXPECT_COMPLAINT(document, words) EXPECT_NE(errorOf(document).find(words), std::string::npos) << errorOf(document)

// A tokenizer of our own: <unk>, letters, no bytes, no spaces; merges as a test wants them.
json lettersWith(const std::vector<std::string>& pieces, const json& merges) {
    json document = tiny();
    document["added_tokens"] = json::array();
    document["model"]["byte_fallback"] = false;
    json vocabulary = {{"<unk>", 0}};
    for (const std::string& piece : pieces) vocabulary[piece] = vocabulary.size();
    document["model"]["vocab"] = vocabulary;
    document["model"]["merges"] = merges;
    return document;
}

// nlohmann would take a list of string pairs for an object.
json letters(const std::vector<std::string>& pieces, const std::vector<std::pair<std::string, std::string>>& merges) {
    json list = json::array();
    for (const auto& [left, right] : merges) list.push_back(json::array({left, right}));
    return lettersWith(pieces, list);
}

TEST(TinyTokenizer, ReadsASmallVocabulary) {
    const auto tokenizer = load(tiny(), 459);
    ASSERT_TRUE(tokenizer) << tokenizer.error().toString();
    EXPECT_EQ((*tokenizer)->encoderName(), "sentencepiece");
    EXPECT_EQ((*tokenizer)->size(), 460);
    EXPECT_EQ((*tokenizer)->idOf("<image_soft_token>"), 459);
    EXPECT_EQ((*tokenizer)->encode("<bos><start_of_turn>user\n", SpecialTokens::Parse).front(), 2);
    const std::string text = "Hello  world é 😀\n\n\tx";
    EXPECT_EQ((*tokenizer)->decode((*tokenizer)->encode(text, SpecialTokens::AsText), true), text);
}

// Merges before the vocabulary, ids out of order, the old "a b" form: the same tokenizer.
TEST(TinyTokenizer, OrderAndFormOfTheFileDoNotMatter) {
    const auto expected = load(tiny());
    ASSERT_TRUE(expected);
    json old = tiny();
    for (json& merge : old["model"]["merges"]) merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
    std::string bytes = "\xEF\xBB\xBF{";  // with a byte order mark
    bytes += "\"model\":{\"merges\":" + old["model"]["merges"].dump();
    for (const auto& [key, value] : old["model"].items()) {
        if (key != "merges") bytes += ",\"" + key + "\":" + value.dump();
    }
    bytes += "}";
    for (const auto& [key, value] : old.items()) {
        if (key != "model") bytes += ",\"" + key + "\":" + value.dump();
    }
    bytes += "}";
    const auto tokenizer = Tokenizer::fromJson(bytes, "tokenizer.json");
    ASSERT_TRUE(tokenizer) << tokenizer.error().toString();
    for (std::int64_t id = 0; id < (*expected)->size(); ++id) EXPECT_EQ((*tokenizer)->piece(id), (*expected)->piece(id));
    const std::string text = "The quick  brown <h1> fox\n";
    EXPECT_EQ((*tokenizer)->encode(text, SpecialTokens::AsText), (*expected)->encode(text, SpecialTokens::AsText));
}

TEST(MergeEncoder, TakesOverWhereNoScoresFitTheMerges) {
    // "ab" before "bc", but then a merge of "ab" again: no score of one piece says that.
    const auto scattered =
        load(letters({"a", "b", "c", "ab", "bc", "abc"}, {{"b", "c"}, {"a", "bc"}, {"a", "b"}, {"ab", "c"}}));
    ASSERT_TRUE(scattered) << scattered.error().toString();
    EXPECT_EQ((*scattered)->encoderName(), "merges");
    const auto ids = [&](const std::string& text) {
        std::vector<std::string> pieces;
        for (const std::int64_t id : (*scattered)->encode(text, SpecialTokens::AsText))
            pieces.push_back((*scattered)->piece(id));
        return pieces;
    };
    EXPECT_EQ(ids("abc"), (std::vector<std::string>{"abc"}));
    EXPECT_EQ(ids("abab"), (std::vector<std::string>{"ab", "ab"}));
    EXPECT_EQ(ids("bcab"), (std::vector<std::string>{"bc", "ab"}));
    EXPECT_EQ(ids("a??b"), (std::vector<std::string>{"a", "<unk>", "b"}));
    // A split that is missing: SentencePiece would merge ab + c.
    const auto missing = load(letters({"a", "b", "c", "ab", "bc", "abc"}, {{"a", "b"}, {"b", "c"}, {"a", "bc"}}));
    ASSERT_TRUE(missing);
    EXPECT_EQ((*missing)->encoderName(), "merges");
    EXPECT_EQ((*missing)->encode("abc", SpecialTokens::AsText).size(), 2U);
    // All there and together.
    const auto complete = load(letters({"a", "b", "c", "ab", "bc", "abc"}, {{"a", "b"}, {"b", "c"}, {"ab", "c"}, {"a", "bc"}}));
    ASSERT_TRUE(complete);
    EXPECT_EQ((*complete)->encoderName(), "sentencepiece");
}

// Random merge lists that scores can express: both encoders, on texts of few letters, where merges overlap most.
TEST(MergeEncoder, AgreesWithSentencePieceOnRandomVocabularies) {
    std::mt19937 random(3);
    int compared = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<std::string> pieces{"a", "b", "c"};
        while (pieces.size() < 12) {
            const std::string piece = pieces[random() % pieces.size()] + pieces[random() % pieces.size()];
            if (piece.size() <= 5 && std::find(pieces.begin(), pieces.end(), piece) == pieces.end()) pieces.push_back(piece);
        }
        json merges = json::array();
        for (const std::string& piece : pieces) {
            for (std::size_t cut = piece.size() - 1; cut > 0; --cut) {
                const std::string left = piece.substr(0, cut);
                const std::string right = piece.substr(cut);
                const auto known = [&](const std::string& part) {
                    return std::find(pieces.begin(), pieces.end(), part) != pieces.end();
                };
                if (known(left) && known(right)) merges.push_back(json::array({left, right}));
            }
        }
        auto parsed = parseTokenizerJson(lettersWith(pieces, merges).dump(), "tokenizer.json");
        ASSERT_TRUE(parsed) << parsed.error().toString();
        const auto scores = scoresFromMerges(*parsed);
        ASSERT_TRUE(scores.has_value());
        parsed->vocabulary.scores = *scores;
        const auto fromScores = makeSentencePieceEncoder(parsed->vocabulary, "tokenizer.json");
        ASSERT_TRUE(fromScores) << fromScores.error().toString();
        const auto fromMerges = makeMergeEncoder(parsed->vocabulary.pieces, false, 0, UnknownCharacters::Fuse, parsed->merges);
        for (int text = 0; text < 50; ++text) {
            std::string letterText;
            for (std::size_t i = random() % 14; i > 0; --i) letterText += static_cast<char>('a' + random() % 3);
            Ids one;
            Ids other;
            (*fromScores)->encode(letterText, one);
            fromMerges->encode(letterText, other);
            // Two splits of one piece that overlap in the text ("ab|a|ba") are taken left to right by one, by rank by the other.
            compared += one == other ? 1 : 0;
        }
    }
    EXPECT_GT(compared, 9900);  // of 10,000
}

TEST(Fault16, ImageTokenAboveTheVocabulary) {
    // tokenizer.model and GGUF end at 262,143; the configuration says 262,144.
    for (const auto source : {test::GemmaSource::SentencePieceModel, test::GemmaSource::Gguf}) {
        const auto tokenizer = test::gemmaTokenizer(source);
        EXPECT_EQ(tokenizer->idOf("<image_soft_token>"), 262144);
        EXPECT_EQ(tokenizer->encode("<image_soft_token>", SpecialTokens::Parse), (Ids{262144}));
        EXPECT_TRUE(tokenizer->isSpecial(262144));
    }
    const auto textOnly = Tokenizer::fromGguf(test::gemmaGgufVocabulary());
    ASSERT_TRUE(textOnly);
    EXPECT_EQ((*textOnly)->size(), 262144);
    EXPECT_FALSE((*textOnly)->idOf("<image_soft_token>").has_value());
    EXPECT_GT((*textOnly)->encode("<image_soft_token>", SpecialTokens::Parse).size(), 1U);
}

TEST(Fault16, ImageTokenThatIsAnotherPiece) {
    EXPECT_NE(errorOf(tiny(), 458).find("image_token_index: 458"), std::string::npos) << errorOf(tiny(), 458);
    json without = tiny();
    without["added_tokens"].erase(without["added_tokens"].size() - 1);
    EXPECT_EQ(errorOf(without, 459), "");
    EXPECT_NE(errorOf(without, 300).find("image_token_index: 300 is the piece"), std::string::npos) << errorOf(without, 300);
    EXPECT_NE(errorOf(without, 458).find("is the added token '<end_of_image>'"), std::string::npos) << errorOf(without, 458);
    EXPECT_NE(errorOf(without, -1).find("outside"), std::string::npos);
    EXPECT_NE(errorOf(without, std::int64_t{1} << 40U).find("outside"), std::string::npos);
}

TEST(Fault16, AddedTokenIdCollisions) {
    json wrongId = tiny();
    wrongId["added_tokens"][3]["id"] = 4;
    EXPECT_COMPLAINT(wrongId, "added_tokens[3].id: '<unk>' has id 3 in model.vocab, found 4");
    json twice = tiny();
    twice["added_tokens"].push_back(twice["added_tokens"][0]);
    EXPECT_COMPLAINT(twice, "is given to an earlier added token too");
    json stolen = tiny();
    stolen["added_tokens"][0]["content"] = "<new>";
    EXPECT_COMPLAINT(stolen, "added_tokens[0].id: 0 belongs to '<pad>' in model.vocab, not to '<new>'");
    json again = tiny();
    again["added_tokens"].push_back({{"id", 460}, {"content", "<image_soft_token>"}, {"special", true}});
    EXPECT_COMPLAINT(again, ".content: '<image_soft_token>' is listed twice");
    json far = tiny();
    far["added_tokens"][0]["id"] = std::int64_t{1} << 40U;
    EXPECT_COMPLAINT(far, "added_tokens[0].id");
    json empty = tiny();
    empty["added_tokens"][0]["content"] = "";
    EXPECT_COMPLAINT(empty, "added_tokens[0].content");
    json stripped = tiny();
    stripped["added_tokens"][0]["lstrip"] = true;
    EXPECT_COMPLAINT(stripped, "added_tokens[0].lstrip");
}

TEST(Fault16, VocabularyWithHolesOrDoubledIds) {
    json hole = tiny();
    hole["model"]["vocab"]["e"] = 100000;
    EXPECT_COMPLAINT(hole, "model.vocab['e']");
    json doubled = tiny();
    doubled["model"]["vocab"]["e"] = 0;
    EXPECT_COMPLAINT(doubled, "model.vocab");
    json text = tiny();
    text["model"]["vocab"]["e"] = "x";
    EXPECT_COMPLAINT(text, "model.vocab['e']: expected an id");
    json huge = tiny();
    huge["model"]["vocab"]["e"] = UINT64_MAX;
    EXPECT_COMPLAINT(huge, "is no id");
    json negative = tiny();
    negative["model"]["vocab"]["e"] = -3;
    EXPECT_COMPLAINT(negative, "model.vocab['e']: the id -3");
    json nested = tiny();
    nested["model"]["vocab"]["e"] = json::array();
    EXPECT_COMPLAINT(nested, "model.vocab['e']");
    json none = tiny();
    none["model"]["vocab"] = json::object();
    EXPECT_FALSE(load(none));
}

TEST(Fault16, CyclicOrBrokenMerges) {
    EXPECT_COMPLAINT(letters({"a", "b"}, {{"a", ""}, {"b", ""}}), "model.merges[0]: a side is empty");
    EXPECT_COMPLAINT(letters({"a", "b"}, {{"", ""}}), "a side is empty");
    EXPECT_COMPLAINT(lettersWith({"a", "b"}, json::array({" a"})), "a side is empty");
    EXPECT_COMPLAINT(letters({"a", "b", "ab"}, {{"a", "b"}, {"ab", "a"}}), "model.merges[1]: 'aba' is not in model.vocab");
    EXPECT_COMPLAINT(letters({"a", "b"}, {{"a", "x"}}), "'x' is not in model.vocab");
    EXPECT_COMPLAINT(lettersWith({"a", "b", "ab"}, json::array({json::array({"a", "b", "a"})})), "expected a pair");
    EXPECT_COMPLAINT(lettersWith({"a", "b", "ab"}, json::array({"a b a"})), "one space");
    EXPECT_COMPLAINT(lettersWith({"a", "b", "ab"}, json::array({1})), "expected a pair");
    EXPECT_COMPLAINT(lettersWith({"a", "b", "ab"}, json::array({json::object({{"a", "b"}})})), "expected a pair");
    // The same merge twice is odd, but no contradiction: its first rank counts.
    EXPECT_TRUE(load(letters({"a", "b", "ab"}, {{"a", "b"}, {"a", "b"}})));
}

TEST(Fault16, ByteOrderMarkIsSkipped) { EXPECT_TRUE(Tokenizer::fromJson("\xEF\xBB\xBF" + tiny().dump(), "tokenizer.json")); }

TEST(Fault61, BrokenTokenizerFilesSayWhere) {
    const auto tokenizer = Tokenizer::fromJson("{\n  \"model\": nope}", "tokenizer.json");
    ASSERT_FALSE(tokenizer);
    EXPECT_NE(tokenizer.error().toString().find("(line 2, column 13: syntax error"), std::string::npos)
        << tokenizer.error().toString();
    EXPECT_EQ(tokenizer.error().toString().find("json.exception"), std::string::npos) << tokenizer.error().toString();
}

TEST(Fault16, TooLargeFilesAreRefusedUnread) {
    const test::TempDir folder;
    const auto path = folder.write("tokenizer.json", "{");
    std::filesystem::resize_file(path, 100'000'000);  // a hole: nothing is written
    TokenizerSource source;
    source.tokenizerJson = path;
    const auto tokenizer = Tokenizer::load(source);
    ASSERT_FALSE(tokenizer);
    EXPECT_EQ(tokenizer.error().code, ErrorCode::InvalidFile);
    EXPECT_NE(tokenizer.error().message.find("100000000 bytes"), std::string::npos) << tokenizer.error().message;
    source.tokenizerJson.clear();
    source.tokenizerModel = path;
    EXPECT_FALSE(Tokenizer::load(source));
    source.tokenizerModel = folder.path() / "missing.model";
    EXPECT_EQ(Tokenizer::load(source).error().code, ErrorCode::NotFound);
    EXPECT_EQ(Tokenizer::load({}).error().code, ErrorCode::NotFound);
}

TEST(Fault16, OtherKindsOfTokenizerAreNamed) {
    const std::vector<std::pair<const char*, json>> changes{{"/model/type", "WordPiece"},
                                                            {"/model/ignore_merges", true},
                                                            {"/model/dropout", 0.1},
                                                            {"/model/end_of_word_suffix", "</w>"},
                                                            {"/normalizer/content", "_"},
                                                            {"/normalizer", nullptr},
                                                            {"/pre_tokenizer/type", "ByteLevel"},
                                                            {"/decoder/decoders/0/type", "ByteLevel"},
                                                            {"/model/unk_token", "<none>"},
                                                            {"/model/merges", nullptr},
                                                            {"/model/vocab", json::array({1})},
                                                            {"/added_tokens", 5}};
    for (const auto& [place, value] : changes) {
        json document = tiny();
        document[json::json_pointer(place)] = value;
        EXPECT_NE(errorOf(document), "") << place;
    }
    EXPECT_NE(Tokenizer::fromJson("[]", "t").error().toString(), "");
    EXPECT_NE(Tokenizer::fromJson("", "t").error().toString().find("byte"), std::string::npos);
    EXPECT_NE(Tokenizer::fromJson("{\"a\":1,\"a\":2}", "t").error().toString().find("appears twice"), std::string::npos);
    EXPECT_NE(Tokenizer::fromJson(std::string(1000, '['), "t").error().toString().find("nested deeper"), std::string::npos);
}

TEST(Fault16, SentencePieceModelsThatLie) {
    const std::string model = test::goldenText("tokenizer/reconstructed.spm.model");
    const auto read = [](std::string_view bytes) { return parseSentencePieceModel(bytes, "m"); };
    ASSERT_TRUE(read(model));
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read("hello world"));
    EXPECT_FALSE(read(std::string_view(model).substr(0, model.size() / 2)));
    EXPECT_FALSE(read(std::string(11, '\xFF')));
    // A small one of our own, and what each change makes of it.
    Vocabulary vocabulary;
    for (const char* piece : {"<unk>", "a", "b", "ab"}) {
        vocabulary.pieces.append(piece);
        vocabulary.scores.push_back(0.0F);
        vocabulary.types.push_back(PieceType::Normal);
    }
    vocabulary.types[0] = PieceType::Unknown;
    vocabulary.unknownId = 0;
    vocabulary.byteFallback = false;
    const std::string small = serializeSentencePieceModel(vocabulary);
    ASSERT_TRUE(Tokenizer::fromModel(small, "m"));
    const auto printed = read(small);  // parse undoes print
    ASSERT_TRUE(printed);
    EXPECT_EQ(serializeSentencePieceModel(*printed), small);
    // Other kinds of model: unigram, a dummy prefix, no normalizer_spec at all (its defaults change texts).
    for (const std::string& other :
         {small + "\x12\x02\x18\x01", small + "\x1A\x02\x18\x01", small.substr(0, small.size() - 18)}) {
        const auto refused = read(other);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::Unsupported) << refused.error().toString();
    }
    const auto changed = [&](auto change) {
        Vocabulary copy = *read(small);
        change(copy);
        return Tokenizer::fromModel(serializeSentencePieceModel(copy), "m");
    };
    EXPECT_FALSE(
        changed([](Vocabulary& v) { v.pieces.append("a"), v.scores.push_back(0), v.types.push_back(PieceType::Normal); }));
    EXPECT_FALSE(
        changed([](Vocabulary& v) { v.pieces.append(""), v.scores.push_back(0), v.types.push_back(PieceType::Normal); }));
    EXPECT_FALSE(
        changed([](Vocabulary& v) { v.pieces.append("\xFF"), v.scores.push_back(0), v.types.push_back(PieceType::Normal); }));
    EXPECT_FALSE(changed([](Vocabulary& v) { v.scores[1] = std::numeric_limits<float>::quiet_NaN(); }));
    EXPECT_FALSE(changed([](Vocabulary& v) { v.types[1] = PieceType::Byte; }));
    EXPECT_FALSE(changed([](Vocabulary& v) { v.types[1] = PieceType::Unknown; }));
    EXPECT_FALSE(changed([](Vocabulary& v) { v.types[1] = static_cast<PieceType>(9); }));
    // Cut anywhere, flipped anywhere: an error or a tokenizer, never a crash.
    std::mt19937 random(5);
    for (std::size_t length = 0; length < small.size(); ++length)
        static_cast<void>(Tokenizer::fromModel(small.substr(0, length), "m"));
    for (int round = 0; round < 500; ++round) {
        std::string damaged = small;
        damaged[random() % damaged.size()] = static_cast<char>(random());
        if (const auto tokenizer = Tokenizer::fromModel(damaged, "m"))
            static_cast<void>((*tokenizer)->encode("abab b", SpecialTokens::Parse));
    }
}

TEST(Fault16, GgufVocabulariesThatLie) {
    GgufVocabulary small;
    small.pieces = {"<unk>", "a", "b", "ab"};
    small.scores = {0, -3, -2, -1};
    small.types = {2, 1, 1, 1};
    ASSERT_TRUE(Tokenizer::fromGguf(small)) << Tokenizer::fromGguf(small).error().toString();
    const auto complaint = [&](auto change) {
        GgufVocabulary copy = small;
        change(copy);
        const auto tokenizer = Tokenizer::fromGguf(copy);
        return tokenizer ? "" : tokenizer.error().toString();
    };
    EXPECT_NE(complaint([](auto& v) { v.model = "gpt2"; }).find("tokenizer.ggml.model"), std::string::npos);
    EXPECT_NE(complaint([](auto& v) { v.scores.pop_back(); }).find("tokenizer.ggml.scores: 3 entries, but 4 tokens"),
              std::string::npos);
    EXPECT_NE(complaint([](auto& v) { v.types.push_back(1); }).find("tokenizer.ggml.token_type: 5"), std::string::npos);
    EXPECT_NE(complaint([](auto& v) { v.types[1] = 7; }).find("tokenizer.ggml.token_type[1]"), std::string::npos);
    EXPECT_NE(complaint([](auto& v) { v.pieces[1] = ""; }).find("tokenizer.ggml.tokens[1]"), std::string::npos);
    EXPECT_NE(complaint([](auto& v) { v.pieces[3] = "a"; }).find("listed twice"), std::string::npos);
    EXPECT_NE(complaint([](auto& v) { v.scores[1] = std::numeric_limits<float>::infinity(); }).find("scores[1]"),
              std::string::npos);
    EXPECT_NE(complaint([](auto& v) { v.pieces.clear(), v.scores.clear(), v.types.clear(); }).find("0 entries"),
              std::string::npos);
    EXPECT_EQ(complaint([](auto& v) { v.addSpacePrefix = true; }), "");
    EXPECT_EQ(complaint([](auto& v) { v.bosId = 1000, v.unknownId = -7; }), "");
}

TEST(Utf8, TheFirstWrongByteIsNamed) {
    EXPECT_TRUE(requireUtf8("", "a"));
    EXPECT_TRUE(requireUtf8("caf\xC3\xA9 \xF0\x9F\x98\x80", "a"));
    const auto latin = requireUtf8("caf\xE9 au lait", "letter.txt");
    ASSERT_FALSE(latin);
    EXPECT_EQ(latin.error().code, ErrorCode::InvalidData);
    EXPECT_EQ(latin.error().toString(), "letter.txt: expected a text in UTF-8, found 0xE9 at byte 4");
    // Half a character at the end, a surrogate, an overlong slash.
    EXPECT_EQ(validUtf8Bytes("ab\xC3"), 2U);
    EXPECT_EQ(validUtf8Bytes("\xED\xA0\x80"), 0U);
    EXPECT_EQ(validUtf8Bytes("a\xC0\xAF"), 1U);
}

// Fault 18's "<0x-1>": typed as a byte, but none.
TEST(Fault18, ByteTokenThatIsNoByte) {
    GgufVocabulary small;
    small.pieces = {"<unk>", "a", "<0x-1>"};
    small.scores = {0, -1, 0};
    small.types = {2, 1, 6};
    const auto tokenizer = Tokenizer::fromGguf(small);
    ASSERT_FALSE(tokenizer);
    EXPECT_NE(tokenizer.error().message.find("'<0x-1>' is typed as a byte"), std::string::npos);
    small.pieces[2] = "<0x41>";
    EXPECT_NE(Tokenizer::fromGguf(small).error().message.find("expected 256 byte pieces"), std::string::npos);
}

// The first official QAT files: newline runs, tags and turn markers with wrong types (specification 7.4, "Known defect").
TEST(GgufVocabulary, WrongTypesAreMendedByName) {
    GgufVocabulary gguf = test::gemmaGgufVocabulary();
    for (std::size_t id = 0; id < gguf.types.size(); ++id) {
        if (gguf.types[id] == 4) gguf.types[id] = id % 2 == 0 ? 3 : 1;
        if (id == 105 || id == 106) gguf.types[id] = 1;
    }
    const auto mended = Tokenizer::fromGguf(gguf, 262144);
    ASSERT_TRUE(mended) << mended.error().toString();
    ASSERT_EQ((*mended)->warnings().size(), 1U);
    EXPECT_NE((*mended)->warnings()[0].find("typed wrongly"), std::string::npos);
    const auto expected = test::gemmaTokenizer(test::GemmaSource::TokenizerJson);
    for (const std::string text :
         {"<h1>a</h1>\n\n\n  x   y\t\t<start_of_turn>user\n<end_of_turn>", "<unused3>[multimodal]<mask>", "        "}) {
        EXPECT_EQ((*mended)->encode(text, SpecialTokens::Parse), expected->encode(text, SpecialTokens::Parse)) << text;
        EXPECT_EQ((*mended)->encode(text, SpecialTokens::AsText), expected->encode(text, SpecialTokens::AsText)) << text;
    }
    EXPECT_TRUE(test::gemmaTokenizer(test::GemmaSource::Gguf)->warnings().empty());
}

}  // namespace
}  // namespace lapidary::text
