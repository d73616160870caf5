#include "gui/chat_widgets/probability_tint.h"

#include <algorithm>
#include <cmath>

namespace lapidary::gui {
namespace {

constexpr qsizetype kTokenReach = 64;    // characters that a token is looked for beyond its place
constexpr qsizetype kMarkReach = 2048;  // characters of marks between two rendered ones: an address may be long

bool same(QChar rendered, QChar source) { return rendered == source || (rendered.isSpace() && source.isSpace()); }

}  // namespace

int tintLevel(double logprob) {
    const double probability = std::exp(logprob);
    if (probability >= 0.9) return 0;
    if (probability >= 0.6) return 1;
    return probability >= 0.3 ? 2 : 3;
}

std::vector<TokenStretch> tokenStretches(QStringView text, const std::vector<AnswerToken>& tokens, std::size_t first,
                                         qsizetype from) {
    std::vector<TokenStretch> stretches;
    for (std::size_t i = first; i < tokens.size(); ++i) {
        const QString& token = tokens[i].chosen.text;
        if (token.isEmpty()) continue;
        const qsizetype found = text.mid(from, token.size() + kTokenReach).indexOf(token);
        if (found < 0) continue;
        const qsizetype begin = from + found;
        from = begin + token.size();
        stretches.push_back({begin, from, tintLevel(tokens[i].chosen.logprob), static_cast<int>(i)});
    }
    return stretches;
}

std::vector<qsizetype> alignToSource(QStringView rendered, QStringView source) {
    std::vector<qsizetype> places(static_cast<std::size_t>(rendered.size()), -1);
    qsizetype at = 0;
    for (qsizetype i = 0; i < rendered.size(); ++i) {
        const QChar c = rendered[i];
        qsizetype& place = places[static_cast<std::size_t>(i)];
        if (at < source.size() && source[at] == u'&' && c != u'&') {
            // &amp; and its like: many characters of the source, one of the text.
            const qsizetype entityEnd = source.mid(at, 32).indexOf(u';');
            if (entityEnd > 0) {
                place = at;
                at += entityEnd + 1;
                continue;
            }
        }
        const qsizetype limit = std::min(source.size(), at + kMarkReach);
        qsizetype seek = at;
        while (seek < limit && !same(c, source[seek])) ++seek;
        if (seek == limit) continue;
        place = seek;
        at = seek + 1;
    }
    return places;
}

}  // namespace lapidary::gui
