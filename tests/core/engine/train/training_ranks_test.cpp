// Runs of several ranks: the numbers of one rank, one folder, one end for all (fault 47).
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <new>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/data/files/safetensors_file.h"
#include "core/engine/train/trainer.h"
#include "core/engine/train/training_run.h"
#include "tests/support/run_ranks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::train {
namespace {

namespace fs = std::filesystem;

using test::RankEnd;
using test::runRanks;

constexpr auto kGroupTimeout = std::chrono::seconds(40);

struct Step {
    double loss = 0.0;
    double gradNorm = 0.0;
    std::int64_t targets = 0;
};

struct TrainingRanks : testing::Test {
    TrainingRanks() {
        test::buildTinyVisionModel(temp.path() / "model");
        test::writePicture(temp.path() / "picture.png");
        std::ofstream file(temp.path() / "train.jsonl");
        // Rank 1 of two gets the odd rows: never a picture.
        for (int i = 0; i < 24; ++i) {
            nlohmann::json row{{"prompt", "What is number " + std::to_string(i) + "?"},
                               {"answer", "It is " + std::string(static_cast<std::size_t>(i % 5), '7')}};
            if (i % 2 == 0) row["image"] = "picture.png";
            file << row.dump() << "\n";
        }
        request.threads = 1;
        request.visionCache = temp.path() / "cache";
        plan::Recipe& recipe = request.recipe;
        recipe.model.hfPath = (temp.path() / "model").string();
        recipe.model.seqLength = 256;
        recipe.train.trainIters = 5;
        recipe.train.globalBatchSize = 4;
        recipe.train.microBatchSize = 1;
        recipe.validation.evalIters = 0;
        recipe.optimizer.lr = 1e-3;
        recipe.dataset.trainDataPath = (temp.path() / "train.jsonl").string();
        recipe.checkpoint.saveInterval = 100;
        // The other order (cyclic) depends on the number of ranks, as Megatron's does.
        recipe.dataset.dataloaderType = plan::DataloaderType::Single;
    }

    // What each rank got: "<reason> <step> <events that it told>", or its error.
    std::vector<RankEnd> run(int ranks, const std::string& folder,
                             const std::function<void(RunRequest&, int rank, std::stop_source&)>& prepare = {}) {
        return runRanks(
            ranks,
            [&](distributed::ProcessGroup& group) {
                RunRequest mine = request;
                mine.folder = temp.path() / folder;
                std::size_t events = 0;
                std::stop_source stop;
                if (prepare) prepare(mine, group.rank(), stop);
                const auto listener = mine.onEvent;
                mine.onEvent = [&](const protocol::TrainingEvent& event) {
                    ++events;
                    if (listener) listener(event);
                };
                const auto result = runTraining(mine, group, stop.get_token());
                if (!result) return std::string(errorCodeName(result.error().code)) + "|" + result.error().toString();
                return result->reason + " " + std::to_string(result->step) + (events > 0 ? " told" : " silent");
            },
            kGroupTimeout, std::chrono::seconds(100));
    }

    std::vector<Step> stepsOf(const std::string& folder) const {
        std::vector<Step> steps;
        std::ifstream log(temp.path() / folder / "events.jsonl");
        for (std::string line; std::getline(log, line);) {
            const auto event = protocol::parseTrainingEvent(line);
            if (!event) throw std::runtime_error(event.error().toString());
            if (const auto* step = std::get_if<protocol::StepEvent>(&event->body))
                steps.push_back({step->loss, step->gradNorm, step->targetTokens});
        }
        return steps;
    }

    // Everything that learns, and its moments, of a checkpoint.
    std::map<std::string, std::vector<float>> stateOf(const std::string& folder, const std::string& iteration) const {
        const auto file = files::SafetensorsFile::open(temp.path() / folder / "checkpoints" / iteration / "state.safetensors");
        if (!file) throw std::runtime_error(file.error().toString());
        std::map<std::string, std::vector<float>> state;
        for (const auto& tensor : (*file)->tensors()) {
            if (tensor.dtype != "F32") continue;
            const auto bytes = (*file)->bytes(tensor);
            std::vector<float> values(bytes.size() / sizeof(float));
            std::memcpy(values.data(), bytes.data(), bytes.size());
            state[tensor.name] = std::move(values);
        }
        return state;
    }

