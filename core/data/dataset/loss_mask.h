// Which tokens of a rendered conversation are learned, and the labels that follow from it (specification 6.3).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/data/text/tokenizer.h"
#include "core/shared/base/result.h"

namespace lapidary::dataset {

enum class LossMaskMode : std::uint8_t {
    Answers,  // Megatron-Bridge 0.5 and later: behind "<start_of_turn>model\n" up to and including "<end_of_turn>", in every model turn
    Search,  // 0.2 and 0.3: the tokens of each answer's text alone, where they are found; no <end_of_turn>
};
// "answers" or "search".  Errors: Usage.
Result<LossMaskMode> lossMaskMode(const std::string& name);

struct LossMask {
    std::vector<bool> learned;  // [seq]: the token is a target
    std::vector<std::size_t> notFound;  // Search: answers, by number, whose tokens are not in the ids
};

// `ids`: [seq].  <pad> and the three image tokens are never targets.
LossMask answersMask(std::span<const std::int64_t> ids, const text::Tokenizer& tokenizer);
LossMask searchMask(std::span<const std::int64_t> ids, std::span<const std::string> answers, const text::Tokenizer& tokenizer);

// labels[t] = ids[t + 1] where that token is learned, else kNoLabel; [seq], the last is kNoLabel.
std::vector<std::int64_t> shiftedLabels(std::span<const std::int64_t> ids, const std::vector<bool>& learned);

}  // namespace lapidary::dataset
