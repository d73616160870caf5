// What a recipe's data section means to a run: the mock set, the orders of samples, what is kept of pictures.
#include <gtest/gtest.h>

#include "core/shared/base/file.h"
#include "tests/core/engine/train/training_run_fixture.h"

namespace lapidary::train {
namespace {

using TrainingDataTest = TrainingRun;

TEST_F(TrainingDataTest, TheMockSetTrainsWithoutAnyFile) {
    plan::Recipe& recipe = request.recipe;
    recipe.dataset.datasetType = plan::DatasetType::Mock;
    recipe.dataset.trainDataPath.reset();
    recipe.dataset.dataloaderType = plan::DataloaderType::Single;
    recipe.validation.evalIters = 2;
    recipe.validation.evalInterval = 3;
    EXPECT_EQ(run().step, 6);
    const auto steps = all<protocol::StepEvent>();
    ASSERT_EQ(steps.size(), 6U);
    EXPECT_LT(steps.back().loss, steps.front().loss) << "the same sample each time";
    EXPECT_EQ(steps.front().targetTokens, steps.back().targetTokens);
    EXPECT_EQ(all<protocol::EvaluationEvent>().size(), 2U);
    const auto shuffled = [&](plan::SampleEpoch epoch) {
        request.folder = temp.path() / (epoch == plan::SampleEpoch::Run ? "run-epoch" : "set-epoch");
        recipe.dataset.dataloaderType = plan::DataloaderType::Cyclic;
        recipe.dataset.epoch = epoch;
        events.clear();
        run();
        return all<protocol::StepEvent>().back().loss;
    };
    EXPECT_EQ(shuffled(plan::SampleEpoch::Set), steps.back().loss) << "whatever the order";
    EXPECT_EQ(shuffled(plan::SampleEpoch::Run), steps.back().loss);
    request.folder = temp.path() / "small";
    recipe.model.seqLength = 16;
    EXPECT_NE(failure().toString().find("model.seq_length"), std::string::npos);
}

// Bridge: place i of the run's train_iters * global_batch_size is sample i modulo the set (specification megatron 6.1).
TEST_F(TrainingDataTest, AnEpochMayBeTheSetOrTheRun) {
    plan::Recipe& recipe = request.recipe;
    recipe.dataset.dataloaderType = plan::DataloaderType::Single;
    std::ofstream file(temp.path() / "train.jsonl");
    for (const char* answer : {"7", "77777777", "777777777777777777777"}) {
        file << nlohmann::json{{"prompt", "How many?"}, {"answer", answer}}.dump() << "\n";
    }
    file.close();
    recipe.train.globalBatchSize = 1;
    recipe.train.trainIters = 3;
    run();
    const auto single = all<protocol::StepEvent>();
    ASSERT_EQ(single.size(), 3U);
    const std::vector<std::int64_t> tokens{single[0].targetTokens, single[1].targetTokens, single[2].targetTokens};
    ASSERT_LT(tokens[0], tokens[1]);
    ASSERT_LT(tokens[1], tokens[2]);

    recipe.train.globalBatchSize = recipe.train.microBatchSize = 2;
    recipe.train.trainIters = 5;
    const auto steps = [&](plan::SampleEpoch epoch, const char* folder) {
        recipe.dataset.epoch = epoch;
        request.folder = temp.path() / folder;
        events.clear();
        run();
        return all<protocol::StepEvent>();
    };
    const auto ofSet = steps(plan::SampleEpoch::Set, "set");
    for (const protocol::StepEvent& step : ofSet) EXPECT_EQ(step.targetTokens, tokens[0] + tokens[1]) << "the third is dropped";
    const auto ofRun = steps(plan::SampleEpoch::Run, "whole-run");
    for (std::size_t i = 0; i < ofRun.size(); ++i) {
        EXPECT_EQ(ofRun[i].targetTokens, tokens[2 * i % 3] + tokens[(2 * i + 1) % 3]) << i;
        EXPECT_DOUBLE_EQ(ofRun[i].epoch, 2.0 * static_cast<double>(i + 1) / 3.0) << "passes over the set";
    }
    // A micro-batch larger than the set.
    recipe.train.globalBatchSize = recipe.train.microBatchSize = 4;
    recipe.train.trainIters = 1;
    EXPECT_EQ(steps(plan::SampleEpoch::Run, "large")[0].targetTokens, 2 * tokens[0] + tokens[1] + tokens[2]);
    recipe.dataset.epoch = plan::SampleEpoch::Set;
    request.folder = temp.path() / "too-large";
    EXPECT_NE(failure().message.find("one micro-batch takes 4"), std::string::npos);
}

TEST_F(TrainingDataTest, AFolderOfPicturesWithCaptionsIsASet) {
    for (int i = 0; i < 4; ++i) {
        const std::string name = "pictures/" + std::to_string(i);
        (void)temp.write(name + ".txt", "A flag, number " + std::to_string(i));
        test::writePicture(temp.path() / (name + ".png"), i);
    }
    request.recipe.dataset.datasetType = plan::DatasetType::Captions;
    request.recipe.dataset.trainDataPath.reset();
    request.recipe.dataset.imageFolder = (temp.path() / "pictures").string();
    EXPECT_EQ(run().step, 6);
    EXPECT_EQ(all<protocol::RunStartedEvent>().front().samples, 4);
}

// Bridge's arguments of a maker: a local copy, which part of it.
TEST_F(TrainingDataTest, AMakersArgumentsNameItsSet) {
    for (const char* part : {"easy", "hard"}) {
        std::string rows;
        for (int i = 0; i < (part == std::string("easy") ? 3 : 5); ++i) {
            rows += nlohmann::json{{"image_id", (temp.path() / "picture0.png").string()}, {"question", "Q?"}, {"answer", "A"}}
                        .dump() +
                    "\n";
        }
        (void)temp.write(std::string("medpix/") + part + "/train.jsonl", rows);
        (void)temp.write(std::string("medpix/") + part + "/validation.jsonl", rows);
    }
    plan::DatasetSection& section = request.recipe.dataset;
    section.datasetType = plan::DatasetType::Hf;
    section.trainDataPath.reset();
    section.makerName = "medpix";
    section.makerKwargs.json =
        nlohmann::json{{"path_or_dataset", (temp.path() / "medpix").string()}, {"subset", "hard"}}.dump();
    request.recipe.validation.evalIters = 1;
    EXPECT_EQ(run().step, 6);
    EXPECT_EQ(all<protocol::RunStartedEvent>().front().samples, 5);
    EXPECT_EQ(all<protocol::EvaluationEvent>().size(), 1U);
    section.makerKwargs.json = R"({"subsett": "hard"})";
    request.folder = temp.path() / "wrong";
    const Error error = failure();
    EXPECT_EQ(error.code, ErrorCode::Usage);
    EXPECT_NE(error.toString().find("'subsett'"), std::string::npos) << error.toString();
}

// An iteration of an evaluation is as many samples as a step, as in Bridge.
TEST_F(TrainingDataTest, EvaluationIterationsAreStepsWorthOfSamples) {
    fs::copy_file(temp.path() / "train.jsonl", temp.path() / "valid.jsonl");
    plan::Recipe& recipe = request.recipe;
    recipe.dataset.validDataPath = (temp.path() / "valid.jsonl").string();
    recipe.train.trainIters = 1;
    recipe.train.globalBatchSize = 4;
    recipe.train.microBatchSize = 1;
    const auto asked = [&](std::int64_t iterations) {
        recipe.validation.evalIters = iterations;
        request.folder = temp.path() / ("run" + std::to_string(iterations));
        events.clear();
        run();
        return all<protocol::EvaluationEvent>().at(0).kinds.at(0).count;
    };
    EXPECT_EQ(asked(1), 4);
    EXPECT_EQ(asked(2), 8);
    EXPECT_EQ(asked(9), 12) << "the whole set";
}

TEST_F(TrainingDataTest, TensorBoardHearsOfEachNthStep) {
    request.tensorboard = temp.path() / "tb";
    request.recipe.logger.tensorboardLogInterval = 3;
    run();
    std::string bytes;
    for (const auto& entry : fs::directory_iterator(request.tensorboard)) bytes += *readFile(entry.path(), 1 << 24);
    std::size_t curves = 0;
    for (std::size_t at = bytes.find("lm loss"); at != std::string::npos; at = bytes.find("lm loss", at + 1)) ++curves;
    EXPECT_EQ(curves, 2U) << "steps 3 and 6";
}

// A module of the tower that is saved as a whole learns, though the tower itself is frozen: what is kept on disk would hold it back.
TEST_F(TrainingDataTest, NothingIsKeptOfATowerThatLearnsThroughSavedModules) {
    request.recipe.peft = plan::PeftSection{};
    request.recipe.peft->dim = 4;
    request.recipe.peft->targetModules = {"linear_qkv"};
    request.recipe.peft->modulesToSave = {"post_layernorm"};
    request.recipe.model.language = plan::Training::Adapter;
    request.recipe.model.vision = request.recipe.model.projection = plan::Training::Frozen;
    std::vector<double> losses[2];
    for (const bool cache : {false, true}) {
        request.recipe.dataset.cacheVisionFeatures = cache;
        request.folder = temp.path() / (cache ? "with" : "without");
        events.clear();
        run();
        for (const auto& step : all<protocol::StepEvent>()) losses[cache ? 1 : 0].push_back(step.loss);
    }
    EXPECT_EQ(losses[0], losses[1]);
    EXPECT_FALSE(fs::exists(request.visionCache));
}

}  // namespace
}  // namespace lapidary::train
