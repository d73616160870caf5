// A training run on disk, without tensors:
//
//   RUN/recipe.json                 the recipe as it was settled
//   RUN/events.jsonl                what happened (core/shared/protocol/training_event.h)
//   RUN/lock                        held while a process writes the run
//   RUN/command                     a word for the running process (RunCommand)
//   RUN/checkpoints/iter_0000010/   complete or not there; MANIFEST.json has size and sha256 of every other file
//   RUN/set_aside/1/iter_0000020/   left behind by a run that was sent back to an earlier step; nothing reads it
//
// A checkpoint is written beside its place, synced, renamed: after kill -9 or a power cut at any byte the newest complete one is found.
// A folder that goes away during the run (removed, its disk unmounted) is an error until it is back or made anew, and then held again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::train {

enum class RunStart : std::uint8_t {
    Fresh,  // refuses a folder that holds a run already (fault 45); where a start failed before its run began there is none
    Resume,  // goes on with the run that is there
};

// Words for a running process; None where there is nothing.  Those behind Resume say what to do about a step that was in the way of a
// run that waits: "skip", "rollback", "lower_lr", "smaller", "checkpointing".
enum class RunCommand : std::uint8_t { None, Stop, Save, Pause, Resume, Skip, Rollback, LowerLr, Smaller, Checkpointing };
// "lower_lr"; empty for None.
const char* runCommandName(RunCommand command);
// None for what is no word.
RunCommand runCommandOf(std::string_view name);
std::vector<std::string> runCommandNames();

struct SavedCheckpoint {
    std::int64_t step = 0;
    std::filesystem::path folder;
    std::int64_t bytes = 0;
};

class RunFolder {
public:
    // Errors: Usage (Fresh on a folder with a run; Resume where there is none; another process of this machine writes it, or one of
    // another host may: its name is in the message), Io.
    static Result<RunFolder> open(const std::filesystem::path& root, RunStart start);
    ~RunFolder();
    RunFolder(RunFolder&& other) noexcept;
    RunFolder& operator=(RunFolder&& other) noexcept;
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& root() const { return m_root; }
    [[nodiscard]] std::filesystem::path checkpointsFolder() const { return m_root / "checkpoints"; }

    // The last sitting of a resumed run ended without a word: power, kill -9, a reset (fault 46).
    [[nodiscard]] bool wasInterrupted() const { return m_interrupted; }

    // Writes RUN/recipe.json, now and again where the folder was made anew.  Errors: Io.
    Result<void> keepRecipe(std::string text);

    // Appends whole lines, all of `lines` or nothing; a half-written one that a kill left behind was cut off when the run was opened.
    // Errors: Io, NotFound where the folder is gone.
    Result<void> appendEvent(std::string_view lines);

    // `write` fills a folder that nobody else sees; on success it is the checkpoint of `step`.  Errors: those of `write`, Io, and NotFound
    // where the run's folder is gone; the checkpoints that were there are untouched and nothing of the new one is left.
    Result<SavedCheckpoint> save(std::int64_t step,
                                 const std::function<Result<void>(const std::filesystem::path& folder)>& write);

    // Steps of the complete checkpoints, ascending.
    [[nodiscard]] std::vector<std::int64_t> checkpoints() const;
    // Reads every byte of one and compares.  Errors: InvalidFile naming the first file that differs, Cancelled.
    [[nodiscard]] Result<SavedCheckpoint> verify(std::int64_t step, std::stop_token stop = {}) const;
    // The newest that verifies; `skipped` receives a sentence for each newer one that does not.  Nothing where there is none.
    [[nodiscard]] Result<std::optional<SavedCheckpoint>> newestValid(std::vector<std::string>& skipped,
                                                                     std::stop_token stop = {}) const;
    // The newest before `step` whose own step is a multiple of `every` and that verifies, else the newest of all up to `step`; nothing
    // where there is none.
    [[nodiscard]] Result<std::optional<SavedCheckpoint>> validBefore(std::int64_t step, std::int64_t every) const;
    // Removes those behind `step`: a run that goes back to it leaves them.  Errors: that of verify(): nothing was removed then; Io.
    Result<void> removeBehind(std::int64_t step);

    // Moves those behind `step`, whole as they are, into a new folder RUN/set_aside/N and gives it; nothing where there are none.
    // Errors: Io.
    Result<std::optional<std::filesystem::path>> setAsideBehind(std::int64_t step);

    // Removes all but the newest `keep` (below 1: all stay) and those of `alwaysKeep`, only after the newest verified.
    // Errors: that of verify(): nothing was removed then; Io.
    Result<void> retain(std::int64_t keep, const std::vector<std::int64_t>& alwaysKeep);

    // Takes the word that lies in RUN/command, if any.  An unknown one is removed and becomes None; a file that is still empty stays.
    RunCommand takeCommand();

private:
    RunFolder(std::filesystem::path root, int lock) : m_root(std::move(root)), m_lock(lock) {}
    [[nodiscard]] std::filesystem::path folderOf(std::int64_t step) const;
    Result<void> remove(std::int64_t step);
    Result<void> holdOn();

    std::filesystem::path m_root;
    int m_lock = -1;  // file descriptor that holds the lock
    int m_events = -1;  // events.jsonl, opened to append
    bool m_interrupted = false;
    std::string m_recipe;
};

// Leaves a word for the process that writes the run.  Errors: NotFound where there is no run, Io.
Result<void> leaveCommand(const std::filesystem::path& root, RunCommand command);

}  // namespace lapidary::train
