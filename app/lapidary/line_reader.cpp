#include "app/lapidary/line_reader.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

// readline's header wants FILE before it.
#include <readline/history.h>
#include <readline/readline.h>
#include <cstdio>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "core/data/text/utf8.h"

namespace lapidary::app {
namespace {

constexpr int kPollMs = 100;
constexpr int kHistoryLines = 1000;

// readline's callback interface has no argument to pass state through.
std::string g_line;    // NOLINT
bool g_ended = false;  // NOLINT: Ctrl-D
bool g_done = false;   // NOLINT

void takeLine(char* line) {
    g_done = true;
    g_ended = line == nullptr;
    g_line = g_ended ? "" : line;
    std::free(line);  // NOLINT: readline allocates with malloc
    rl_callback_handler_remove();
}

// True when there is something to read (or the end), false when a stop was asked.
bool waitForInput(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd input{STDIN_FILENO, POLLIN, 0};
        if (::poll(&input, 1, kPollMs) > 0) return true;
    }
    return false;
}

Error cancelled() { return Error{ErrorCode::Cancelled, "cancelled", ""}; }

}  // namespace

std::filesystem::path dataFolder() {
    const auto environment = [](const char* name) {
        const char* value = std::getenv(name);
        return std::filesystem::path(value == nullptr ? "" : value);
    };
    if (auto home = environment("LAPIDARY_HOME"); !home.empty()) return home;
    if (const auto data = environment("XDG_DATA_HOME"); data.is_absolute()) return data / "lapidary";
    if (const auto home = environment("HOME"); !home.empty()) return home / ".local" / "share" / "lapidary";
    return {};
}

LineReader::LineReader(std::filesystem::path historyFile)
    : m_terminal(::isatty(STDIN_FILENO) == 1), m_historyFile(std::move(historyFile)) {
    if (!m_terminal) return;
    rl_readline_name = "lapidary";
    rl_outstream = stderr;  // standard output is for answers
    rl_catch_signals = 0;   // signals are taken by SignalWatcher
    using_history();
    stifle_history(kHistoryLines);
    if (!m_historyFile.empty()) (void)read_history(m_historyFile.c_str());
}

LineReader::~LineReader() {
    if (!m_terminal || m_historyFile.empty()) return;
    std::error_code ignored;
    std::filesystem::create_directories(m_historyFile.parent_path(), ignored);
    const mode_t before = ::umask(0077);
    (void)write_history(m_historyFile.c_str());
    ::umask(before);
}

Result<std::optional<std::string>> LineReader::read(const std::string& prompt, const std::stop_token& stop) {
    return m_terminal ? readTerminal(prompt, stop) : readPipe(stop);
}

Result<std::optional<std::string>> LineReader::readTerminal(const std::string& prompt, const std::stop_token& stop) {
    g_done = false;
    rl_callback_handler_install(prompt.c_str(), takeLine);
    while (!g_done) {
        if (!waitForInput(stop)) {
            rl_callback_handler_remove();
            return cancelled();
        }
        rl_callback_read_char();
    }
    if (g_ended) return std::optional<std::string>();
    if (!g_line.empty()) add_history(g_line.c_str());
    return std::optional(g_line);
}

Result<std::optional<std::string>> LineReader::readPipe(const std::stop_token& stop) {
    while (true) {
        const std::size_t newline = m_buffer.find('\n');
        if (newline != std::string::npos) {
            std::string line = m_buffer.substr(0, newline);
            m_buffer.erase(0, newline + 1);
            return checkedLine(std::move(line));
        }
        if (m_ended) {
            if (m_buffer.empty()) return std::optional<std::string>();
            return checkedLine(std::exchange(m_buffer, {}));
        }
        if (!waitForInput(stop)) return cancelled();
        char buffer[4096];
        const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            m_ended = true;
        else
            m_buffer.append(buffer, static_cast<std::size_t>(count));
    }
}

Result<std::optional<std::string>> LineReader::checkedLine(std::string line) {
    ++m_line;
    RETURN_IF_ERROR(text::requireUtf8(line, "standard input, line " + std::to_string(m_line)));
    return std::optional(std::move(line));
}

}  // namespace lapidary::app
