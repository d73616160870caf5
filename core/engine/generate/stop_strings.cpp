#include "core/engine/generate/stop_strings.h"

#include <algorithm>
#include <utility>

namespace lapidary::generate {
namespace {

// Length of the longest end of `text` that is a beginning of `stop`, but not the whole of it.
std::size_t openBeginning(std::string_view text, std::string_view stop) {
    for (std::size_t length = std::min(text.size(), stop.size() - 1); length > 0; --length) {
        if (text.ends_with(stop.substr(0, length))) return length;
    }
    return 0;
}

}  // namespace

StopStrings::StopStrings(std::vector<std::string> strings) : m_strings(std::move(strings)) {
    std::erase_if(m_strings, [](const std::string& text) { return text.empty(); });
}

std::string StopStrings::push(std::string_view piece) {
    if (m_found) return {};
    m_held += piece;
    std::size_t end = std::string::npos;
    for (const std::string& stop : m_strings) end = std::min(end, m_held.find(stop));
    if (end != std::string::npos) {
        m_found = true;
        return std::exchange(m_held, {}).substr(0, end);
    }
    std::size_t kept = 0;
    for (const std::string& stop : m_strings) kept = std::max(kept, openBeginning(m_held, stop));
    std::string released = m_held.substr(0, m_held.size() - kept);
    m_held.erase(0, released.size());
    return released;
}

std::string StopStrings::finish() { return std::exchange(m_held, {}); }

}  // namespace lapidary::generate
