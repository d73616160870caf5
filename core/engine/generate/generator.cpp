#include "core/engine/generate/generator.h"

#include <algorithm>
#include <utility>

namespace lapidary::generate {

const char* finishReasonName(FinishReason reason) {
    switch (reason) {
        case FinishReason::EndToken: return "end";
        case FinishReason::StopString: return "stop";
        case FinishReason::Length: return "length";
        case FinishReason::Cancelled: return "cancelled";
    }
    return "length";
}

Answer::Answer(Sampler sampler, TextPieces pieces, GenerationLimits limits, std::vector<std::int64_t> prompt)
    : m_sampler(std::move(sampler)),
      m_pieces(std::move(pieces)),
      m_limits(std::move(limits)),
      m_stops(m_limits.stopStrings),
      m_seen(std::move(prompt)) {
    if (!hasRoom()) m_reason = FinishReason::Length;
}

bool Answer::hasRoom() const {
    if (static_cast<std::int64_t>(m_ids.size()) >= m_limits.maxNewTokens) return false;
    return m_limits.contextTokens == 0 || length() < m_limits.contextTokens;
}

// Text that may be shown now that `id` came; sets the reason when this token is the last one.
std::string Answer::release(std::int64_t id, bool isEndToken) {
    std::string text = m_stops.push(m_pieces.push(id));
    if (m_stops.found()) {
        m_reason = FinishReason::StopString;
    } else if (isEndToken) {
        m_reason = FinishReason::EndToken;
    } else if (!hasRoom()) {
        m_reason = FinishReason::Length;
    }
    if (m_reason && *m_reason != FinishReason::StopString) {
        text += m_stops.push(m_pieces.finish());
        // The bytes of an unfinished character, now final, may complete a stop string as well.
        if (m_stops.found()) m_reason = FinishReason::StopString;
        text += m_stops.finish();
    }
    m_text += text;
    return text;
}

Result<GeneratedToken> Answer::next(std::span<const float> logits) {
    ASSIGN_OR_RETURN(const std::int64_t id, m_sampler.next(logits, m_seen));
    GeneratedToken token{.id = id};
    if (m_limits.alternatives > 0) {
        token.logProbability = logProbability(logits, id);
        token.alternatives = topLogProbabilities(logits, m_limits.alternatives);
    }
    m_ids.push_back(id);
    m_seen.push_back(id);
    const auto& ends = m_limits.endTokenIds;
    token.text = release(id, std::find(ends.begin(), ends.end(), id) != ends.end());
    return token;
}

std::string Answer::cancel() {
    if (m_reason) return {};
    m_reason = FinishReason::Cancelled;
    std::string text = m_stops.push(m_pieces.finish());
    text += m_stops.finish();
    m_text += text;
    return text;
}

Result<void> generate(Answer& answer, std::span<const float> logits, LogitsSource& source, const TokenCallback& onToken,
                      std::stop_token stop) {
    while (!answer.finished()) {
        if (stop.stop_requested()) {
            answer.cancel();
            return {};
        }
        ASSIGN_OR_RETURN(const GeneratedToken token, answer.next(logits));
        if (onToken) onToken(token);
        if (answer.finished()) return {};
        auto following = source.append(token.id, stop);
        if (!following && following.error().code == ErrorCode::Cancelled) {
            answer.cancel();
            return {};
        }
        if (!following) return following.error();
        logits = *following;
    }
    return {};
}

}  // namespace lapidary::generate
