// The pinned prompts of a run (validation.samples), answered at its evaluations with the weights that it has then, by the generator
// that chat uses.  Nothing of it touches what is learnt: answers are greedy, dropout is off, no random state is shared.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "core/data/processor/gemma3_processor.h"
#include "core/engine/session/answer.h"
#include "core/engine/train/training_model.h"
#include "core/shared/base/result.h"
#include "core/shared/plan/recipe.h"
#include "core/shared/protocol/training_event.h"

namespace lapidary::train {

// Whether there are any to answer: the warm-up of a tower alone answers nothing.
bool answersSamples(const plan::Recipe& recipe);

// Belongs to the thread that trains.
class SampleAnswers {
public:
    // Reads every picture and lays out every prompt, so that nothing is missing later.  Paths begin where the program was started.
    // Errors: those of pictures and prompts, within "validation.samples[i]"; Cancelled.
    static Result<SampleAnswers> open(const plan::Recipe& recipe, const TrainingModel& model, std::stop_token stop = {});

    // One event after the other; fewer where `stop` came.  Errors: those of generating.
    Result<void> answer(std::int64_t step, const std::function<void(protocol::SampleAnswerEvent)>& tell,
                        const std::stop_token& stop) const;

private:
    struct Sample {
        plan::PinnedSample asked;
        processor::ProcessedPrompt prompt;
    };
    SampleAnswers(std::shared_ptr<const session::Model> model, std::shared_ptr<model::Adapter> adapter,
                  const session::AnswerSettings& settings, std::vector<Sample> samples);

    std::shared_ptr<const session::Model> m_model;  // around the network that learns
    std::shared_ptr<model::Adapter> m_adapter;  // that learns beside it, or null
    session::AnswerSettings m_settings;
    std::vector<Sample> m_samples;
};

}  // namespace lapidary::train
