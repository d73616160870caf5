// Shared by answer.cpp and batch_answer.cpp.
#pragma once

#include "core/engine/session/answer.h"

namespace lapidary::session {

// A stream decoder of the model's tokenizer, as the token loop wants it.
generate::TextPieces textPieces(const Model& model);
generate::GenerationLimits generationLimits(const Model& model, const AnswerSettings& settings);

}  // namespace lapidary::session
