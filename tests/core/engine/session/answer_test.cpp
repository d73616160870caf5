// Answers of a tiny model: reuse over turns, batches, cancelling, pictures from memory.
#include <gtest/gtest.h>

#include "core/engine/session/answer.h"
#include "core/engine/session/prompt.h"
#include "core/engine/session/score.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::session {
namespace {

class Answers : public ::testing::Test {
protected:
    void SetUp() override {
        test::buildTinyVisionModel(m_folder.path() / "model");
        ModelRequest request;
        request.model = m_folder.path() / "model";
        request.threads = 1;
        auto loaded = Model::load(request);
        ASSERT_TRUE(loaded.has_value()) << loaded.error().toString();
        m_model = *loaded;
    }

    [[nodiscard]] processor::ProcessedPrompt prompt(const std::string& text, const std::vector<int>& pictures = {}) const {
        processor::Conversation conversation;
        std::vector<text::ContentPart> parts;
        for (const int variant : pictures) {
            const auto path = m_folder.path() / ("picture" + std::to_string(variant) + ".png");
            test::writePicture(path, variant);
            parts.push_back({text::ContentPart::Type::Image, "", static_cast<std::int64_t>(conversation.images.size())});
            conversation.images.push_back({image::ImageSource::Kind::Path, path.string()});
        }
        parts.push_back({text::ContentPart::Type::Text, text, -1});
        conversation.messages.push_back({"user", std::move(parts)});
        const auto built = buildPrompt(m_model->opened(), conversation, {});
        EXPECT_TRUE(built.has_value()) << built.error().toString();
        return *built;
    }
    [[nodiscard]] AnswerSettings settings(std::int64_t tokens) const {
        AnswerSettings wanted;
        wanted.maxNewTokens = tokens;
        return wanted;
    }

