#include "app/lapidary/progress_line.h"

#include <iomanip>
#include <iostream>
#include <sstream>

namespace lapidary::app {

std::string megabytes(std::uint64_t bytes) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / 1e6 << " MB";
    return text.str();
}

ProgressLine::~ProgressLine() {
    if (m_drawn) std::cerr << "\r\033[K" << std::flush;
}

void ProgressLine::show(const std::string& text, bool last) {
    const auto now = std::chrono::steady_clock::now();
    if (!m_wanted || (!last && now - m_time < std::chrono::milliseconds(100))) return;
    m_time = now;
    m_drawn = true;
    std::cerr << "\r\033[K" << text << std::flush;
}

}  // namespace lapidary::app
