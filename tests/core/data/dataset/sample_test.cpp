// From conversations to ids, labels and views: the reference's ids and labels, lengths, and the linter (faults 31-33).
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/data/dataset/template_lint.h"
#include "tests/core/data/dataset/dataset_fixture.h"
#include "tests/core/data/text/gemma_tokenizer.h"

namespace lapidary::dataset {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;
using text::ContentPart;

ContentPart picturePart(std::int64_t index) { return {ContentPart::Type::Image, "", index}; }
ContentPart textPart(const std::string& text) { return {ContentPart::Type::Text, text, -1}; }

Record recordOf(std::vector<ContentPart> question, const std::string& answer) {
    Record record;
    record.messages = {{"user", std::move(question)}, {"assistant", answer}};
    return record;
}

std::vector<processor::PictureSize> sizesOf(const Record& record) {
    std::vector<processor::PictureSize> sizes;
    const auto* parts = std::get_if<std::vector<ContentPart>>(&record.messages[0].content);
    if (parts == nullptr) return sizes;
    for (const ContentPart& part : *parts) {
        if (part.type == ContentPart::Type::Image) sizes.push_back({1, 1});
    }
    return sizes;
}

TrainingSample laidOut(const Record& record, const SampleSettings& settings = {}) {
    auto sample = layOutSample(record, sizesOf(record), *tinyProcessor(), settings);
    if (!sample) throw std::runtime_error(sample.error().toString());
    return std::move(*sample);
}

// The four samples that the fine-tuning references were trained on (transformers' Trainer: answer and <end_of_turn>).
std::vector<Record> referenceRecords() {
    return {recordOf({picturePart(0), textPart("What colour?")}, "A red one."),
            recordOf({textPart("Compare"), picturePart(0), picturePart(1)}, "The first has more lines than the second."),
            recordOf({picturePart(0), textPart("Count them.")}, "7"),
            recordOf({textPart("Look:"), picturePart(0), textPart("Is it so?")}, "No, it is not; see the corner of the area.")};
}

TEST(Samples, IdsAndLabelsOfTheReference) {
    const json golden = json::parse(test::goldenText("finetune/golden.json"));
    const auto records = referenceRecords();
    ASSERT_EQ(golden["samples"].size(), records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        SCOPED_TRACE(i);
        const TrainingSample sample = laidOut(records[i]);
        EXPECT_EQ(sample.ids, golden["samples"][i]["input_ids"].get<Ids>());
        EXPECT_EQ(unshifted(sample.labels), golden["samples"][i]["labels"].get<Ids>());
        EXPECT_EQ(sample.labels.back(), kNoLabel);
    }
}

// Megatron-Bridge 0.2: the answer's own tokens, no <end_of_turn>.
TEST(Samples, SearchMaskLearnsNoEndOfTurn) {
    SampleSettings search;
    search.mask = LossMaskMode::Search;
    for (const Record& record : referenceRecords()) {
        const TrainingSample sample = laidOut(record, search);
        Ids expected = laidOut(record).labels;
        for (std::int64_t& label : expected) label = label == 7 ? kNoLabel : label;
        EXPECT_EQ(sample.labels, expected);
    }
}

TEST(Samples, SearchMaskGoesOnBehindTheLastMatchAndTellsWhatItMisses) {
    const auto& tokenizer = tinyProcessor()->tokenizer();
    const Ids seven = tokenizer.encode("7", text::SpecialTokens::AsText);
    ASSERT_EQ(seven.size(), 1U);
    const Ids ids{2, seven[0], 8, seven[0], 8};
    EXPECT_EQ(searchMask(ids, std::vector<std::string>{"7", "7"}, tokenizer).learned,
              (std::vector<bool>{false, true, false, true, false}));
    EXPECT_EQ(searchMask(ids, std::vector<std::string>{" 7 "}, tokenizer).learned,
              (std::vector<bool>{false, true, false, false, false}));  // stripped
    EXPECT_EQ(searchMask(ids, std::vector<std::string>{"7", "no such answer", "7"}, tokenizer).notFound,
              (std::vector<std::size_t>{1}));
}

TEST(Samples, EveryAnswerOfAConversationIsLearned) {
    Record record;
    record.messages = {{"system", "Be kind."}, {"user", "A?"}, {"assistant", "B"}, {"user", "C?"}, {"assistant", "D"}};
    const TrainingSample sample = laidOut(record);
    const auto& tokenizer = tinyProcessor()->tokenizer();
    Ids learned;
    std::copy_if(sample.labels.begin(), sample.labels.end(), std::back_inserter(learned),
                 [](std::int64_t label) { return label != kNoLabel; });
    EXPECT_EQ(tokenizer.decode(learned, false), "B<end_of_turn>D<end_of_turn>");
    // A text that says <end_of_turn> ends no turn.
    record.messages = {{"user", "A?"}, {"assistant", "x<end_of_turn>y"}};
    const TrainingSample typed = laidOut(record);
    learned.clear();
    std::copy_if(typed.labels.begin(), typed.labels.end(), std::back_inserter(learned),
                 [](std::int64_t label) { return label != kNoLabel; });
    EXPECT_EQ(tokenizer.decode(learned, false), "x<end_of_turn>y<end_of_turn>");
    EXPECT_EQ(std::count(learned.begin(), learned.end(), 7), 1);
}

TEST(Samples, PicturesOfAnAnswerAreNoTargets) {
    Record record;
    record.messages = {{"user", "Draw."}, {"assistant", std::vector<ContentPart>{picturePart(0), textPart("Done")}}};
    const std::vector<processor::PictureSize> sizes{{1, 1}};
    const auto sample = layOutSample(record, sizes, *tinyProcessor(), {});
    ASSERT_TRUE(sample) << sample.error().toString();
    for (const std::int64_t skipped : {457, 458, 459, 0})
        EXPECT_EQ(std::count(sample->labels.begin(), sample->labels.end(), skipped), 0);
    EXPECT_EQ(std::count(sample->labels.begin(), sample->labels.end(), 7), 1);
}

using Fault32Sets = DatasetTest;

// All labels of the pieces, by the position of their token in the whole sample.
TEST_F(Fault32Sets, PiecesLearnEveryTargetOnceAndCutNoPicture) {
    std::mt19937 random(5);
    int split = 0;
    for (int round = 0; round < 300; ++round) {
        Record record;
        std::int64_t pictures = 0;
        for (int turn = 0; turn < 4; ++turn) {
            std::vector<ContentPart> parts{textPart(std::string(random() % 20, 'a'))};
            if (random() % 2 == 0) parts.push_back(picturePart(pictures++));
            record.messages.push_back({"user", parts});
            record.messages.push_back({"assistant", "b" + std::string(random() % 60, 'c')});
        }
        const std::vector<processor::PictureSize> sizes(static_cast<std::size_t>(pictures), {1, 1});
        const auto whole = layOutSample(record, sizes, *tinyProcessor(), {});
        ASSERT_TRUE(whole) << whole.error().toString();
        const std::int64_t limit = 30 + static_cast<std::int64_t>(random() % 100);
        const auto pieces = splitIntoPieces(*whole, limit);
        if (!pieces) continue;
        split += pieces->size() > 1 ? 1 : 0;
        Ids learned;
        for (const SamplePiece& piece : *pieces) {
            const TrainingSample part = takePiece(*whole, piece);
            ASSERT_LE(std::ssize(part.ids), limit);
            ASSERT_EQ(part.ids.size(), part.labels.size());
            std::copy_if(part.labels.begin(), part.labels.end(), std::back_inserter(learned),
                         [](std::int64_t label) { return label != kNoLabel; });
            // Each picture is whole: <start_of_image>, its tokens, <end_of_image>, and its span says where.
            ASSERT_EQ(std::count(part.ids.begin(), part.ids.end(), 459), 4 * std::ssize(part.imageSpans));
            ASSERT_EQ(part.images.size(), part.imageSpans.size());
            for (const rules::ImageSpan& span : part.imageSpans) {
                ASSERT_EQ(part.ids[static_cast<std::size_t>(span.begin - 1)], 457);
                ASSERT_EQ(part.ids[static_cast<std::size_t>(span.end)], 458);
                ASSERT_EQ(span.end - span.begin, 4);
            }
        }
        Ids expected;
        std::copy_if(whole->labels.begin(), whole->labels.end(), std::back_inserter(expected),
                     [](std::int64_t label) { return label != kNoLabel; });
        ASSERT_EQ(learned, expected);
    }
    EXPECT_GT(split, 50);
}

TEST_F(Fault32Sets, PoliciesAndTheirEffectAreCounted) {
    const std::string lines =
        line("Q", "short") + line("Q", std::string(200, 'x'), {"0.png"}) + line(std::string(400, 'y'), "A");
    OpenSetOptions options;
    options.settings.maxTokens = 100;
    const auto skipped = open(lines, options);
    ASSERT_TRUE(skipped) << skipped.error().toString();
    EXPECT_EQ((*skipped)->size(), 1);
    EXPECT_EQ((*skipped)->report().findings.count(Rule::TooLongSkipped), 2);

    options.settings.length = LengthPolicy::SplitText;
    const auto split = open(lines, options);
    ASSERT_TRUE(split) << split.error().toString();
    EXPECT_GT((*split)->size(), 2);
    EXPECT_EQ((*split)->report().findings.count(Rule::TooLongSplit), 1);
    EXPECT_EQ((*split)->report().findings.count(Rule::TooLongSkipped), 1);  // the question alone is too long
    EXPECT_LE((*split)->report().maxTokens, 100);
    for (std::int64_t i = 1; i < (*split)->size(); ++i) {
        const auto sample = (*split)->sample(i);
        ASSERT_TRUE(sample);
        EXPECT_EQ(sample->views.size(), 1U) << "the picture goes with every piece";
        EXPECT_EQ(sample->id, "train.jsonl:2");
    }

    options.settings.length = LengthPolicy::Fail;
    const auto failed = open(lines, options);
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("2 rows of 3 cannot be used; the first is train.jsonl:2: "), std::string::npos)
        << failed.error().message;
    EXPECT_FALSE(lengthPolicy("cut"));
    EXPECT_EQ(*lengthPolicy("split_text"), LengthPolicy::SplitText);
}

