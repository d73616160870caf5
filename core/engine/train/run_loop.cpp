#include "core/engine/train/run_loop.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "core/engine/distributed/agreement.h"
#include "core/engine/train/on_this_rank.h"

namespace lapidary::train {
namespace {

constexpr auto kPollPause = std::chrono::milliseconds(100);
constexpr auto kSavePause = std::chrono::seconds(5);

double secondsSince(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// FNV-1a of a tensor's bytes: tells whether it moved, nothing more.
std::uint64_t hashOf(const at::Tensor& tensor) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    const auto* const bytes = static_cast<const std::uint8_t*>(tensor.const_data_ptr());
    for (std::size_t i = 0; i < tensor.nbytes(); ++i) hash = (hash ^ bytes[i]) * 0x100000001B3U;
    return hash;
}

bool waitSomeSeconds(const std::stop_token& stop) {
    const auto end = std::chrono::steady_clock::now() + kSavePause;
    while (std::chrono::steady_clock::now() < end) {
        if (stop.stop_requested()) return false;
        std::this_thread::sleep_for(kPollPause);
    }
    return true;
}

// What a person can mend while the run waits: no space, no permission, a folder that went away.
bool isOfTheDisk(const Error& error) {
    return error.code == ErrorCode::Io || error.code == ErrorCode::NotFound || error.code == ErrorCode::InvalidFile;
}

const char* refusalName(StepRefusal refusal) {
    switch (refusal) {
        case StepRefusal::NotFiniteLoss: return "the loss is not finite";
        case StepRefusal::NotFiniteGradient: return "a gradient is not finite";
        case StepRefusal::LossSpike: return "the loss jumped";
    }
    return "";
}

}  // namespace

RunLoop::RunLoop(const RunRequest& request, const RunParts& parts, dataset::SampleOrder order, const RunCounters& counters)
    : m_request(request), m_parts(parts), m_order(std::move(order)), m_counters(counters) {
    if (request.recipe.train.noOpCheckSteps < 1) return;  // nobody will ask
    for (const TrainableParameter& parameter : parts.trainer.optimizer().parameters()) {
        m_startHashes[parameter.name] = hashOf(parameter.tensor);
    }
}

std::vector<std::int64_t> RunLoop::indicesOf(std::int64_t consumed) const {
    return m_order.microBatch(consumed, m_parts.group.rank());
}

Result<RunResult> RunLoop::run(std::stop_token stop) {
    const plan::TrainSection& train = m_request.recipe.train;
    while (m_reason.empty() && m_counters.step < train.trainIters) {
        RETURN_IF_ERROR(obey(stop));
        if (!m_reason.empty()) break;
        RETURN_IF_ERROR(checkData());
        RETURN_IF_ERROR(oneStep());
        ASSIGN_OR_RETURN(const Next next, afterStep(stop));
        if (next == Next::Leave) break;
    }
    if (m_reason.empty()) m_reason = "done";
    if (!m_saved || m_saved->step != m_counters.step) RETURN_IF_ERROR(save(stop));
    RunResult result;
    result.step = m_counters.step;
    result.reason = m_reason;
    result.checkpoint = m_saved->folder;
    m_parts.log.write(protocol::RunFinishedEvent{result.step, result.reason, "", result.checkpoint.string()});
    return result;
}

Result<RunLoop::Next> RunLoop::afterStep(const std::stop_token& stop) {
    const plan::Recipe& recipe = m_request.recipe;
    RETURN_IF_ERROR(checkThatSomethingMoves());
    const bool last = m_counters.step == recipe.train.trainIters;
    const bool evaluates = due(recipe.validation.evalInterval) || last;
    if (evaluates && m_parts.data.validation != nullptr && recipe.validation.evalIters > 0) RETURN_IF_ERROR(evaluate(stop));
    if (evaluates && answersSamples(recipe)) RETURN_IF_ERROR(answerSamples(stop));
    if (due(recipe.checkpoint.saveInterval) && !last) RETURN_IF_ERROR(save(stop));
    if (recipe.train.exitInterval && due(*recipe.train.exitInterval)) m_reason = "stopped";
    if (recipe.train.exitDurationInMins) {
        ASSIGN_OR_RETURN(const bool late, distributed::anyRank(m_parts.group, outOfTime()));
        if (late) m_reason = "stopped";
    }
    return m_reason.empty() ? Next::GoOn : Next::Leave;
}

bool RunLoop::outOfTime() const {
    const auto& limit = m_request.recipe.train.exitDurationInMins;
    return limit && secondsSince(m_begin) > *limit * 60.0;
}

Result<std::vector<MicroBatch>> RunLoop::nextBatches() {
    const plan::TrainSection& train = m_request.recipe.train;
    const std::int64_t ranks = m_parts.group.size();
    const std::int64_t perMicro = train.microBatchSize * ranks;
    const std::int64_t micros = train.globalBatchSize / perMicro;
    std::vector<MicroBatch> batches;
    for (std::int64_t i = 0; i < micros; ++i) {
        const std::int64_t consumed = m_counters.consumedSamples + i * perMicro;
        ASSIGN_OR_RETURN(MicroBatch batch, m_parts.data.training->batch(indicesOf(consumed), indicesOf(consumed + perMicro)));
        batch.seed = static_cast<std::uint64_t>(m_request.recipe.rng.seed) * 0x9E3779B97F4A7C15U +
                     static_cast<std::uint64_t>(consumed + m_parts.group.rank());
        batches.push_back(std::move(batch));
    }
    return batches;
}

Result<void> RunLoop::oneStep() {
    const plan::TrainSection& train = m_request.recipe.train;
    const auto begin = std::chrono::steady_clock::now();
    const Result<std::vector<MicroBatch>> batches = onThisRank([this] { return nextBatches(); });
    RETURN_IF_ERROR(distributed::agree(m_parts.group, batches ? Result<void>() : Result<void>(batches.error())));
    const Result<StepReport> report = onThisRank([&] { return m_parts.trainer.step(*batches); });
    if (!report) {
        Error error = report.error().within("step " + std::to_string(m_counters.step + 1));
        if (error.code == ErrorCode::OutOfMemory) {
            m_parts.trainer.optimizer().clearGradients();
            error.message +=
                "; nothing was applied and the run is saved.  A smaller train.micro_batch_size computes the same, so does "
                "train.activation_checkpointing=true";
            RETURN_IF_ERROR(save({}));
        }
        return error;
    }
    m_counters.consumedSamples += train.globalBatchSize;
    if (report->refusal) return refuse(*report);
    ++m_counters.step;
    m_counters.recentLoss = m_parts.trainer.recentLoss();
    tellStep(*report, secondsSince(begin));
    return {};
}

// The weights are those of the last good step; they are saved, so that a person can decide.
Result<void> RunLoop::refuse(const StepReport& report) {
    const std::string what =
        std::string(refusalName(*report.refusal)) + " at step " + std::to_string(report.step + 1) + ": " + report.where;
    m_parts.log.notice(report.step + 1, "refused_step", what);
    m_parts.trainer.optimizer().clearGradients();
    RETURN_IF_ERROR(save({}));
    return Error{ErrorCode::InvalidData,
                 what + "; the step was not applied.  Go on behind these samples by --resume, or with a smaller optimizer.lr",
                 ""};
}

void RunLoop::tellStep(const StepReport& report, double seconds) {
    protocol::StepEvent event;
    event.step = m_counters.step;
    event.loss = report.loss;
    event.learningRate = report.learningRate;
    event.gradNorm = report.gradNorm;
    event.seconds = seconds;
    event.tokensPerSecond = static_cast<double>(report.tokens) / seconds;
    event.targetTokens = report.targetTokens;
    event.consumedSamples = m_counters.consumedSamples;
    event.epoch = static_cast<double>(m_counters.consumedSamples) / static_cast<double>(m_order.samplesPerPass());
    m_parts.log.write(event);
}

Result<void> RunLoop::checkThatSomethingMoves() {
    const std::int64_t after = m_request.recipe.train.noOpCheckSteps;
    if (after < 1 || m_startHashes.empty() || m_counters.step < after) return {};
    bool moved = false;
    for (const TrainableParameter& parameter : m_parts.trainer.optimizer().parameters()) {
        moved = moved || m_startHashes.at(parameter.name) != hashOf(parameter.tensor);
    }
    m_startHashes.clear();  // asked once
    if (moved) return {};
    return Error{ErrorCode::InvalidData,
                 "no-op training: after " + std::to_string(m_counters.step) + " steps not one of " +
                     std::to_string(m_parts.trainer.optimizer().parameters().size()) +
                     " tensors that learn has moved (is optimizer.lr 0, or does nothing of them reach the loss?)",
                 ""};
}

Result<void> RunLoop::dataAreAsBefore() const {
    const std::vector<std::string> changed = m_parts.data.training->changedFiles();
    if (changed.empty()) return {};
    std::string names;
    for (std::size_t i = 0; i < std::min<std::size_t>(changed.size(), 5); ++i) names += (i > 0 ? ", " : "") + changed[i];
    return Error{ErrorCode::InvalidData,
                 "the training data were edited during the run: " + names + (changed.size() > 5 ? ", …" : "") +
                     "; the run is saved, and --resume --accept-changes goes on with the new ones",
                 ""};
}

Result<void> RunLoop::checkData() {
    const std::int64_t pass = m_order.samplesPerPass();
    if (m_counters.consumedSamples % pass >= m_request.recipe.train.globalBatchSize) return {};
    const Result<void> unchanged = distributed::agree(m_parts.group, dataAreAsBefore());
    if (unchanged) return {};
    if (unchanged.error().code != ErrorCode::ChildDied) RETURN_IF_ERROR(save({}));
    return unchanged.error();
}

bool RunLoop::isBetter(const Tally& tally) const {
    const plan::ValidationSection& validation = m_request.recipe.validation;
    const bool byLoss = validation.metric == plan::Metric::Loss;
    if (!m_counters.best) return true;
    return byLoss ? tally.loss() < *m_counters.best - validation.earlyStoppingMinDelta
                  : tally.accuracy() > *m_counters.best + validation.earlyStoppingMinDelta;
}

bool RunLoop::reachedGoals(const Tally& tally) const {
    const auto& goals = m_request.goals;
    if (goals.empty() || m_counters.step < m_request.minSteps) return false;
    return std::all_of(goals.begin(), goals.end(), [&](const auto& goal) {
        if (goal.first == "all") return tally.accuracy() >= goal.second;
        const auto kind = tally.kinds.find(goal.first);
        return kind != tally.kinds.end() && kind->second.asked > 0 &&
               static_cast<double>(kind->second.right) >= goal.second * static_cast<double>(kind->second.asked);
    });
}

Result<void> RunLoop::evaluate(const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const std::optional<Tally> tally, tallyOfValidation(stop));
    return tally ? tellEvaluation(*tally, stop) : Result<void>();
}

