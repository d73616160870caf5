// What a person sees of a training run's events.
#include "app/lapidary/finetune_report.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

namespace lapidary::app {
namespace {

struct TrainingConsoleTest : testing::Test {
    // Standard output after the events.
    std::string shown(const std::vector<protocol::TrainingEventBody>& bodies) {
        console.quiet = true;
        TrainingConsole lines(recipe, console);
        testing::internal::CaptureStdout();
        for (const protocol::TrainingEventBody& body : bodies) lines.show({1.75e9, body});
        std::cout.flush();
        return testing::internal::GetCapturedStdout();
    }
    static protocol::StepEvent step(std::int64_t number) {
        protocol::StepEvent event;
        event.step = number;
        return event;
    }

    plan::Recipe recipe;
    Console console;
};

// A recipe in stages is shown by what each of them has.
TEST_F(TrainingConsoleTest, IterationLinesTellTheStagesOwnBatchAndSteps) {
    recipe.train.globalBatchSize = 32;
    recipe.logger.logInterval = 1;
    protocol::RunStartedEvent tower;
    tower.steps = 3000;
    tower.globalBatchSize = 8;
    protocol::RunStartedEvent text;
    text.steps = 40;
    text.globalBatchSize = 16;
    const std::string out = shown({tower, step(1), text, step(1)});
    const std::size_t second = out.find("iteration        1/      40 |");
    ASSERT_NE(second, std::string::npos) << out;
    EXPECT_LT(out.find("iteration        1/    3000 |"), second) << out;
    EXPECT_LT(out.find("| global batch size:     8 |"), second) << out;
    EXPECT_NE(out.find("| global batch size:    16 |", second), std::string::npos) << out;
    EXPECT_EQ(out.find("| global batch size:    32 |"), std::string::npos) << out;
}

TEST_F(TrainingConsoleTest, EvaluationsTellWhatKindsOfAnswersAreRight) {
    protocol::EvaluationEvent evaluation;
    evaluation.step = 500;
    evaluation.accuracy = 0.875;
    evaluation.kinds = {{"", 0.5, 4}};
    EXPECT_EQ(shown({evaluation}).find("by kind"), std::string::npos) << "data without kinds";
    evaluation.kinds = {{"colour", 0.95, 160}, {"never-asked", 0.0, 0}, {"small-print", 0.8, 40}};
    const std::string out = shown({evaluation});
    const std::size_t validation = out.find(" validation loss at iteration 500 |");
    ASSERT_NE(validation, std::string::npos) << out;
    EXPECT_EQ(out.substr(out.find('\n', validation) + 1),
              " accuracy by kind | colour: 0.9500 of 160 | small-print: 0.8000 of 40 |\n");
}

}  // namespace
}  // namespace lapidary::app
