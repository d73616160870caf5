#include "core/data/dataset/loss_mask.h"

#include <algorithm>

#include "core/data/dataset/training_sample.h"
#include "core/data/text/chat_template.h"
#include "core/data/text/special_tokens.h"

namespace lapidary::dataset {
namespace {

using Ids = std::vector<std::int64_t>;

void unlearnSkipped(LossMask& mask, std::span<const std::int64_t> ids, const text::Tokenizer& tokenizer) {
    Ids skipped{tokenizer.padId()};
    for (const std::string_view name : {text::kStartOfImage, text::kEndOfImage, text::kImageSoftToken}) {
        if (const auto id = tokenizer.idOf(name)) skipped.push_back(*id);
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (std::find(skipped.begin(), skipped.end(), ids[i]) != skipped.end()) mask.learned[i] = false;
    }
}

// "\n", or the longer run that it makes with what follows (an answer that begins with a picture).
bool isNewlines(const std::string& piece) { return !piece.empty() && piece.find_first_not_of('\n') == std::string::npos; }

}  // namespace

Result<LossMaskMode> lossMaskMode(const std::string& name) {
    if (name == "answers") return LossMaskMode::Answers;
    if (name == "search") return LossMaskMode::Search;
    return Error{ErrorCode::Usage, "the loss mask is \"answers\" or \"search\", not \"" + name.substr(0, 40) + "\"", ""};
}

LossMask answersMask(std::span<const std::int64_t> ids, const text::Tokenizer& tokenizer) {
    LossMask mask{std::vector<bool>(ids.size(), false), {}};
    const text::Segment header{true, std::string(text::kStartOfTurn) + "model\n"};
    Ids begin = tokenizer.encode(std::span(&header, 1));
    if (begin.size() < 2) return mask;  // a vocabulary without turns
    begin.pop_back();                   // the newline may be part of a longer run
    const auto endOfTurn = tokenizer.idOf(text::kEndOfTurn);
    auto at = ids.begin();
    while ((at = std::search(at, ids.end(), begin.begin(), begin.end())) != ids.end()) {
        at += std::ssize(begin);
        if (at == ids.end() || !isNewlines(tokenizer.piece(*at))) continue;
        for (++at; at != ids.end(); ++at) {
            mask.learned[static_cast<std::size_t>(at - ids.begin())] = true;
            if (*at == endOfTurn) break;
        }
    }
    unlearnSkipped(mask, ids, tokenizer);
    return mask;
}

LossMask searchMask(std::span<const std::int64_t> ids, std::span<const std::string> answers, const text::Tokenizer& tokenizer) {
    LossMask mask{std::vector<bool>(ids.size(), false), {}};
    auto from = ids.begin();
    for (std::size_t answer = 0; answer < answers.size(); ++answer) {
        const std::string stripped(text::stripPython(answers[answer]));
        bool found = false;
        for (const std::string& variant : {answers[answer], answers[answer] + "\n", stripped, stripped + "\n"}) {
            const Ids wanted = tokenizer.encode(variant, text::SpecialTokens::AsText);
            const auto at = wanted.empty() ? ids.end() : std::search(from, ids.end(), wanted.begin(), wanted.end());
            if (at == ids.end()) continue;
            std::fill_n(mask.learned.begin() + (at - ids.begin()), wanted.size(), true);
            from = at + std::ssize(wanted);
            found = true;
            break;
        }
        if (!found) mask.notFound.push_back(answer);
    }
    unlearnSkipped(mask, ids, tokenizer);
    return mask;
}

Ids shiftedLabels(std::span<const std::int64_t> ids, const std::vector<bool>& learned) {
    Ids labels(ids.size(), kNoLabel);
    for (std::size_t t = 0; t + 1 < ids.size(); ++t) {
        if (learned[t + 1]) labels[t] = ids[t + 1];
    }
    return labels;
}

}  // namespace lapidary::dataset
