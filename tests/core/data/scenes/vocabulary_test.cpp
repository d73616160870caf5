#include "core/data/scenes/vocabulary.h"

#include <gtest/gtest.h>

#include "core/data/image/image_processor.h"
#include "core/data/scenes/evaluation.h"
#include "core/data/scenes/initial_model.h"
#include "core/data/text/tokenizer.h"
#include "core/shared/rules/prompt_layout.h"

namespace lapidary::scenes {
namespace {

std::shared_ptr<const text::Tokenizer> tokenizer() {
    auto loaded = text::Tokenizer::fromModel(tokenizerModel(), "tokenizer.model", kImageSoftTokenId);
    if (!loaded) throw std::runtime_error(loaded.error().toString());
    return *loaded;
}

std::vector<std::string> pieces(const text::Tokenizer& from, const std::string& text) {
    std::vector<std::string> result;
    for (const std::int64_t id : from.encode(text, text::SpecialTokens::AsText)) result.push_back(from.piece(id));
    return result;
}

TEST(DemoVocabulary, SpecialTokensHaveTheirIds) {
    const auto own = tokenizer();
    EXPECT_EQ(own->size(), kVocabularySize);
    EXPECT_TRUE(own->warnings().empty());
    EXPECT_EQ(own->padId(), 0);
    EXPECT_EQ(own->eosId(), 1);
    EXPECT_EQ(own->bosId(), 2);
    EXPECT_EQ(own->idOf("<unk>"), 3);
    EXPECT_EQ(own->idOf("<start_of_turn>"), kStartOfTurnId);
    EXPECT_EQ(own->idOf("<end_of_turn>"), kEndOfTurnId);
    EXPECT_EQ(own->idOf("<start_of_image>"), kStartOfImageId);
    EXPECT_EQ(own->idOf("<end_of_image>"), kEndOfImageId);
    EXPECT_EQ(own->idOf("<image_soft_token>"), kImageSoftTokenId);
    for (const std::int64_t id :
         {kPadId, kEosId, kBosId, kUnknownId, kStartOfTurnId, kEndOfTurnId, kStartOfImageId, kEndOfImageId, kImageSoftTokenId})
        EXPECT_TRUE(own->isSpecial(id)) << id;
}

TEST(DemoVocabulary, EveryWordOfEveryPhraseIsAPieceWithAndWithoutASpace) {
    const auto own = tokenizer();
    for (std::string phrase : everyPhrase()) {
        for (char& c : phrase) {
            if (c == '?' || c == ',' || c == '{' || c == '}') c = ' ';
        }
        for (std::size_t at = 0; at < phrase.size();) {
            const std::size_t end = std::min(phrase.find(' ', at), phrase.size());
            const std::string word = phrase.substr(at, end - at);
            at = end + 1;
            if (word.empty() || word == "b") continue;
            EXPECT_EQ(pieces(*own, word), std::vector<std::string>{word});
            EXPECT_EQ(pieces(*own, " " + word), std::vector<std::string>{"\xE2\x96\x81" + word});
        }
    }
}

TEST(DemoVocabulary, ThePromptAroundCropsIsMadeOfWords) {
    const auto own = tokenizer();
    EXPECT_EQ(pieces(*own, "Here is the original image "),
              (std::vector<std::string>{"Here", "▁is", "▁the", "▁original", "▁image", "▁"}));
    EXPECT_EQ(
        pieces(*own, " and here are some crops to help you see better "),
        (std::vector<std::string>{"▁and", "▁here", "▁are", "▁some", "▁crops", "▁to", "▁help", "▁you", "▁see", "▁better", "▁"}));
    EXPECT_EQ(pieces(*own, "user\n\n\n"), (std::vector<std::string>{"user", "\n\n\n"}));
    EXPECT_EQ(pieces(*own, "model\n"), (std::vector<std::string>{"model", "\n"}));
}

TEST(DemoVocabulary, PrintIsSpelled) {
    const auto own = tokenizer();
    EXPECT_EQ(pieces(*own, "THERE"), (std::vector<std::string>{"T", "H", "E", "R", "E"}));
    EXPECT_EQ(pieces(*own, "1024"), (std::vector<std::string>{"1", "0", "2", "4"}));
    for (std::int64_t id = 0; id < own->size(); ++id) {
        const std::string piece = own->piece(id);
        if (piece.front() == '<' || piece.ends_with("Here")) continue;
        std::size_t hard = 0;
        for (const char c : piece) hard += (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? 1 : 0;
        EXPECT_TRUE(hard == 0 || piece.size() == 1) << piece;
    }
}

TEST(DemoVocabulary, AnythingElseFallsBackToBytesAndComesBack) {
    const auto own = tokenizer();
    for (const std::string text : {"Grüße, 世界!", "a  b   c", "x\ty", "line\n\nline\n\n\n\n\n\n\n\n\n\n", "Where?"}) {
        EXPECT_EQ(own->decode(own->encode(text, text::SpecialTokens::AsText), false), text);
    }
}

TEST(DemoVocabulary, QuestionsNeedNoBytesAndComeBack) {
    const auto own = tokenizer();
    for (const AskedScene& asked : askedScenes(Split::Train, 1, 500)) {
        for (const Question& question : asked.questions) {
            for (const std::string& text : {question.text, question.answer}) {
                const auto ids = own->encode(text, text::SpecialTokens::AsText);
                EXPECT_EQ(own->decode(ids, true), text);
                for (const std::int64_t id : ids) EXPECT_FALSE(own->byteOf(id).has_value()) << text;
            }
        }
    }
}

// Weights are trained for these very ids: a change here needs a new model.
TEST(DemoVocabulary, StaysAsItIs) {
    const std::string model = tokenizerModel();
    EXPECT_EQ(image::sha256Hex({reinterpret_cast<const std::uint8_t*>(model.data()), model.size()}),
              "f3b31d2f09727aaf9ca9101593703592a5df94275123fbb03179d4cd7d18baf8");
}

}  // namespace
}  // namespace lapidary::scenes
