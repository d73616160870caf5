// Options that the parts of `lapidary dataset` share: which data set, and what its samples are made with.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/lapidary/common_options.h"
#include "core/data/dataset/conversation_dataset.h"

namespace lapidary::app {

struct DatasetOptions {
    std::string data;
    std::string maker;
    std::string split = "train";
    std::string subset;
    std::string imageFolder;
    bool preloaded = false;
    std::vector<std::string> columns;  // NAME=MEANING
    std::string badRows = "stop";
    bool allowUrls = false;

    // `path`, `split`: of this set (the evaluation set has its own).
    [[nodiscard]] Result<dataset::RecordRequest> request(const std::string& path, const std::string& ofSplit) const;
};
void addDatasetOptions(CLI::App& command, DatasetOptions& options);

struct SampleOptions {
    ModelOptions model;
    PromptOptions views;
    std::int64_t maxTokens = 0;
    std::string lengthPolicy = "skip";
    std::string lossMask = "answers";

    // Nothing without a model.  Errors: those of opening it, and of checkPanAndScan.
    [[nodiscard]] Result<std::shared_ptr<const processor::Gemma3Processor>> processor(const Invocation& invocation) const;
    [[nodiscard]] Result<dataset::SampleSettings> settings(const DatasetOptions& data,
                                                           const processor::Gemma3Processor* processor) const;
};
void addSampleOptions(CLI::App& command, SampleOptions& options);

// One line on the terminal that is drawn over: "row 1,284 of 17,420".
std::function<void(std::int64_t, std::int64_t)> rowProgress(const Console& console);

}  // namespace lapidary::app
