// Where a run's events go: its events.jsonl, the caller (stdout, the window), TensorBoard.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/data/files/event_file.h"
#include "core/engine/train/run_folder.h"
#include "core/shared/base/clock.h"
#include "core/shared/protocol/training_event.h"

namespace lapidary::train {

// Lives on the training thread.  Nothing here stops a run: what cannot be written is told once, kept, and written when it can be (a run
// whose disk stays full waits at its next save, so that is little).
class RunLog {
public:
    using Listener = std::function<void(const protocol::TrainingEvent&)>;

    // Without a folder and a listener (the ranks but the first) nothing is told.  `clock` outlives the log.
    RunLog(RunFolder* folder, Listener listener, const Clock& clock)
        : m_folder(folder), m_listener(std::move(listener)), m_clock(clock) {}

    // Numbers and sample answers go to `tensorboard` too, those of steps at each multiple of `interval`; `firstStep`: what older files
    // say of it and later steps is void.
    void openTensorboard(const std::filesystem::path& folder, std::int64_t firstStep, std::int64_t interval);

    void write(protocol::TrainingEventBody body);
    void notice(std::int64_t step, const std::string& kind, const std::string& message);

private:
    void writeTensorboard(const protocol::TrainingEventBody& body, double time);

    RunFolder* m_folder;
    Listener m_listener;
    const Clock& m_clock;
    std::string m_unwritten;  // lines that wait for the disk
    std::optional<files::EventFile> m_tensorboard;
    std::int64_t m_tensorboardInterval = 1;
    bool m_toldOfFailure = false;
};

}  // namespace lapidary::train
