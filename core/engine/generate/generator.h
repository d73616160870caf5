// The loop over tokens: choose, decode, look for an end, ask for the next logits.  Knows neither tensor nor model.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/generate/sampler.h"
#include "core/engine/generate/stop_strings.h"
#include "core/shared/base/result.h"

namespace lapidary::generate {

enum class FinishReason {
    EndToken,     // one of the end tokens was chosen; it is the last id
    StopString,   // a stop string was met; the text ends before it
    Length,       // maxNewTokens, or the context is full
    Cancelled,
};
// "end", "stop", "length", "cancelled".
const char* finishReasonName(FinishReason reason);

struct GenerationLimits {
    std::int64_t maxNewTokens = 512;        // >= 0
    std::int64_t contextTokens = 0;         // prompt and answer together; 0: no limit
    std::vector<std::int64_t> endTokenIds{};  // several (Gemma 3 -it: 1 and 106)
    std::vector<std::string> stopStrings{};
    std::int64_t alternatives = 0;          // likeliest tokens reported beside each; with 0 no log-probabilities at all
};

// Ids to text, never half a character (core/data/text/stream_decoder.h).
struct TextPieces {
    std::function<std::string(std::int64_t id)> push;
    std::function<std::string()> finish;
};

struct GeneratedToken {
    std::int64_t id = 0;
    std::string text{};  // what became certain with this token; may be empty, or hold earlier tokens' text
    std::optional<double> logProbability{};  // of the raw logits
    std::vector<TokenLogProbability> alternatives{};
};

// One row's answer while it grows.
class Answer {
public:
    // `prompt`: ids of the whole prompt, which the repetition penalty and the context limit count.
    Answer(Sampler sampler, TextPieces pieces, GenerationLimits limits, std::vector<std::int64_t> prompt);

    // Chooses the token that follows, from logits [vocab] float32.  Call only while not finished().
    // The text of the last token includes everything that had been held back.  Errors: as Sampler::next.
    Result<GeneratedToken> next(std::span<const float> logits);
    // Ends the answer from outside; returns the text that was held back.
    std::string cancel();

    [[nodiscard]] bool finished() const { return m_reason.has_value(); }
    [[nodiscard]] std::optional<FinishReason> reason() const { return m_reason; }
    [[nodiscard]] const std::vector<std::int64_t>& ids() const { return m_ids; }  // generated, an end token included
    [[nodiscard]] const std::string& text() const { return m_text; }
    // Prompt and answer.
    [[nodiscard]] std::int64_t length() const { return static_cast<std::int64_t>(m_seen.size()); }
    // Room for at least one token?  False ends the answer with Length before any token.
    [[nodiscard]] bool hasRoom() const;

private:
    std::string release(std::int64_t id, bool isEndToken);

    Sampler m_sampler;
    TextPieces m_pieces;
    GenerationLimits m_limits;
    StopStrings m_stops;
    std::vector<std::int64_t> m_seen;
    std::vector<std::int64_t> m_ids;
    std::string m_text;
    std::optional<FinishReason> m_reason;
};

// A sequence on a model, as far as generation needs it.
class LogitsSource {
public:
    virtual ~LogitsSource() = default;
    // Appends `id`; logits [vocab] float32 of the position behind it, valid until the next call.
    virtual Result<std::span<const float>> append(std::int64_t id, std::stop_token stop) = 0;
};

using TokenCallback = std::function<void(const GeneratedToken&)>;

// Runs `answer` to its end.  `logits` [vocab]: of the prompt's last position.  The last token is never appended: nothing follows it.
// Cancelling acts before the next token: the answer then ends with Cancelled, which is no error.
// Errors: what the source or the sampler says; the answer keeps what it has.
Result<void> generate(Answer& answer, std::span<const float> logits, LogitsSource& source, const TokenCallback& onToken,
                      std::stop_token stop = {});

}  // namespace lapidary::generate
