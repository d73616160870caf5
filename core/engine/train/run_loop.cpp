#include "core/engine/train/run_loop.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "core/engine/distributed/agreement.h"
#include "core/engine/train/on_this_rank.h"

namespace lapidary::train {
namespace {

constexpr auto kPollPause = std::chrono::milliseconds(100);
constexpr auto kSavePause = std::chrono::seconds(5);

// FNV-1a of a tensor's bytes: tells whether it moved, nothing more.
std::uint64_t hashOf(const at::Tensor& given) {
    const at::Tensor tensor = given.detach().to(at::kCPU);
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

// Whether the weights are still those of the last good step, and can be read and written down.
bool leavesWeightsAlone(const Error& error) {
    switch (error.code) {
        case ErrorCode::InvalidFile:
        case ErrorCode::InvalidData:
        case ErrorCode::NotFound:
        case ErrorCode::Unsupported:
        case ErrorCode::OutOfMemory:
        case ErrorCode::Io:
        case ErrorCode::Network: return true;
        default: return false;  // a lost device or rank, a bug of ours
    }
}

const char* refusalName(StepRefusal refusal) {
    switch (refusal) {
        case StepRefusal::NotFiniteLoss: return "the loss is not finite";
        case StepRefusal::NotFiniteGradient: return "a gradient is not finite";
        case StepRefusal::LossSpike: return "the loss jumped";
    }
    return "";
}

// `indices` in about `parts` lists.
std::vector<std::vector<std::int64_t>> cut(const std::vector<std::int64_t>& indices, std::int64_t parts) {
    const auto size = (static_cast<std::ptrdiff_t>(indices.size()) + parts - 1) / parts;
    std::vector<std::vector<std::int64_t>> lists;
    for (auto begin = indices.begin(); begin != indices.end();) {
        const auto end = begin + std::min<std::ptrdiff_t>(size, indices.end() - begin);
        lists.emplace_back(begin, end);
        begin = end;
    }
    return lists;
}

}  // namespace

RunLoop::RunLoop(const RunRequest& request, const RunParts& parts, dataset::SampleOrder order, const RunCounters& counters)
    : m_request(request), m_parts(parts), m_order(std::move(order)), m_counters(counters), m_time(parts.clock) {
    m_parts.trainer.setLearningRateFactor(counters.learningRateFactor);
    if (counters.recomputes) (void)m_parts.objective.saveMemory();
    if (request.recipe.train.noOpCheckSteps < 1) return;  // nobody will ask
    for (const TrainableParameter& parameter : parts.trainer.optimizer().parameters()) {
        m_startHashes[parameter.name] = hashOf(parameter.tensor);
    }
}

std::vector<std::int64_t> RunLoop::indicesOf(std::int64_t consumed) const {
    return m_order.microBatch(consumed, m_parts.group.rank());
}

Result<RunResult> RunLoop::run(std::stop_token stop) {
    if (const auto ended = steps(stop); !ended) return endWith(ended.error(), stop);
    if (m_reason.empty()) m_reason = "done";
    if (const auto saved = save(stop); !saved) return endWith(saved.error(), stop);
    RunResult result;
    result.step = m_counters.step;
    result.reason = m_reason;
    result.checkpoint = m_saved->folder;
    result.troubles = m_counters.troubles;
    m_parts.log.write(finished(""));
    return result;
}

Result<void> RunLoop::steps(const std::stop_token& stop) {
    const plan::TrainSection& train = m_request.recipe.train;
    // A place to go back to.
    if (train.onBadStep == plan::BadStepPolicy::Rollback && m_counters.step == 0) RETURN_IF_ERROR(save(stop));
    while (m_reason.empty() && m_counters.step < train.trainIters) {
        RETURN_IF_ERROR(obey(stop));
        if (!m_reason.empty()) break;
        ASSIGN_OR_RETURN(const bool same, checkData(stop));
        if (!same) continue;
        ASSIGN_OR_RETURN(const bool done, oneStep(stop));
        if (done) RETURN_IF_ERROR(afterStep(stop));
    }
    return {};
}

// What was learnt is saved before the run ends with an error that has nothing to do with it.
Error RunLoop::endWith(Error error, const std::stop_token& stop) {
    if (leavesWeightsAlone(error) && !m_cannotSave) {
        m_parts.trainer.optimizer().clearGradients();
        if (const auto saved = save(stop); !saved) error.message += "; it could not be saved: " + saved.error().toString();
    }
    m_reason = error.code == ErrorCode::ChildDied ? "interrupted" : "failed";
    m_parts.log.write(finished(error.toString()));
    return error;
}

protocol::RunFinishedEvent RunLoop::finished(const std::string& message) const {
    protocol::RunFinishedEvent event;
    event.step = m_counters.step;
    event.reason = m_reason;
    event.message = message;
    if (m_saved) event.adapter = m_saved->folder.string();
    event.refusedSteps = m_counters.troubles.refused;
    event.outOfMemorySteps = m_counters.troubles.outOfMemory;
    event.skippedSteps = m_counters.troubles.skipped;
    event.rollbacks = m_counters.troubles.rollbacks;
    event.loweredLearningRates = m_counters.troubles.lowered;
    event.privateBytes = m_parts.memory.bytes();
    if (m_request.deviceBytes) event.deviceBytes = m_request.deviceBytes();
    return event;
}

Result<void> RunLoop::afterStep(const std::stop_token& stop) {
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
    return {};
}

bool RunLoop::outOfTime() const {
    const auto& limit = m_request.recipe.train.exitDurationInMins;
    return limit && m_time.elapsedSeconds() > *limit * 60.0;
}

Result<std::vector<MicroBatch>> RunLoop::nextBatches() {
    const plan::TrainSection& train = m_request.recipe.train;
    const std::int64_t perMicro = train.microBatchSize * m_parts.group.size();
    const std::int64_t parts = std::clamp<std::int64_t>(m_counters.microBatchParts, 1, train.microBatchSize);
    const std::int64_t end = m_counters.consumedSamples + train.globalBatchSize;
    std::vector<MicroBatch> batches;
    batches.reserve(static_cast<std::size_t>(train.globalBatchSize / perMicro * parts));
    for (std::int64_t consumed = m_counters.consumedSamples; consumed < end; consumed += perMicro) {
        std::vector<std::vector<std::int64_t>> lists = cut(indicesOf(consumed), parts);
        const std::size_t count = lists.size();
        lists.push_back(cut(indicesOf(consumed + perMicro), parts).front());  // what comes next
        for (std::size_t part = 0; part < count; ++part) {
            ASSIGN_OR_RETURN(MicroBatch batch, m_parts.data.training->batch(lists[part], lists[part + 1]));
            batch.seed = static_cast<std::uint64_t>(m_request.recipe.rng.seed) * 0x9E3779B97F4A7C15U +
                         static_cast<std::uint64_t>(consumed + m_parts.group.rank()) + part * 0xD1B54A32D192ED03U;
            batches.push_back(std::move(batch));
        }
    }
    return batches;
}

Result<bool> RunLoop::oneStep(const std::stop_token& stop) {
    const double begin = m_parts.clock.monotonicSeconds();
    const std::string place = "step " + std::to_string(m_counters.step + 1);
    const Result<std::vector<MicroBatch>> batches = onThisRank([this] { return nextBatches(); });
    const Result<void> made = distributed::agree(m_parts.group, batches ? Result<void>() : Result<void>(batches.error()));
    const Result<StepReport> report =
        made ? onThisRank([&] { return m_parts.trainer.step(*batches); }) : Result<StepReport>(made.error());
    if (!report && report.error().code == ErrorCode::OutOfMemory) {
        ++m_counters.troubles.outOfMemory;
        RETURN_IF_ERROR(meet(Trouble::OutOfMemory, place + ": " + report.error().toString(), stop));
        return false;
    }
    if (!report) return report.error().within(place);
    if (report->refusal) {
        ++m_counters.troubles.refused;
        RETURN_IF_ERROR(
            meet(Trouble::BadStep, std::string(refusalName(*report->refusal)) + " at " + place + ": " + report->where, stop));
        return false;
    }
    passOver();
    ++m_counters.step;
    ++m_stepsDone;
    m_counters.recentLoss = m_parts.trainer.recentLoss();
    tellStep(*report, m_parts.clock.monotonicSeconds() - begin);
    return true;
}

void RunLoop::tellStep(const StepReport& report, double seconds) {
    protocol::StepEvent event;
    event.step = m_counters.step;
    event.loss = report.loss;
    event.learningRate = report.learningRate;
    event.gradNorm = report.gradNorm;
    event.seconds = seconds;
    event.tokensPerSecond = seconds > 0.0 ? static_cast<double>(report.tokens) / seconds : 0.0;
    event.targetTokens = report.targetTokens;
    event.consumedSamples = m_counters.consumedSamples;
    event.epoch = static_cast<double>(m_counters.consumedSamples) / static_cast<double>(m_order.samplesPerPass());
    event.remainingSeconds = m_time.remainingSeconds(m_stepsDone, m_request.recipe.train.trainIters - m_counters.step);
    event.privateBytes = m_parts.memory.bytes();
    if (m_request.deviceBytes) event.deviceBytes = m_request.deviceBytes();
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
                 "the training data were edited during the run: " + names + (changed.size() > 5 ? ", …" : ""), ""};
}

// At the begin of each epoch (fault 35).
Result<bool> RunLoop::checkData(const std::stop_token& stop) {
    const std::int64_t pass = m_order.samplesPerPass();
    if (m_counters.consumedSamples % pass >= m_request.recipe.train.globalBatchSize) return true;
    const Result<void> same = distributed::agree(m_parts.group, dataAreAsBefore());
    if (same) return true;
    if (same.error().code != ErrorCode::InvalidData) return same.error();
    m_parts.data.training->forgetNext();
    RETURN_IF_ERROR(save(stop));
    m_pause.emplace(m_time);
    m_parts.log.notice(m_counters.step, "paused",
                       same.error().toString() +
                           "; the run is saved and waits: 'resume' once they are back as they were, or "
                           "'stop' (--resume --accept-changes then goes on with the new ones); write "
                           "one into " +
                           (m_request.folder / "command").string());
    return false;
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

// Beside the most recent checkpoints: the best, and those that a rollback may want.
std::vector<std::int64_t> RunLoop::alwaysKept() const {
    const plan::CheckpointSection& checkpoint = m_request.recipe.checkpoint;
    std::vector<std::int64_t> steps;
    if (checkpoint.saveBest && m_counters.best) steps.push_back(m_counters.bestStep);
    if (m_request.recipe.train.onBadStep != plan::BadStepPolicy::Rollback) return steps;
    std::vector<std::int64_t> places = m_parts.folder->checkpoints();
    std::erase_if(places, [&](std::int64_t step) { return step % checkpoint.saveInterval != 0; });
    const auto kept = std::min(static_cast<std::int64_t>(places.size()), std::max<std::int64_t>(0, checkpoint.mostRecentK));
    steps.insert(steps.end(), places.end() - kept, places.end());
    return steps;
}

// Rank 0 writes; the others wait for it, however long the disk is full.
Result<void> RunLoop::save(const std::stop_token& stop) {
    if (m_savedCounters == m_counters) return {};
    const Result<std::string> folder =
        distributed::byFirstRank(m_parts.group, [&] { return onThisRank([&] { return writeCheckpoint(stop); }); });
    m_cannotSave = !folder;
    if (!folder) return folder.error();
    m_savedCounters = m_counters;
    if (m_parts.folder == nullptr) m_saved = SavedCheckpoint{m_counters.step, *folder, 0};
    return {};
}

// A full disk is no reason to lose what was learnt: the run waits, keeps everything in memory and tries again (fault 41).
Result<std::string> RunLoop::writeCheckpoint(const std::stop_token& stop) {
    const auto write = [&](const std::filesystem::path& folder) -> Result<void> {
        RETURN_IF_ERROR(saveTrainingState(folder, m_parts.trainer.optimizer(), m_counters, m_parts.identity));
        return writeTrainedModel(folder, m_parts.model);
    };
    std::string told;
    while (true) {
        const double begin = m_parts.clock.monotonicSeconds();
        const Result<SavedCheckpoint> saved = onThisRank([&] { return m_parts.folder->save(m_counters.step, write); });
        if (saved) {
            m_saved = *saved;
            m_parts.log.write(protocol::SavedEvent{saved->step, saved->folder.string(), saved->bytes,
                                                   m_parts.clock.monotonicSeconds() - begin});
            break;
        }
        if (!isOfTheDisk(saved.error())) return saved.error();
        if (const std::string why = saved.error().toString(); why != std::exchange(told, why)) {
            m_parts.log.notice(m_counters.step, "save_failed",
                               why + "; the run waits and tries again, nothing is lost meanwhile");
        }
        const WorkingTime::Pause pause(m_time);
        const bool goOn = m_request.waitForSpace ? m_request.waitForSpace(stop) : waitSomeSeconds(stop);
        if (!goOn) return saved.error();
    }
    if (const auto kept = m_parts.folder->retain(m_request.recipe.checkpoint.mostRecentK, alwaysKept()); !kept) {
        m_parts.log.notice(m_counters.step, "warning", "older checkpoints stay: " + kept.error().toString());
    }
    return m_saved->folder.string();
}

}  // namespace lapidary::train
