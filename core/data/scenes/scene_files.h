// `lapidary dataset make scenes`: questions and pictures as files that any trainer can read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

#include "core/data/scenes/held_out.h"
#include "core/shared/base/result.h"

namespace lapidary::scenes {

struct SceneFilesOptions {
    Split split = Split::Train;
    std::uint64_t seed = 1;
    std::int64_t count = 100;  // questions
};

struct SceneFilesReport {
    std::filesystem::path list;  // train.jsonl or test.jsonl
    std::int64_t questions = 0;
    std::int64_t pictures = 0;
};

// Writes <folder>/<split>.jsonl, a line a question: {"id", "kind", "messages": [user: image and text, assistant: text]}, and
// <folder>/images/<split>-<seed>-<n>.png.  The split test with the evaluation's seed and count is the evaluation set.
// `progress` (may be empty): pictures written, pictures in all.  Errors: Usage (a count below 1 or above 1,000,000), Io, Cancelled.
Result<SceneFilesReport> writeSceneFiles(const std::filesystem::path& folder, const SceneFilesOptions& options,
                                         const std::function<void(std::int64_t, std::int64_t)>& progress = {},
                                         std::stop_token stop = {});

}  // namespace lapidary::scenes
