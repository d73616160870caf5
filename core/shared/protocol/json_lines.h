// The stream between two Lapidary processes: one JSON object a line, UTF-8, ended by '\n', at most 1 MiB.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::protocol {

// First words of both sides; a side that meets another number says so and leaves (README.md of this folder).
constexpr int kProtocolVersion = 1;
// Longest line without its newline.  Pictures, tensors and long texts go by file path.
constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20;

struct JsonLine {
    enum class Kind { Complete, TooLong };
    Kind kind = Kind::Complete;
    std::string text;  // without the newline (and without a carriage return before it); empty when TooLong
    bool operator==(const JsonLine&) const = default;
};

// Cuts a byte stream, fed in chunks of any size, into lines.  Never holds more than one line's limit plus the chunk.
// A line over the limit is reported once, as soon as it is known to be too long; reading goes on after its newline.
// Empty lines are skipped.  Lives on the thread that reads the stream.
class JsonLineReader {
public:
    explicit JsonLineReader(std::size_t maxLineBytes = kMaxLineBytes) : m_maxLineBytes(maxLineBytes) {}

    // Lines that end within `chunk`, in order.
    [[nodiscard]] std::vector<JsonLine> push(std::string_view chunk);
    // At the end of the stream: what stands after the last newline, if anything.
    [[nodiscard]] std::optional<JsonLine> finish();

private:
    std::size_t m_maxLineBytes;
    std::string m_pending;
    bool m_skipping = false;  // inside a line that was reported as too long
};

}  // namespace lapidary::protocol
