// Reading standard input so that a signal ends the waiting: signals are taken by a thread, so read() itself would go on.
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "app/lapidary/common_options.h"
#include "core/shared/base/file.h"

namespace lapidary::app {

Result<std::string> readStandardInput(const std::stop_token& stop) {
    constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
    constexpr int kPollMs = 100;
    std::string text;
    char buffer[1 << 16];
    while (true) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "cancelled while waiting for standard input", ""};
        pollfd input{STDIN_FILENO, POLLIN, 0};
        const int ready = ::poll(&input, 1, kPollMs);
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
        const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return systemError("cannot read", "standard input", errno);
        if (count == 0) return text;
        if (text.size() + static_cast<std::size_t>(count) > kMaxBytes) {
            return Error{ErrorCode::InvalidFile, "standard input is longer than the 64 MiB accepted here", ""};
        }
        text.append(buffer, static_cast<std::size_t>(count));
    }
}

}  // namespace lapidary::app
