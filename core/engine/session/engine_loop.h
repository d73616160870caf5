// `lapidary engine`: JSON lines in, events out (core/shared/protocol/README.md).
//   reader thread (the caller's)  parses, answers hello and cancel at once, hands the rest on
//   model thread                  load, unload, chat: owns all tensors
//   picture thread                preview, thumbnail, count, forecast
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "core/shared/base/result.h"

namespace lapidary::session {

struct EngineOptions {
    int inputFd = 0;
    int outputFd = 1;  // events alone; the caller keeps libraries' prints away from it
    std::string version;
    std::filesystem::path runtimeFolder;
};

// Runs until the input ends, the other side stops listening, or `stop` is asked; open requests are then cancelled, and each is
// still answered.  Errors: Cancelled after `stop`; Io when the input cannot be read.
Result<void> runEngine(const EngineOptions& options, std::stop_token stop);

}  // namespace lapidary::session
