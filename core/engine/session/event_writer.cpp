#include "core/engine/session/event_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <string_view>

namespace lapidary::session {

// A reader that sleeps may take its time, but must not keep the engine from ending.
bool EventWriter::waitForRoom() const {
    constexpr int kPollMs = 100;
    constexpr int kPatience = 20;
    for (int waited = 0; waited < kPatience || !m_leaving; ++waited) {
        pollfd output{m_fd, POLLOUT, 0};
        const int ready = ::poll(&output, 1, kPollMs);
        if (ready > 0) return true;  // room, or an error that write() will name
        if (ready < 0 && errno != EINTR) return false;
        if (!m_leaving) waited = -1;
    }
    return false;
}

void EventWriter::write(const protocol::Event& event) {
    const std::string line = protocol::printEvent(event) + "\n";
    const std::lock_guard lock(m_mutex);
    std::string_view rest = line;
    while (!rest.empty() && !m_broken) {
        if (!waitForRoom()) {
            m_broken = true;
            return;
        }
        // After poll() says that there is room, a pipe takes PIPE_BUF bytes without blocking (pipe(7)).
        const ssize_t written = ::write(m_fd, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0)
            m_broken = true;
        else
            rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace lapidary::session
