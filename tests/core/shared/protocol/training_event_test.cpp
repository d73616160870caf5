// What a run tells comes back as it was told, also from logs of before a field was there.
#include "core/shared/protocol/training_event.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace lapidary::protocol {
namespace {

TEST(TrainingEvent, LinesAsAReaderFindsThem) {
    EXPECT_EQ(
        printTrainingEvent({2.5, SampleAnswerEvent{500, 1, "What is it?", {"cat.png"}, "A \"cat\".\nOr two."}}),
        R"({"answer":"A \"cat\".\nOr two.","images":["cat.png"],"prompt":"What is it?","sample":1,"step":500,"time":2.5,"type":"sample_answer"})");
    EXPECT_EQ(printTrainingEvent({0.0, NoticeEvent{3, "paused", "m"}}),
              R"({"kind":"paused","message":"m","step":3,"time":0.0,"type":"notice"})");
}

TEST(TrainingEvent, EveryTypeReadsBackAsItWasPrinted) {
    const TrainingEventBody bodies[] = {
        RunStartedEvent{"/runs/a", 4, 100, 1000, 10, 24, 2, 16, "cpu", "float32", 1 << 20, {"a note"}},
        StepEvent{5, 0.25, 1e-4, 1.5, 100.25, 0.5, 40, 80, 1.25, 30.5},
        StepEvent{6, 0.25, 1e-4, 1.5, 100.25, 0.5, 40, 80, 1.25, 30.5, 1 << 20, std::int64_t{3} << 30},
        EvaluationEvent{10, 0.5, 0.75, {{"colour", 0.5, 8}}, true},
        SampleAnswerEvent{10, 2, "What?", {"a.png", "b.png"}, "grün \xF0\x9F\x98\x80"},
        SavedEvent{10, "/runs/a/checkpoints/iter_0000010", 1 << 20, 0.125},
        NoticeEvent{11, "warning", "m"},
        RunFinishedEvent{12, "done", "", "/runs/a/checkpoints/iter_0000012"},
    };
    static_assert(std::size(bodies) == 1 + std::variant_size_v<TrainingEventBody>);  // a step on a CPU, one on a GPU
    for (const TrainingEventBody& body : bodies) {
        const TrainingEvent event{1'700'000'000.5, body};
        const auto read = parseTrainingEvent(printTrainingEvent(event));
        ASSERT_TRUE(read) << read.error().toString();
        EXPECT_EQ(*read, event) << trainingEventTypeName(body);
    }
}

TEST(TrainingEvent, UnknownFieldsAreIgnoredUnknownTypesAreErrors) {
    EXPECT_TRUE(parseTrainingEvent(R"({"type":"step","step":1,"future":[1]})"));
    EXPECT_EQ(parseTrainingEvent(R"({"type":"applause","step":1})").error().code, ErrorCode::Unsupported);
    for (const char* line : {"", "[]", "{}", R"({"type":"step"})", R"({"type":"sample_answer","step":1,"images":"a.png"})",
                             R"({"type":"step","step":-1})"}) {
        EXPECT_FALSE(parseTrainingEvent(line)) << line;
    }
}

TEST(TrainingEvent, ComeBackAsTheyWereTold) {
    StepEvent step;
    step.step = 3;
    step.loss = 0.1;
    step.consumedSamples = 12;
    StepEvent withTime = step;
    withTime.remainingSeconds = 1234.5;
    RunFinishedEvent finished;
    finished.step = 9;
    finished.reason = "interrupted";
    finished.message = "the device was lost\n\"CUDA\"";
    finished.refusedSteps = 1;
    finished.outOfMemorySteps = 2;
    finished.skippedSteps = 3;
    finished.rollbacks = 4;
    finished.loweredLearningRates = 5;
    EvaluationEvent evaluation;
    evaluation.kinds = {{"colour", 0.5, 2}};
    const std::vector<TrainingEventBody> bodies{
        RunStartedEvent{},   step,         withTime, evaluation,
        SampleAnswerEvent{}, SavedEvent{}, finished, NoticeEvent{2, "remedy", "the samples are passed over"}};
    for (const TrainingEventBody& body : bodies) {
        const TrainingEvent event{1.75e9, body};
        const std::string line = printTrainingEvent(event);
        EXPECT_EQ(line.find('\n'), std::string::npos) << line;
        const auto back = parseTrainingEvent(line);
        ASSERT_TRUE(back) << back.error().toString();
        EXPECT_EQ(*back, event) << line;
    }
}

TEST(TrainingEvent, LinesOfBeforeAFieldWasThereAreRead) {
    const auto step = parseTrainingEvent(R"({"type": "step", "step": 4, "loss": null})");
    ASSERT_TRUE(step) << step.error().toString();
    EXPECT_FALSE(std::get<StepEvent>(step->body).remainingSeconds);
    const auto finished = parseTrainingEvent(R"({"type": "run_finished", "step": 4, "reason": "done", "later": 1})");
    ASSERT_TRUE(finished) << finished.error().toString();
    EXPECT_EQ(std::get<RunFinishedEvent>(finished->body).skippedSteps, 0);
    EXPECT_FALSE(parseTrainingEvent(R"({"type": "run_finished", "reason": "done"})")) << "without its step";
    EXPECT_EQ(parseTrainingEvent(R"({"type": "song"})").error().code, ErrorCode::Unsupported);
}

TEST(TrainingEvent, WhatIsNotFiniteIsNull) {
    StepEvent step;
    step.loss = std::numeric_limits<double>::quiet_NaN();
    const std::string line = printTrainingEvent({0.0, step});
    EXPECT_NE(line.find(R"("loss":null)"), std::string::npos) << line;
}

}  // namespace
}  // namespace lapidary::protocol
