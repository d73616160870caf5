// Pinned prompts, answered at evaluations: what chat would say with the checkpoint, and no number of the run changed.
#include "core/engine/train/sample_answers.h"

#include <gtest/gtest.h>

#include "core/engine/session/prompt.h"
#include "core/engine/session/sequence.h"
#include "core/shared/base/file.h"
#include "tests/core/engine/train/training_run_fixture.h"

namespace lapidary::train {
namespace {

struct SampleAnswersTest : TrainingRun {
    SampleAnswersTest() {
        plan::ValidationSection& validation = request.recipe.validation;
        validation.evalInterval = 3;
        validation.samples = {{{picture()}, "What is number 4?"}, {{}, "What is number 5?"}};
        validation.sampleMaxNewTokens = 12;
    }
    [[nodiscard]] std::string picture() const { return (temp.path() / "picture1.png").string(); }

    void learnAdapter() {
        request.recipe.peft = plan::PeftSection{};
        request.recipe.peft->dim = 4;
        request.recipe.peft->dropout = 0.3;
        request.recipe.peft->targetModules = {"q_proj", "v_proj", "down_proj"};
        request.recipe.model.language = plan::Training::Adapter;
        request.recipe.model.vision = request.recipe.model.projection = plan::Training::Frozen;
    }