// Of all ranks, which take the batches by turns; nothing where one was asked to stop meanwhile.  An iteration is as many samples as a
// step of training has, as in Bridge.
Result<std::optional<Tally>> RunLoop::tallyOfValidation(const std::stop_token& stop) {
    const plan::Recipe& recipe = m_request.recipe;
    BatchSource& source = *m_parts.data.validation;
    const std::int64_t size = recipe.train.microBatchSize;
    const std::int64_t samples = std::min(recipe.validation.evalIters * recipe.train.globalBatchSize, source.size());
    const std::int64_t batches = (samples + size - 1) / size;
    const auto indices = [&](std::int64_t batch) {
        std::vector<std::int64_t> wanted;
        for (std::int64_t i = batch * size; i < std::min((batch + 1) * size, samples) && batch < batches; ++i)
            wanted.push_back(i);
        return wanted;
    };
    const std::int64_t ranks = m_parts.group.size();
    Tally tally;
    Result<void> outcome;
    bool leave = false;
    for (std::int64_t first = 0; first < batches && !leave; first += ranks) {
        ASSIGN_OR_RETURN(leave, distributed::anyRank(m_parts.group, stop.stop_requested() || !outcome));
        const std::int64_t batch = first + m_parts.group.rank();
        if (leave || batch >= batches) continue;
        outcome = onThisRank([&]() -> Result<void> {
            ASSIGN_OR_RETURN(const MicroBatch made, source.batch(indices(batch), indices(batch + ranks)));
            ASSIGN_OR_RETURN(const Tally part, m_parts.objective.evaluate(made, {}));
            tally.add(part);
            return {};
        });
    }
    RETURN_IF_ERROR(distributed::agree(m_parts.group, outcome));
    if (leave) return std::optional<Tally>();
    ASSIGN_OR_RETURN(Tally all, tally.sumOverRanks(m_parts.group));
    return std::optional<Tally>(std::move(all));
}

