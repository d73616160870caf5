// From the tokens of an answer to words in its rendered text: how sure the model was of each, and where each stands.  Pure functions.
#pragma once

#include <QStringView>
#include <cstdint>
#include <vector>

#include "gui/chat/message.h"

namespace lapidary::gui {

// How sure: 0 is sure (not tinted), 3 least.
[[nodiscard]] int tintLevel(double logprob);

// A token's stretch of the answer's Markdown.
struct TokenStretch {
    qsizetype begin = 0;
    qsizetype end = 0;
    int level = 0;
    int index = 0;  // in the answer's tokens
    bool operator==(const TokenStretch&) const = default;
};

// Stretches of tokens from `first` on, behind `from` in the text.  A token whose text is not where it should be (an answer that was
// edited) is looked for a little further on, else left out.
[[nodiscard]] std::vector<TokenStretch> tokenStretches(QStringView text, const std::vector<AnswerToken>& tokens,
                                                       std::size_t first, qsizetype from);

// For each character of a rendered block the place in the block's Markdown that it came from, -1 where none is found.  Rendering leaves
// marks out and resolves entities, but keeps the order, so that one pass over both is enough.
[[nodiscard]] std::vector<qsizetype> alignToSource(QStringView rendered, QStringView source);

}  // namespace lapidary::gui
