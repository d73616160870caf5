// Whole runs on tiny models, for the tests of them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/engine/distributed/local_group.h"
#include "core/engine/train/training_run.h"
#include "tests/core/engine/train/run_events.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_device.h"
#include "tests/support/tiny_model.h"

namespace lapidary::train {

namespace fs = std::filesystem;

using Bytes = std::map<std::string, std::string>;

// Every tensor of a model folder, as bytes.
inline Bytes tensorsOf(const fs::path& folder) {
    const auto opened = checkpoint::openCheckpoint(folder);
    if (!opened) throw std::runtime_error(opened.error().toString());
    Bytes bytes;
    for (const std::string& name : opened->tensors->names()) {
        const auto tensor = opened->tensors->tensor(name);
        bytes[name] = std::string(reinterpret_cast<const char*>(tensor->bytes.data()), tensor->bytes.size());
    }
    return bytes;
}

struct TrainingRun : testing::Test, RunEvents {
    TrainingRun() {
        test::buildTinyVisionModel(temp.path() / "model");
        writeData(12);
        request.folder = temp.path() / "run";
        request.threads = 1;
        request.device = test::testDevice();
        request.visionCache = temp.path() / "vision";
        request.onEvent = [this](const protocol::TrainingEvent& event) { hear(event); };
        plan::Recipe& recipe = request.recipe;
        recipe.model.hfPath = (temp.path() / "model").string();
        recipe.model.seqLength = 256;
        recipe.train.trainIters = 6;
        recipe.train.globalBatchSize = 2;
        recipe.validation.evalIters = 0;
        recipe.optimizer.lr = 3e-3;
        recipe.dataset.trainDataPath = (temp.path() / "train.jsonl").string();
        recipe.checkpoint.saveInterval = 2;
    }

    void writeData(int rows) {
        std::ofstream file(temp.path() / "train.jsonl");
        for (int i = 0; i < rows; ++i) {
            const std::string picture = "picture" + std::to_string(i % 3) + ".png";
            test::writePicture(temp.path() / picture, i % 3);
            file << nlohmann::json{{"prompt", "What is number " + std::to_string(i) + "?"},
                                   {"answer", "It is " + std::to_string(i * 7)},
                                   {"image", picture}}
                        .dump()
                 << "\n";
        }
    }
    RunResult run() {
        Result<RunResult> result = runTraining(request, group);
        if (!result) throw std::runtime_error(result.error().toString());
        return std::move(*result);
    }
    void say(RunCommand word) const { ASSERT_TRUE(leaveCommand(request.folder, word)); }
    Error failure() {
        Result<RunResult> result = runTraining(request, group);
        if (result) throw std::runtime_error("the run should have failed");
        return result.error();
    }

    test::TempDir temp;
    distributed::LocalGroup group;
    RunRequest request;
};

}  // namespace lapidary::train
