#include "core/engine/session/event_writer.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

namespace lapidary::session {

void EventWriter::write(const protocol::Event& event) {
    const std::string line = protocol::printEvent(event) + "\n";
    const std::lock_guard lock(m_mutex);
    std::string_view rest = line;
    while (!rest.empty() && !m_broken) {
        const ssize_t written = ::write(m_fd, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0)
            m_broken = true;
        else
            rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace lapidary::session