    void expectSameRun(const std::string& one, const std::string& other) const {
        const auto first = stepsOf(one);
        const auto second = stepsOf(other);
        ASSERT_EQ(first.size(), 5U);
        ASSERT_EQ(second.size(), 5U);
        for (std::size_t i = 0; i < first.size(); ++i) {
            EXPECT_NEAR(first[i].loss, second[i].loss, 1e-5) << i;
            EXPECT_NEAR(first[i].gradNorm / second[i].gradNorm, 1.0, 2e-5) << i;
            EXPECT_EQ(first[i].targets, second[i].targets) << i;
        }
        const auto before = stateOf(one, "iter_0000005");
        const auto after = stateOf(other, "iter_0000005");
        ASSERT_FALSE(before.empty());
        ASSERT_EQ(before.size(), after.size());
        for (const auto& [name, values] : before) {
            ASSERT_EQ(values.size(), after.at(name).size());
            // A bias of all keys alike changes no softmax: its gradient is nothing but rounding, which AdamW blows up to whole steps.
            if (name.find("k_proj.bias") != std::string::npos) continue;
            for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(values[i], after.at(name)[i], 1e-5) << name << " " << i;
        }
    }

    void signal(const std::string& name) const { std::ofstream(temp.path() / name) << "now"; }
    // Calls `act` beside the run once the file is there.
    void onSignal(const std::string& name, std::function<void()> act) const {
        std::thread([path = temp.path() / name, act = std::move(act)] {
            while (!fs::exists(path)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
            act();
        }).detach();
    }
    // Rank 0 signals at a step.
    static void atStep(RunRequest& mine, std::int64_t wanted, std::function<void()> act) {
        mine.onEvent = [wanted, act = std::move(act)](const protocol::TrainingEvent& event) {
            const auto* step = std::get_if<protocol::StepEvent>(&event.body);
            if (step != nullptr && step->step == wanted) act();
        };
    }

    test::TempDir temp;
    RunRequest request;
};

TEST_F(TrainingRanks, TwoRanksAreOneThoughOneNeverSeesAPicture) {
    ASSERT_EQ(run(1, "one")[0].text, "done 5 told");
    const auto ends = run(2, "two");
    EXPECT_EQ(ends[0].text, "done 5 told");
    EXPECT_EQ(ends[1].text, "done 5 silent");
    expectSameRun("one", "two");
}

TEST_F(TrainingRanks, AnAdapterOfTwoRanksIsThatOfOne) {
    request.recipe.peft = plan::PeftSection();
    request.recipe.peft->targetModules = {"q_proj", "v_proj", "down_proj"};
    request.recipe.peft->dropout = 0.1;
    request.recipe.peft->dim = 8;
    request.recipe.model.vision = request.recipe.model.projection = plan::Training::Frozen;
    request.recipe.model.language = plan::Training::Adapter;
    ASSERT_EQ(run(1, "one")[0].text, "done 5 told");
    ASSERT_EQ(run(2, "two")[1].text, "done 5 silent");
    expectSameRun("one", "two");
}

TEST_F(TrainingRanks, EvaluationsAreSharedAndEndTheRunOnAllRanks) {
    std::ifstream rows(*request.recipe.dataset.trainDataPath);
    std::ofstream some(temp.path() / "valid.jsonl");
    std::string row;
    for (int i = 0; i < 7 && std::getline(rows, row); ++i) some << row << "\n";
    some.close();
    request.recipe.dataset.validDataPath = (temp.path() / "valid.jsonl").string();
    request.recipe.validation.evalIters = 2;  // of 8 samples 7 are there, an odd number: rank 1 has none of the last round
    request.recipe.validation.evalInterval = 1;
    request.recipe.validation.earlyStoppingPatience = 2;
    request.recipe.validation.earlyStoppingMinDelta = 100.0;
    ASSERT_EQ(run(1, "one")[0].text, "early_stopping 3 told");
    const auto ends = run(2, "two");
    EXPECT_EQ(ends[0].text, "early_stopping 3 told");
    EXPECT_EQ(ends[1].text, "early_stopping 3 silent");
    const auto losses = [&](const std::string& folder) {
        std::vector<double> found;
        std::ifstream log(temp.path() / folder / "events.jsonl");
        for (std::string line; std::getline(log, line);) {
            const auto event = protocol::parseTrainingEvent(line);
            if (const auto* evaluation = std::get_if<protocol::EvaluationEvent>(&event->body))
                found.push_back(evaluation->loss);
        }
        return found;
    };
    const auto one = losses("one");
    const auto two = losses("two");
    ASSERT_EQ(one.size(), 3U);
    ASSERT_EQ(two.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(one[i], two[i], 1e-5);
}

// Rank 0 answers while the other waits; neither that nor a picture that only rank 0 misses leaves anyone behind.
TEST_F(TrainingRanks, SampleAnswersAreRankZerosAndChangeNothing) {
    ASSERT_EQ(run(1, "one")[0].text, "done 5 told");
    request.recipe.validation.evalInterval = 2;
    request.recipe.validation.sampleMaxNewTokens = 8;
    request.recipe.validation.samples = {{{(temp.path() / "picture.png").string()}, "What is it?"}, {{}, "Number 3?"}};
    const auto ends = run(2, "two");
    EXPECT_EQ(ends[0].text, "done 5 told");
    EXPECT_EQ(ends[1].text, "done 5 silent");
    expectSameRun("one", "two");
    std::ifstream log(temp.path() / "two" / "events.jsonl");
    std::vector<std::int64_t> steps;
    for (std::string line; std::getline(log, line);) {
        const auto event = protocol::parseTrainingEvent(line);
        if (const auto* answer = std::get_if<protocol::SampleAnswerEvent>(&event->body)) steps.push_back(answer->step);
    }
    EXPECT_EQ(steps, (std::vector<std::int64_t>{2, 2, 4, 4, 5, 5}));
    request.recipe.validation.samples[0].images = {"/nonexistent.png"};
    for (const RankEnd& end : run(2, "missing")) EXPECT_TRUE(end.text.starts_with("not_found|")) << end.text;
}

TEST_F(TrainingRanks, ResumedIsUninterruptedAndAnotherWorldIsRefused) {
    ASSERT_EQ(run(2, "whole")[0].text, "done 5 told");
    request.recipe.train.exitInterval = 2;
    ASSERT_EQ(run(2, "parts")[1].text, "stopped 2 silent");
    request.recipe.train.exitInterval.reset();
    request.resume = true;
    const auto alone = run(1, "parts");
    EXPECT_TRUE(alone[0].text.starts_with("different|")) << alone[0].text;
    EXPECT_NE(alone[0].text.find("ranks: 2 -> 1"), std::string::npos) << alone[0].text;
    for (const RankEnd& end : run(3, "parts")) EXPECT_FALSE(end.text.starts_with("done")) << "4 samples are not for 3 ranks";
    EXPECT_EQ(run(2, "parts")[0].text, "done 5 told");
    EXPECT_EQ(stateOf("whole", "iter_0000005"), stateOf("parts", "iter_0000005")) << "bit for bit";
}

TEST_F(TrainingRanks, AStopThatReachedOneRankEndsAllWithACheckpoint) {
    request.recipe.train.trainIters = 2000;
    const auto ends = run(2, "run", [&](RunRequest& mine, int rank, std::stop_source& stop) {
        if (rank == 0) atStep(mine, 2, [&] { signal("stop"); });
        if (rank == 1) onSignal("stop", [stop]() mutable { stop.request_stop(); });
    });
    EXPECT_TRUE(ends[0].text.starts_with("stopped ")) << ends[0].text;
    EXPECT_TRUE(ends[1].text.starts_with("stopped ")) << ends[1].text;
    EXPECT_FALSE(fs::is_empty(temp.path() / "run" / "checkpoints"));
}

using Fault47 = TrainingRanks;
TEST_F(Fault47, AKilledRankEndsTheRunAsOneClearError) {
    request.recipe.train.trainIters = 2000;
    const auto begin = std::chrono::steady_clock::now();
    const auto ends = run(2, "run", [&](RunRequest& mine, int rank, std::stop_source&) {
        if (rank == 0) atStep(mine, 3, [&] { signal("die"); });
        if (rank == 1) onSignal("die", [] { ::raise(SIGKILL); });
    });
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(2));
    EXPECT_EQ(ends[1].code, 128 + SIGKILL);
    EXPECT_TRUE(ends[0].text.starts_with("child_died|")) << ends[0].text;
    EXPECT_NE(ends[0].text.find("rank 1 ended in "), std::string::npos) << ends[0].text;
}

TEST_F(Fault47, WhatOneRankCannotReadIsEverybodysError) {
    const auto ends = run(2, "run", [&](RunRequest& mine, int rank, std::stop_source&) {
        if (rank == 1) mine.recipe.dataset.trainDataPath = "/nonexistent/train.jsonl";
    });
    EXPECT_TRUE(ends[0].text.starts_with("not_found|rank 1: ")) << ends[0].text;
    EXPECT_EQ(ends[0].text, ends[1].text);
}

TEST_F(Fault47, RanksWithDifferentRecipesAreTold) {
    const auto ends = run(2, "run", [&](RunRequest& mine, int rank, std::stop_source&) {
        if (rank == 1) mine.recipe.optimizer.lr = 2e-3;
    });
    for (const RankEnd& end : ends) EXPECT_TRUE(end.text.starts_with("different|")) << end.text;
}

// A loss whose gradient is the rank's number + 1; out of memory where asked.
class FakeObjective final : public Objective {
public:
    FakeObjective(at::Tensor parameter, int rank) : m_parameter(std::move(parameter)), m_rank(rank) {}
    std::int64_t targets(const MicroBatch&) const override { return 1; }
    Result<double> accumulate(const MicroBatch&, double scale, std::stop_token) override {
        if (outOfMemory) throw std::bad_alloc();
        m_parameter.mutable_grad() = at::full({3}, scale * (m_rank + 1), at::TensorOptions(at::kFloat));
        return loss;
    }
    Result<Tally> evaluate(const MicroBatch&, std::stop_token) const override { return Tally(); }
    bool outOfMemory = false;
    double loss = 1.0;

private:
    at::Tensor m_parameter;
    int m_rank;
};

TEST(TrainerRanks, OutOfMemoryOnOneRankIsTheStepsErrorOnAllAndTheNextStepWorks) {
    const auto ends = runRanks(2, [](distributed::ProcessGroup& group) {
        const at::Tensor parameter = at::zeros({3}, at::TensorOptions(at::kFloat));
        FakeObjective objective(parameter, group.rank());
        TrainerSettings settings;
        settings.schedule.maximum = 0.1;
        Trainer trainer(objective, {{"p", parameter, plan::Part::Language, false, 1.0}}, settings, group);
        MicroBatch batch;
        batch.sampleIds = {"row " + std::to_string(group.rank())};
        objective.outOfMemory = group.rank() == 1;
        const auto failed = trainer.step({&batch, 1});
        std::string text = failed ? "no error" : errorCodeName(failed.error().code);
        objective.outOfMemory = false;
        const auto good = trainer.step({&batch, 1});
        text += good ? " " + std::to_string(good->gradNorm).substr(0, 6) : good.error().toString();
        if (group.rank() == 1) objective.loss = std::nan("");
        const auto refused = trainer.step({&batch, 1});
        return text + " " + (refused ? refused->where : refused.error().toString());
    });
    // (1 + 2) / 2 targets in each of three elements: 1.5 · √3.
    for (const RankEnd& end : ends) EXPECT_EQ(end.text, "out_of_memory 2.5980 rank 1: samples row 1");
}

}  // namespace
}  // namespace lapidary::train