Result<void> RunLoop::tellEvaluation(const Tally& tally, const std::stop_token& stop) {
    const plan::Recipe& recipe = m_request.recipe;
    protocol::EvaluationEvent event;
    event.step = m_counters.step;
    event.loss = tally.loss();
    event.accuracy = tally.accuracy();
    for (const auto& [kind, count] : tally.kinds) {
        event.kinds.push_back({kind, count.accuracy(), count.asked});
    }
    event.best = isBetter(tally);
    if (event.best) {
        m_counters.best = recipe.validation.metric == plan::Metric::Loss ? tally.loss() : tally.accuracy();
        m_counters.bestStep = m_counters.step;
        m_counters.evaluationsWithoutBest = 0;
    } else {
        ++m_counters.evaluationsWithoutBest;
    }
    m_parts.log.write(event);
    if (event.best && recipe.checkpoint.saveBest) RETURN_IF_ERROR(save(stop));
    const auto& patience = recipe.validation.earlyStoppingPatience;
    if (patience && m_counters.evaluationsWithoutBest >= *patience) m_reason = "early_stopping";
    if (reachedGoals(tally)) m_reason = "reached";
    return {};
}

// Rank 0 answers, the others wait for it.  Answers are for people: what goes wrong with one is told and ends no run.
Result<void> RunLoop::answerSamples(const std::stop_token& stop) {
    RETURN_IF_ERROR(distributed::byFirstRank(m_parts.group, [&]() -> Result<std::string> {
        const auto tell = [&](protocol::SampleAnswerEvent event) { m_parts.log.write(std::move(event)); };
        const Result<void> told = onThisRank([&] { return m_parts.samples->answer(m_counters.step, tell, stop); });
        if (!told) m_parts.log.notice(m_counters.step, "warning", "no sample answers: " + told.error().toString());
        return std::string();
    }));
    return {};
}