    // What chat answers to a pinned prompt with a model and adapters from disk.
    [[nodiscard]] std::string chatted(const fs::path& model, const std::vector<std::string>& adapters,
                                      const plan::PinnedSample& sample) const {
        session::ModelRequest wanted;
        wanted.model = model.string();
        wanted.adapters = adapters;
        wanted.threads = 1;
        const auto opened = session::Model::load(wanted);
        if (!opened) throw std::runtime_error(opened.error().toString());
        processor::Conversation conversation;
        std::vector<text::ContentPart> parts;
        for (const std::string& image : sample.images) {
            parts.push_back({text::ContentPart::Type::Image, "", std::ssize(conversation.images)});
            conversation.images.push_back({image::ImageSource::Kind::Path, image});
        }
        parts.push_back({text::ContentPart::Type::Text, sample.prompt, -1});
        conversation.messages.push_back({"user", std::move(parts)});
        const auto prompt = session::buildPrompt((*opened)->opened(), conversation, {});
        if (!prompt) throw std::runtime_error(prompt.error().toString());
        session::Sequence sequence(*opened);
        session::ImageFeatureMemory memory;
        session::AnswerSettings settings;
        settings.maxNewTokens = 12;
        return session::answer(**opened, sequence, memory, *prompt, settings)->text;
    }
};

TEST_F(SampleAnswersTest, AreWhatChatSaysWithTheWeightsOfThatStep) {
    request.recipe.train.trainIters = 15;
    request.recipe.validation.evalInterval = 10;  // and at the end
    request.recipe.checkpoint.saveInterval = 10;
    const std::string before = chatted(temp.path() / "model", {}, request.recipe.validation.samples[0]);
    const fs::path last = run().checkpoint;
    const auto answers = all<protocol::SampleAnswerEvent>();
    ASSERT_EQ(answers.size(), 4U);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const plan::PinnedSample& asked = request.recipe.validation.samples[i % 2];
        EXPECT_EQ(answers[i].step, i < 2 ? 10 : 15);
        EXPECT_EQ(answers[i].sample, static_cast<std::int64_t>(i % 2));
        EXPECT_EQ(answers[i].prompt, asked.prompt);
        EXPECT_EQ(answers[i].images, asked.images);
        const fs::path folder = i < 2 ? request.folder / "checkpoints/iter_0000010" : last;
        EXPECT_EQ(answers[i].answer, chatted(folder / "model", {}, asked)) << i;
    }
    EXPECT_NE(answers[2].answer, before) << "the run has learnt";
}

TEST_F(SampleAnswersTest, AnAdapterAnswersWithoutItsDropout) {
    learnAdapter();
    request.recipe.optimizer.lr = 2e-2;
    const fs::path last = run().checkpoint;
    const auto answers = all<protocol::SampleAnswerEvent>();
    ASSERT_EQ(answers.size(), 4U) << "two at step 3, two at step 6";
    for (std::size_t i = 0; i < 2; ++i) {
        const plan::PinnedSample& asked = request.recipe.validation.samples[i];
        EXPECT_EQ(answers[2 + i].answer, chatted(temp.path() / "model", {(last / "adapter").string()}, asked)) << i;
    }
}

// With dropout, whose random numbers they must not touch; and over an interruption.
TEST_F(SampleAnswersTest, ChangeNoNumberOfTheRun) {
    learnAdapter();
    const auto samples = std::exchange(request.recipe.validation.samples, {});
    const auto whole = *readFile(run().checkpoint / "adapter/adapter_model.safetensors", 1 << 24);
    const auto without = all<protocol::StepEvent>();
    request.recipe.validation.samples = samples;
    request.recipe.validation.evalInterval = 1;
    request.folder = temp.path() / "asked";
    events.clear();
    request.recipe.train.exitInterval = 3;
    EXPECT_EQ(run().reason, "stopped");
    request.recipe.train.exitInterval.reset();
    request.resume = true;
    EXPECT_EQ(*readFile(run().checkpoint / "adapter/adapter_model.safetensors", 1 << 24), whole);
    const auto with = all<protocol::StepEvent>();
    ASSERT_EQ(with.size(), without.size());
    for (std::size_t i = 0; i < with.size(); ++i) EXPECT_EQ(with[i].loss, without[i].loss) << i;
    EXPECT_EQ(all<protocol::SampleAnswerEvent>().size(), 12U);
}

TEST_F(SampleAnswersTest, AMissingPictureIsAnErrorBeforeTheFirstStep) {
    request.recipe.validation.samples.push_back({{(temp.path() / "gone.png").string()}, "What is it?"});
    const Error error = failure();
    EXPECT_EQ(error.code, ErrorCode::NotFound);
    EXPECT_NE(error.toString().find("validation.samples[2]"), std::string::npos) << error.toString();
    EXPECT_NE(error.toString().find("gone.png"), std::string::npos) << error.toString();
    EXPECT_TRUE(events.empty());
}

TEST_F(SampleAnswersTest, AnAddressNeedsConsentAndATooLongPromptRoom) {
    request.recipe.validation.samples = {{{"https://example.com/cat.png"}, "What is it?"}};
    EXPECT_EQ(failure().code, ErrorCode::InvalidData);
    request.folder = temp.path() / "long";
    std::string words;
    for (int i = 0; i < 5000; ++i) words += "and on ";
    request.recipe.validation.samples = {{{}, words}};
    EXPECT_NE(failure().toString().find("validation.samples[0]"), std::string::npos);
}

TEST_F(SampleAnswersTest, GoToTensorBoardAsText) {
    request.tensorboard = temp.path() / "tb";
    run();
    std::string bytes;
    for (const auto& entry : fs::directory_iterator(request.tensorboard)) bytes += *readFile(entry.path(), 1 << 24);
    EXPECT_NE(bytes.find("sample answer 1/text_summary"), std::string::npos);
    EXPECT_NE(bytes.find("sample answer 2/text_summary"), std::string::npos);
    EXPECT_NE(bytes.find("**What is number 4?**"), std::string::npos);
}

TEST_F(SampleAnswersTest, AStopEndsTheAnsweringAndSaves) {
    std::stop_source stop;
    request.onEvent = [&](const protocol::TrainingEvent& event) {
        events.push_back(event);
        if (std::holds_alternative<protocol::SampleAnswerEvent>(event.body)) stop.request_stop();
    };
    const auto result = runTraining(request, group, stop.get_token());
    ASSERT_TRUE(result) << result.error().toString();
    EXPECT_EQ(result->reason, "stopped");
    EXPECT_EQ(result->step, 3);
    EXPECT_EQ(all<protocol::SampleAnswerEvent>().size(), 1U);
}

}  // namespace
}  // namespace lapidary::train