TEST(Fault33, LinterFindsWhatIsNotTheTemplate) {
    const auto tokenizer = test::gemmaTokenizer(test::GemmaSource::SentencePieceModel);
    const Ids good{2, 105, 2364, 107, 9259, 106, 107, 105, 4368, 107, 9259, 106, 107};
    EXPECT_EQ(lintIds(good, *tokenizer), std::vector<std::string>{});
    EXPECT_EQ(lintTokenizer(*tokenizer), std::vector<std::string>{});
    EXPECT_EQ(lintTokenizer(tinyProcessor()->tokenizer()), std::vector<std::string>{});
    const auto lint = [&](Ids ids) {
        const auto sentences = lintIds(ids, *tokenizer);
        return sentences.empty() ? std::string() : sentences[0];
    };
    Ids twice = good;
    twice.insert(twice.begin(), 2);
    EXPECT_EQ(lint(twice), "a second <bos> at position 1");
    EXPECT_EQ(lint(Ids(good.begin() + 1, good.end())), "the sample does not begin with <bos>");
    EXPECT_EQ(lint(Ids(good.begin(), good.end() - 2)), "turn 2 has no <end_of_turn>: the model would not learn to stop");
    Ids open = good;
    open.erase(open.begin() + 5);
    EXPECT_EQ(lint(open), "turn 1 has no <end_of_turn> before the next begins at position 6");
    EXPECT_EQ(lint({2, 9259, 107}), "there is no <start_of_turn>: the chat template was not applied");
    EXPECT_EQ(lint({2, 105, 4368, 107, 9259, 106, 107}), "turn 1 is not the user's at position 1");
    EXPECT_EQ(lint({2, 106, 105, 2364, 107, 106}), "<end_of_turn> outside a turn at position 1");
}