// Rank 0 writes; the others wait for it, however long the disk is full.
Result<void> RunLoop::save(const std::stop_token& stop) {
    if (m_saved && m_saved->step == m_counters.step) return {};
    ASSIGN_OR_RETURN(const std::string folder, distributed::byFirstRank(m_parts.group, [&] {
                         return onThisRank([&] { return writeCheckpoint(stop); });
                     }));
    if (m_parts.folder == nullptr) m_saved = SavedCheckpoint{m_counters.step, folder, 0};
    return {};
}

// A full disk is no reason to lose what was learnt: the run waits, keeps everything in memory and tries again (fault 41).
Result<std::string> RunLoop::writeCheckpoint(const std::stop_token& stop) {
    bool told = false;
    while (true) {
        const auto begin = std::chrono::steady_clock::now();
        Result<SavedCheckpoint> saved =
            m_parts.folder->save(m_counters.step, [&](const std::filesystem::path& folder) -> Result<void> {
                RETURN_IF_ERROR(saveTrainingState(folder, m_parts.trainer.optimizer(), m_counters, m_parts.identity));
                return writeTrainedModel(folder, m_parts.model);
            });
        if (saved) {
            m_saved = *saved;
            m_parts.log.write(protocol::SavedEvent{saved->step, saved->folder.string(), saved->bytes, secondsSince(begin)});
            break;
        }
        if (!isOfTheDisk(saved.error())) return saved.error();
        if (!std::exchange(told, true)) {
            m_parts.log.notice(m_counters.step, "save_failed",
                               saved.error().toString() + "; the run waits and tries again, nothing is lost meanwhile");
        }
        const bool goOn = m_request.waitForSpace ? m_request.waitForSpace(stop) : waitSomeSeconds(stop);
        if (!goOn) return saved.error();
    }
    const std::vector<std::int64_t> best = m_request.recipe.checkpoint.saveBest && m_counters.best
                                               ? std::vector<std::int64_t>{m_counters.bestStep}
                                               : std::vector<std::int64_t>{};
    if (const auto kept = m_parts.folder->retain(m_request.recipe.checkpoint.mostRecentK, best); !kept) {
        m_parts.log.notice(m_counters.step, "warning", "older checkpoints stay: " + kept.error().toString());
    }
    return m_saved->folder.string();
}

// The word that lies in the run's folder is rank 0's to take; any rank may have been asked to stop.
Result<void> RunLoop::obey(const std::stop_token& stop) {
    do {
        const RunCommand found = m_parts.folder != nullptr ? m_parts.folder->takeCommand() : RunCommand::None;
        ASSIGN_OR_RETURN(const auto sums, distributed::sumOverRanks(m_parts.group, {static_cast<std::int64_t>(found),
                                                                                    stop.stop_requested() ? 1 : 0}));
        switch (static_cast<RunCommand>(sums[0])) {
            case RunCommand::None: break;
            case RunCommand::Stop: m_reason = "stopped"; break;
            case RunCommand::Save: RETURN_IF_ERROR(save(stop)); break;
            case RunCommand::Pause:
                if (!std::exchange(m_paused, true)) {
                    RETURN_IF_ERROR(save(stop));
                    m_parts.log.notice(m_counters.step, "paused", "waiting for 'resume' or 'stop'");
                }
                break;
            case RunCommand::Resume:
                if (std::exchange(m_paused, false)) m_parts.log.notice(m_counters.step, "resumed", "");
                break;
        }
        if (sums[1] > 0) m_reason = "stopped";
        if (m_paused && m_reason.empty()) std::this_thread::sleep_for(kPollPause);
    } while (m_paused && m_reason.empty());
    return {};
}

}  // namespace lapidary::train
