#include "core/engine/train/run_log.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace lapidary::train {
namespace {

files::Scalar scalar(std::string tag, double value) { return {std::move(tag), static_cast<float>(value)}; }

// Megatron-Bridge's tags.
std::vector<files::Scalar> scalarsOf(const protocol::StepEvent& step) {
    return {scalar("lm loss", step.loss), scalar("learning-rate", step.learningRate), scalar("grad-norm", step.gradNorm),
            scalar("throughput/tokens_per_sec", step.tokensPerSecond), scalar("iteration-time", step.seconds)};
}

std::vector<files::Scalar> scalarsOf(const protocol::EvaluationEvent& evaluation) {
    std::vector<files::Scalar> scalars{scalar("lm loss validation", evaluation.loss),
                                       scalar("lm loss validation ppl", std::exp(std::min(20.0, evaluation.loss))),
                                       scalar("accuracy validation", evaluation.accuracy)};
    for (const protocol::KindAccuracy& kind : evaluation.kinds) {
        if (!kind.kind.empty() && kind.count > 0) scalars.push_back(scalar("accuracy validation/" + kind.kind, kind.accuracy));
    }
    return scalars;
}

// Markdown: a line break there is an empty line.
files::TextNote noteOf(const protocol::SampleAnswerEvent& answer) {
    std::string text = "**" + answer.prompt + "**\n\n";
    for (const std::string& image : answer.images) text += "`" + image + "`\n\n";
    return {"sample answer " + std::to_string(answer.sample + 1), text + answer.answer};
}

}  // namespace

void RunLog::openTensorboard(const std::filesystem::path& folder, std::int64_t firstStep, std::int64_t interval) {
    m_tensorboardInterval = interval;
    auto file = files::EventFile::create(folder, m_clock.wallSeconds(), firstStep);
    if (file) {
        m_tensorboard.emplace(std::move(*file));
    } else {
        notice(firstStep, "warning", "no TensorBoard file: " + file.error().toString());
    }
}

void RunLog::write(protocol::TrainingEventBody body) {
    const protocol::TrainingEvent event{m_clock.wallSeconds(), std::move(body)};
    Result<void> written;
    if (m_folder != nullptr) {
        m_unwritten += (m_unwritten.empty() ? "" : "\n") + protocol::printTrainingEvent(event);
        written = m_folder->appendEvent(m_unwritten);
        if (written) m_unwritten.clear();
    }
    writeTensorboard(event.body, event.time);
    if (m_listener) m_listener(event);
    if (!written && !std::exchange(m_toldOfFailure, true) && m_listener) {
        m_listener({event.time, protocol::NoticeEvent{0, "warning",
                                                      "the log cannot be written: " + written.error().toString() +
                                                          "; its lines are kept and written when it can be"}});
    }
    if (written) m_toldOfFailure = false;
}

void RunLog::notice(std::int64_t step, const std::string& kind, const std::string& message) {
    write(protocol::NoticeEvent{step, kind, message});
}

void RunLog::writeTensorboard(const protocol::TrainingEventBody& body, double time) {
    if (!m_tensorboard) return;
    // A curve with a hole is better than a run that stops: the log has the same numbers.
    if (const auto* step = std::get_if<protocol::StepEvent>(&body); step != nullptr && step->step % m_tensorboardInterval == 0)
        (void)m_tensorboard->write(step->step, time, scalarsOf(*step));
    if (const auto* evaluation = std::get_if<protocol::EvaluationEvent>(&body)) {
        (void)m_tensorboard->write(evaluation->step, time, scalarsOf(*evaluation));
    }
    if (const auto* answer = std::get_if<protocol::SampleAnswerEvent>(&body)) {
        (void)m_tensorboard->write(answer->step, time, noteOf(*answer));
    }
}

}  // namespace lapidary::train
