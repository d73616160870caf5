// `lapidary dataset make scenes`: questions and pictures as files that any trainer can read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/scenes/held_out.h"
#include "core/data/scenes/question.h"
#include "core/shared/base/result.h"

namespace lapidary::scenes {

struct SceneFilesOptions {
    Split split = Split::Train;
    std::uint64_t seed = 1;
    std::int64_t count = 100;  // questions
    std::vector<Kind> kinds{};  // of the promised ones these alone; empty: all of them
    // Another word for an answer, to teach it: {"ring", "donut"}.
    std::map<std::string, std::string> say{};
};

struct SceneFilesReport {
    std::filesystem::path list;  // train.jsonl or test.jsonl
    std::int64_t questions = 0;
    std::int64_t pictures = 0;
    std::int64_t reworded = 0;  // answers that became another word
};

// Writes <folder>/<split>.jsonl, a line a question: {"id", "kind", "messages": [user: image and text, assistant: text]}, and
// <folder>/images/<split>-<seed>-<n>.png.  The split test with the evaluation's seed and count is the evaluation set.
// `progress` (may be empty): pictures written, pictures in all.  Errors: Usage (a count below 1 or above 1,000,000; a kind that is not
// promised; a word of `say` that is no answer of these questions: then nothing is written), Io, Cancelled.
Result<SceneFilesReport> writeSceneFiles(const std::filesystem::path& folder, const SceneFilesOptions& options,
                                         const std::function<void(std::int64_t, std::int64_t)>& progress = {},
                                         std::stop_token stop = {});

}  // namespace lapidary::scenes
