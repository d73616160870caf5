// What a run does about steps that cannot be trusted or do not fit into memory (faults 37, 36), by its recipe or by a person's word,
// and the words that it takes from RUN/command.
#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "core/engine/distributed/agreement.h"
#include "core/engine/train/on_this_rank.h"
#include "core/engine/train/run_loop.h"

namespace lapidary::train {
namespace {

constexpr auto kPollPause = std::chrono::milliseconds(100);
constexpr double kLowered = 0.5;  // of the learning rate

Error noHelp(const std::string& why) { return Error{ErrorCode::Usage, why, ""}; }

RunCommand remedyOf(plan::BadStepPolicy policy) {
    switch (policy) {
        case plan::BadStepPolicy::Stop: return RunCommand::Stop;
        case plan::BadStepPolicy::Pause: return RunCommand::Pause;
        case plan::BadStepPolicy::Skip: return RunCommand::Skip;
        case plan::BadStepPolicy::Rollback: return RunCommand::Rollback;
        case plan::BadStepPolicy::LowerLr: return RunCommand::LowerLr;
    }
    return RunCommand::Stop;
}

RunCommand remedyOf(plan::MemoryPolicy policy) {
    switch (policy) {
        case plan::MemoryPolicy::Pause: return RunCommand::Pause;
        case plan::MemoryPolicy::Stop: return RunCommand::Stop;
        case plan::MemoryPolicy::Smaller: return RunCommand::Smaller;
        case plan::MemoryPolicy::Skip: return RunCommand::Skip;
    }
    return RunCommand::Stop;
}

}  // namespace

// What a person can do, in plain words.
std::string RunLoop::offer(Trouble trouble) const {
    const std::string file = (m_request.folder / "command").string();
    const std::string ends = "'resume' (try again as it is) or 'stop'; write one into " + file;
    if (trouble == Trouble::BadStep) {
        return "'skip' (pass over these samples), 'rollback' (back to the checkpoint before, then behind these samples), "
               "'lower_lr' "
               "(pass over them and halve the learning rate), " +
               ends;
    }
    return "'smaller' (the same sums in micro-batches of half the size; train.on_out_of_memory=smaller does so by itself), "
           "'checkpointing' (activations computed again instead of kept: the same numbers, more time), 'skip' (pass over "
           "these samples), " +
           ends;
}

Result<void> RunLoop::meet(Trouble trouble, const std::string& what, const std::stop_token& stop) {
    const bool bad = trouble == Trouble::BadStep;
    m_parts.trainer.optimizer().clearGradients();
    m_parts.log.notice(m_counters.step + 1, bad ? "refused_step" : "out_of_memory", what + "; nothing was applied");
    const plan::TrainSection& train = m_request.recipe.train;
    const RunCommand remedy = bad ? remedyOf(train.onBadStep) : remedyOf(train.onOutOfMemory);
    const std::int64_t used = m_counters.troubles.remedies();
    std::string why;
    if (remedy == RunCommand::Pause) {
        RETURN_IF_ERROR(save(stop));
        m_trouble = trouble;
        m_pause.emplace(m_time);
        m_parts.log.notice(m_counters.step, "paused", "the run is saved and waits for a word: " + offer(trouble));
        return {};
    }
    if (remedy != RunCommand::Stop && used < train.remedyLimit) {
        const Result<std::string> done = apply(remedy, trouble);
        if (done) {
            m_parts.log.notice(m_counters.step, "remedy", *done);
            return {};
        }
        if (done.error().code != ErrorCode::Usage) return done.error();
        why = "; " + done.error().message;
    } else if (remedy != RunCommand::Stop) {
        why = "; the run has helped itself " + std::to_string(used) + " times, which is train.remedy_limit";
    }
    if (!bad) {
        return Error{
            ErrorCode::OutOfMemory,
            what + why +
                "; nothing was applied and the run is saved.  To go on: --resume with train.activation_checkpointing=true, "
                "or with train.on_out_of_memory=smaller (the same sums in smaller micro-batches) or =skip",
            ""};
    }
    passOver();
    return Error{ErrorCode::InvalidData,
                 what + why +
                     "; the step was not applied and the run is saved.  To go on behind these samples: --resume, also with "
                     "train.on_bad_step=skip, rollback or lower_lr",
                 ""};
}

Result<std::string> RunLoop::apply(RunCommand remedy, Trouble trouble) {
    const bool bad = trouble == Trouble::BadStep;
    switch (remedy) {
        case RunCommand::Skip:
            passOver();
            ++m_counters.troubles.skipped;
            return std::string("the samples are passed over");
        case RunCommand::LowerLr:
            if (!bad) break;
            passOver();
            ++m_counters.troubles.lowered;
            m_counters.learningRateFactor *= kLowered;
            m_parts.trainer.setLearningRateFactor(m_counters.learningRateFactor);
            return "the samples are passed over, and the learning rate is " + std::to_string(m_counters.learningRateFactor) +
                   " times the schedule's from here on";
        case RunCommand::Rollback:
            if (!bad) break;
            return rollBack();
        case RunCommand::Smaller:
        case RunCommand::Checkpointing:
            if (bad) break;
            if (remedy == RunCommand::Smaller && m_counters.microBatchParts < m_request.recipe.train.microBatchSize) {
                m_counters.microBatchParts = std::min(2 * m_counters.microBatchParts, m_request.recipe.train.microBatchSize);
                ++m_counters.troubles.spared;
                return "micro-batches are computed in " + std::to_string(m_counters.microBatchParts) +
                       " parts from here on: the same sums";
            }
            return needLess();
        default: break;
    }
    return noHelp(std::string("'") + runCommandName(remedy) + "' is no help against " +
                  (bad ? "a step that cannot be trusted" : "a step that does not fit into memory"));
}

// Where a single sample does not fit.
Result<std::string> RunLoop::needLess() {
    if (!m_parts.objective.saveMemory()) return noHelp("no way is left to compute this step in less memory");
    m_counters.recomputes = true;
    ++m_counters.troubles.spared;
    return std::string("activations are computed again instead of kept from here on: the same numbers, more time");
}

// Weights, moments and counters of the checkpoint before, the data as far as they are; what was saved behind it is left.  Only those that
// the interval asked for are gone back to: in how many sittings a run was made must not decide where it goes.
Result<std::string> RunLoop::rollBack() {
    const RunCounters now = m_counters;
    const std::int64_t every = m_request.recipe.checkpoint.saveInterval;
    ASSIGN_OR_RETURN(const std::string folder, distributed::byFirstRank(m_parts.group, [&] {
                         return onThisRank([&]() -> Result<std::string> {
                             ASSIGN_OR_RETURN(const auto before, m_parts.folder->validBefore(now.step, every));
                             if (!before) return noHelp("there is no checkpoint to go back to");
                             RETURN_IF_ERROR(m_parts.folder->removeBehind(before->step));
                             return before->folder.string();
                         });
                     }));
    const Result<RunCounters> saved = onThisRank([&]() -> Result<RunCounters> {
        ASSIGN_OR_RETURN(const SavedState state, readSavedState(folder));
        RETURN_IF_ERROR(restoreTrainingState(folder, m_parts.trainer.optimizer()));
        return state.counters;
    });
    if (const auto restored = distributed::agree(m_parts.group, saved ? Result<void>() : Result<void>(saved.error()));
        !restored) {
        m_cannotSave = true;  // some ranks may have gone back
        return restored.error().within("going back to '" + folder + "'");
    }
    m_saved = SavedCheckpoint{saved->step, folder, 0};
    m_savedCounters = *saved;
    m_counters = *saved;
    m_counters.consumedSamples = now.consumedSamples;
    m_counters.troubles = now.troubles;
    m_counters.learningRateFactor = now.learningRateFactor;
    m_counters.microBatchParts = now.microBatchParts;
    m_counters.recomputes = now.recomputes;
    passOver();
    ++m_counters.troubles.rollbacks;
    m_parts.trainer.restore(m_counters.step, m_counters.recentLoss);
    return "back at step " + std::to_string(m_counters.step) + ", behind these samples";
}

// The word that lies in the run's folder is rank 0's to take; any rank may have been asked to stop.
Result<void> RunLoop::obey(const std::stop_token& stop) {
    do {
        const RunCommand found = m_parts.folder != nullptr ? m_parts.folder->takeCommand() : RunCommand::None;
        ASSIGN_OR_RETURN(const auto sums,
                         distributed::sumOverRanks(m_parts.group, {static_cast<std::int64_t>(found),
                                                                   stop.stop_requested() ? 1 : 0, outOfTime() ? 1 : 0}));
        RETURN_IF_ERROR(follow(static_cast<RunCommand>(sums[0]), stop));
        if (sums[1] > 0 || (m_pause && sums[2] > 0)) m_reason = "stopped";
        if (m_pause && m_reason.empty()) std::this_thread::sleep_for(kPollPause);
    } while (m_pause && m_reason.empty());
    return {};
}

Result<void> RunLoop::follow(RunCommand word, const std::stop_token& stop) {
    switch (word) {
        case RunCommand::None: return {};
        case RunCommand::Stop: m_reason = "stopped"; return {};
        case RunCommand::Save: return save(stop);
        case RunCommand::Pause:
            if (m_pause) return {};
            RETURN_IF_ERROR(save(stop));
            m_pause.emplace(m_time);
            m_parts.log.notice(m_counters.step, "paused", "waiting for 'resume' or 'stop'");
            return {};
        case RunCommand::Resume:
            if (!m_pause) return {};
            m_pause.reset();
            m_trouble.reset();
            m_parts.log.notice(m_counters.step, "resumed", "");
            return {};
        default: return answer(word, stop);
    }
}

// What a person chose lasts: it is saved at once.
Result<void> RunLoop::answer(RunCommand word, const std::stop_token& stop) {
    if (!m_trouble) {
        m_parts.log.notice(m_counters.step, "warning",
                           std::string("'") + runCommandName(word) + "' says what to do about a step; none is in the way");
        return {};
    }
    const Result<std::string> done = apply(word, *m_trouble);
    if (!done && done.error().code != ErrorCode::Usage) return done.error();
    if (!done) {
        m_parts.log.notice(m_counters.step, "warning", done.error().message + "; the run still waits: " + offer(*m_trouble));
        return {};
    }
    m_parts.log.notice(m_counters.step, "remedy", *done);
    m_trouble.reset();
    m_pause.reset();
    RETURN_IF_ERROR(save(stop));
    m_parts.log.notice(m_counters.step, "resumed", "");
    return {};
}

}  // namespace lapidary::train
