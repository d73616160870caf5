// Weights & Biases as a guest: `wandb sync` uploads the run's TensorBoard files, as a process of its own that training never waits
// for.  The files on disk are the queue: what a sync without a network leaves, a later one takes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::net {

struct WandbSettings {
    std::string project;  // logger.wandb_project
    std::optional<std::string> entity;
    std::string runId;  // the same in every sync of a run: letters, digits, '-' and '_'
    std::filesystem::path tensorboard;  // folder of event files
    std::filesystem::path log;  // what wandb says; its lock lies beside it
};

// Lives on one thread.
class WandbSync {
public:
    // `apiKey`: WANDB_API_KEY; `searchPath`: PATH.
    WandbSync(WandbSettings settings, const std::optional<std::string>& apiKey, const std::string& searchPath);
    // Lets a running upload go on: it outlives the run.
    ~WandbSync();
    WandbSync(const WandbSync&) = delete;
    WandbSync& operator=(const WandbSync&) = delete;

    // Empty, or one sentence why nothing is uploaded.
    [[nodiscard]] const std::string& whyOff() const { return m_whyOff; }

    enum class Outcome : std::uint8_t { Off, Started, StillBusy };
    // Starts an upload unless one of this run is still going on (also one that another process started).  Never blocks.
    // Errors: Io when it cannot be started; training goes on.
    Result<Outcome> start();
    // What a person types to upload later.
    [[nodiscard]] std::string command() const;

private:
    [[nodiscard]] std::vector<std::string> arguments() const;
    void reap();

    WandbSettings m_settings;
    std::filesystem::path m_program;
    std::string m_whyOff;
    std::vector<pid_t> m_children;
};

// A run id made of `text`: what is no letter, digit, '-' or '_' becomes '-'; at most 64 bytes.
std::string wandbRunId(const std::string& text);

}  // namespace lapidary::net
