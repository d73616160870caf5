#include "core/shared/protocol/json_lines.h"

#include <utility>

namespace lapidary::protocol {
namespace {

// True where a line holds something; a trailing carriage return (a client on another system) is taken off.
bool trim(std::string& line) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line.find_first_not_of(" \t") != std::string::npos;
}

}  // namespace

std::vector<JsonLine> JsonLineReader::push(std::string_view chunk) {
    std::vector<JsonLine> lines;
    while (!chunk.empty()) {
        const std::size_t newline = chunk.find('\n');
        const std::string_view piece = chunk.substr(0, newline);
        if (!m_skipping) {
            if (piece.size() > m_maxLineBytes - m_pending.size()) {
                lines.push_back({JsonLine::Kind::TooLong, ""});
                m_skipping = true;
                m_pending = std::string();  // gives the memory back too
            } else {
                m_pending.append(piece);
            }
        }
        if (newline == std::string_view::npos) break;
        chunk.remove_prefix(newline + 1);
        if (!m_skipping) {
            std::string line = std::exchange(m_pending, {});
            if (trim(line)) lines.push_back({JsonLine::Kind::Complete, std::move(line)});
        }
        m_skipping = false;
    }
    return lines;
}

std::optional<JsonLine> JsonLineReader::finish() {
    m_skipping = false;
    std::string line = std::exchange(m_pending, {});
    if (!trim(line)) return std::nullopt;
    return JsonLine{JsonLine::Kind::Complete, std::move(line)};
}

}  // namespace lapidary::protocol