    test::TempDir m_folder;
    std::shared_ptr<const Model> m_model;
    ImageFeatureMemory m_memory;
};

TEST_F(Answers, ReusedAndFreshSequencesAgreeHoweverThePromptGrows) {
    Sequence reused(m_model);
    for (const char* text :
         {"Hello", "Hello there", "Hello there, what a long day it was", "Hi", "Hello there, what a long night"}) {
        Sequence fresh(m_model);
        const auto a = answer(*m_model, reused, m_memory, prompt(text), settings(6));
        const auto b = answer(*m_model, fresh, m_memory, prompt(text), settings(6));
        ASSERT_TRUE(a.has_value() && b.has_value());
        EXPECT_EQ(a->ids, b->ids) << text;
        EXPECT_EQ(b->reusedTokens, 0);
    }
}

TEST_F(Answers, LogitsAfterReuseAreThoseOfAWholePrefill) {
    Sequence reused(m_model);
    for (const auto& pictures : std::vector<std::vector<int>>{{0}, {0, 3}, {}, {3}, {3, 0}}) {
        const auto asked = prompt("What a long question about the pictures above", pictures);
        Sequence fresh(m_model);
        ImageFeatureMemory empty;
        const auto a = reused.prefill(asked, m_memory, {}, {});
        const auto b = fresh.prefill(asked, empty, {}, {});
        ASSERT_TRUE(a.has_value() && b.has_value());
        ASSERT_EQ(a->logits.size(), b->logits.size());
        // Float32 sums of up to 80 products in another order: 1e-4 is far above, a wrong picture far below a tenth.
        for (std::size_t i = 0; i < a->logits.size(); ++i) ASSERT_NEAR(a->logits[i], b->logits[i], 1e-4) << i;
    }
}

TEST_F(Answers, TheSamePromptAgainReusesAllButItsLastToken) {
    Sequence sequence(m_model);
    const auto asked = prompt("Hello there");
    const auto first = sequence.prefill(asked, m_memory, {}, {});
    ASSERT_TRUE(first.has_value());
    const std::vector<float> logits(first->logits.begin(), first->logits.end());
    const auto second = sequence.prefill(asked, m_memory, {}, {});
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(second->reusedTokens, static_cast<std::int64_t>(asked.ids.size()) - 1);
    for (std::size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(second->logits[i], logits[i], 1e-4);
}

TEST_F(Answers, PictureFeaturesComeFromMemoryTheSecondTime) {
    Sequence one(m_model);
    const auto first = answer(*m_model, one, m_memory, prompt("What?", {0, 50}), settings(4));
    ASSERT_TRUE(first.has_value()) << first.error().toString();
    EXPECT_EQ(m_memory.size(), 2U);
    Sequence two(m_model);
    const auto second = answer(*m_model, two, m_memory, prompt("What?", {0, 50}), settings(4));
    EXPECT_EQ(m_memory.size(), 2U);
    EXPECT_EQ(second->ids, first->ids);
}

TEST_F(Answers, ABatchWithPicturesEqualsItsRowsAlone) {
    const std::vector<processor::ProcessedPrompt> prompts{prompt("Hello"), prompt("What is that, I wonder?", {0}),
                                                          prompt("a", {9, 77})};
    AnswerSettings wanted = settings(10);
    wanted.alternatives = 3;
    // Greedy ids of a tiny model vary little; log-probabilities tell whether padding was seen.
    std::vector<std::vector<double>> ofBatch(prompts.size());
    const auto batch =
        answerBatch(*m_model, m_memory, prompts, wanted, [&](std::size_t row, const generate::GeneratedToken& token) {
            for (const auto& other : token.alternatives) ofBatch[row].push_back(other.logProbability);
        });
    ASSERT_TRUE(batch.has_value()) << batch.error().toString();
    for (std::size_t row = 0; row < prompts.size(); ++row) {
        Sequence sequence(m_model);
        std::vector<double> ofSingle;
        AnswerCallbacks callbacks;
        callbacks.onToken = [&](const generate::GeneratedToken& token) {
            for (const auto& other : token.alternatives) ofSingle.push_back(other.logProbability);
        };
        const auto single = answer(*m_model, sequence, m_memory, prompts[row], wanted, callbacks);
        EXPECT_EQ((*batch)[row].ids, single->ids) << row;
        EXPECT_EQ((*batch)[row].text, single->text) << row;
        ASSERT_EQ(ofBatch[row].size(), ofSingle.size()) << row;
        for (std::size_t i = 0; i < ofSingle.size(); ++i) ASSERT_NEAR(ofBatch[row][i], ofSingle[i], 1e-4) << row << " " << i;
    }
    EXPECT_TRUE(answerBatch(*m_model, m_memory, {}, settings(1))->empty());
}

TEST_F(Answers, CancellingKeepsWhatWasSaidAndTheSequenceUsable) {
    Sequence sequence(m_model);
    std::stop_source stop;
    AnswerCallbacks callbacks;
    int tokens = 0;
    callbacks.onToken = [&](const generate::GeneratedToken&) {
        if (++tokens == 3) stop.request_stop();
    };
    AnswerSettings endless = settings(500);
    endless.sampler.doSample = true;
    endless.sampler.temperature = 20.0;
    const auto cancelled = answer(*m_model, sequence, m_memory, prompt("Hello"), endless, callbacks, stop.get_token());
    ASSERT_TRUE(cancelled.has_value());
    EXPECT_EQ(cancelled->reason, generate::FinishReason::Cancelled);
    EXPECT_EQ(cancelled->ids.size(), 3U);
    const auto before = answer(*m_model, sequence, m_memory, prompt("Hello"), settings(5));
    Sequence fresh(m_model);
    EXPECT_EQ(before->ids, answer(*m_model, fresh, m_memory, prompt("Hello"), settings(5))->ids);
    std::stop_source early;
    early.request_stop();
    EXPECT_EQ(answer(*m_model, sequence, m_memory, prompt("Other"), settings(5), {}, early.get_token())->reason,
              generate::FinishReason::Cancelled);
}

TEST_F(Answers, ScoreInOneWindowEqualsTheSumOfLogProbabilities) {
    const std::vector<std::int64_t> ids{2, 40, 41, 42, 43, 44, 45, 46, 47, 48};
    ScoreSettings whole{.window = 4096, .stride = 2048, .onProgress = {}};
    const auto score = scoreIds(*m_model, ids, whole);
    ASSERT_TRUE(score.has_value()) << score.error().toString();
    EXPECT_EQ(score->scoredTokens, 9);
    // One token after the other through a sequence.
    Sequence sequence(m_model);
    processor::ProcessedPrompt first;
    first.ids = {ids[0]};
    double nll = -generate::logProbability(sequence.prefill(first, m_memory, {}, {})->logits, ids[1]);
    for (std::size_t t = 1; t + 1 < ids.size(); ++t) nll -= generate::logProbability(*sequence.append(ids[t], {}), ids[t + 1]);
    EXPECT_NEAR(score->meanNll, nll / 9, 1e-5);
    EXPECT_FALSE(scoreIds(*m_model, std::vector<std::int64_t>{2}, whole).has_value());
    EXPECT_FALSE(scoreIds(*m_model, ids, {.window = 4, .stride = 4, .onProgress = {}}).has_value());
    EXPECT_FALSE(scoreIds(*m_model, ids, {.window = 5000, .stride = 4, .onProgress = {}}).has_value());
}

TEST_F(Answers, LoadRefusesWhatItCannotDo) {
    ModelRequest request;
    request.model = m_folder.path() / "model";
    request.device = "cuda:63";
    EXPECT_EQ(Model::load(request).error().code, ErrorCode::Unsupported);
    request.device = "tpu";
    EXPECT_EQ(Model::load(request).error().code, ErrorCode::Usage);
    request.device = "cpu";
    request.dtype = "float16";
    EXPECT_EQ(Model::load(request).error().code, ErrorCode::Usage);
    request.dtype = "auto";
    request.adapters = {"a"};
    EXPECT_EQ(Model::load(request).error().code, ErrorCode::NotFound);
    request.adapters.clear();
    request.model = "demo";  // is found beside the program, and this one has none
    EXPECT_EQ(Model::load(request).error().code, ErrorCode::NotFound);
    EXPECT_NE(Model::load(request).error().message.find("the demo model is missing"), std::string::npos);
    request.model.clear();
    EXPECT_EQ(Model::load(request).error().code, ErrorCode::Usage);
}

}  // namespace
}  // namespace lapidary::session
