#include "app/lapidary/dataset_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>

namespace lapidary::app {

Result<dataset::RecordRequest> DatasetOptions::request(const std::string& path, const std::string& ofSplit) const {
    dataset::RecordRequest request;
    request.path = path;
    request.maker = maker;
    request.split = ofSplit;
    request.subset = subset;
    request.pictureFolder = imageFolder;
    if (preloaded) request.markers = dataset::MarkerNumbering::RestartInEachTurn;
    for (const std::string& column : columns) {
        const std::size_t equals = column.find('=');
        const std::string meaning = equals == std::string::npos ? "" : column.substr(equals + 1);
        static const std::vector<std::string> kMeanings{"messages", "prompt", "answer", "system", "image", "id"};
        if (std::find(kMeanings.begin(), kMeanings.end(), meaning) == kMeanings.end()) {
            return Error{ErrorCode::Usage,
                         "--column wants NAME=MEANING with messages, prompt, answer, system, image or id, not '" + column + "'",
                         ""};
        }
        request.columns[column.substr(0, equals)] = meaning;
    }
    return request;
}

void addDatasetOptions(CLI::App& command, DatasetOptions& options) {
    command
        .add_option("--data,data", options.data,
                    "a file (.jsonl .json .csv .parquet .arrow), a folder, or an id in the Hugging Face cache")
        ->type_name("PATH");
    command.add_option("--maker", options.maker, "columns as this maker knows them: cord_v2, medpix, raven, rdr")
        ->type_name("NAME");
    command.add_option("--split", options.split, "which files of a folder")->capture_default_str()->type_name("NAME");
    command.add_option("--subset", options.subset, "folder inside a repository")->type_name("NAME");
    command
        .add_option("--image-folder", options.imageFolder, "where relative picture paths begin (default: beside the data file)")
        ->type_name("DIR");
    command.add_flag("--preloaded", options.preloaded,
                     "number <image> markers as Megatron-Bridge's preloaded provider: anew in each message");
    command.add_option("--column", options.columns, "what a column means, where its name does not tell (repeatable)")
        ->type_name("NAME=MEANING")
        ->allow_extra_args(false);
    command.add_option("--bad-rows", options.badRows, "rows that cannot be used")
        ->check(CLI::IsMember({"stop", "skip"}))
        ->capture_default_str()
        ->type_name("stop|skip");
    command.add_flag("--allow-urls", options.allowUrls, "follow https addresses of pictures inside the data set");
}

void addSampleOptions(CLI::App& command, SampleOptions& options) {
    addCheckpointOptions(command, options.model);
    addViewOptions(command, options.views);
    command.add_option("--max-tokens,--seq-length", options.maxTokens, "longest sample in tokens; 0: any length")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40))
        ->type_name("N");
    command.add_option("--length-policy", options.lengthPolicy, "samples that are longer; pictures are never cut")
        ->check(CLI::IsMember({"skip", "fail", "split_text"}))
        ->capture_default_str()
        ->type_name("skip|fail|split_text");
    command
        .add_option("--loss-mask", options.lossMask,
                    "what is learned: answers with <end_of_turn>, or Megatron-Bridge 0.2's search for their texts")
        ->check(CLI::IsMember({"answers", "search"}))
        ->capture_default_str()
        ->type_name("answers|search");
}

Result<std::shared_ptr<const processor::Gemma3Processor>> SampleOptions::processor(const Invocation& invocation) const {
    RETURN_IF_ERROR(checkPanAndScan(views));
    if (model.model().empty()) return std::shared_ptr<const processor::Gemma3Processor>();
    ASSIGN_OR_RETURN(const session::OpenedCheckpoint opened, openCheckpointOf(model, invocation));
    return opened.processor;
}

Result<dataset::SampleSettings> SampleOptions::settings(const DatasetOptions& data,
                                                        const processor::Gemma3Processor* processor) const {
    dataset::SampleSettings settings;
    ASSIGN_OR_RETURN(settings.mask, dataset::lossMaskMode(lossMask));
    ASSIGN_OR_RETURN(settings.length, dataset::lengthPolicy(lengthPolicy));
    settings.maxTokens = maxTokens;
    settings.urls = data.allowUrls ? image::UrlConsent::Allow : image::UrlConsent::Refuse;
    if (processor != nullptr) settings.views = viewSettings(views, processor->imageProcessor().settings());
    return settings;
}

std::function<void(std::int64_t, std::int64_t)> rowProgress(const Console& console) {
    if (!console.progressWanted()) return {};
    auto last = std::make_shared<std::chrono::steady_clock::time_point>();
    return [last](std::int64_t row, std::int64_t rows) {
        const auto now = std::chrono::steady_clock::now();
        if (row < rows && now - *last < std::chrono::milliseconds(100)) return;
        *last = now;
        std::cerr << "\r\033[K";
        if (row < rows) std::cerr << "row " << row + 1 << " of " << rows;
        std::cerr << std::flush;
    };
}

}  // namespace lapidary::app
