// One line on the terminal that is drawn over while something lasts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lapidary::app {

// "2391.0 MB": millions of bytes.
std::string megabytes(std::uint64_t bytes);

// Lives on the thread that shows; the line is wiped at the end.
class ProgressLine {
public:
    // `wanted`: Console::progressWanted(); otherwise nothing is drawn.
    explicit ProgressLine(bool wanted) : m_wanted(wanted) {}
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    // Drawn at most ten times a second, but always when it is the last of something.
    void show(const std::string& text, bool last);

private:
    bool m_wanted;
    bool m_drawn = false;
    std::chrono::steady_clock::time_point m_time;
};

}  // namespace lapidary::app