TEST(Fault33, ReferenceIdsAreComparedWithGemmasOwn) {
    // The same vocabulary with two pieces exchanged: the form is right, the ids are not.
    auto vocabulary = test::gemmaGgufVocabulary();
    std::swap(vocabulary.pieces[9259], vocabulary.pieces[9260]);
    std::swap(vocabulary.scores[9259], vocabulary.scores[9260]);
    const auto tokenizer = text::Tokenizer::fromGguf(vocabulary);
    ASSERT_TRUE(tokenizer) << tokenizer.error().toString();
    const auto sentences = lintTokenizer(**tokenizer);
    ASSERT_EQ(sentences.size(), 1U);
    EXPECT_EQ(sentences[0], "the template's ids are not the reference's: they differ at position 4");
}

TEST(Fault33, TextsThatWereRenderedBefore) {
    EXPECT_TRUE(lintTexts(recordOf({textPart("What is <b>this</b>?")}, "A <s_nm>tag</s_nm>")).empty());
    for (const char* marker : {"<bos>", "<start_of_turn>user\n", "<|im_start|>user", "[INST] ", "<start_of_image>"}) {
        EXPECT_EQ(lintTexts(recordOf({textPart(std::string(marker) + "Q")}, "A")).size(), 1U) << marker;
    }
}

}  // namespace
}  // namespace lapidary::dataset
