// Events to the process that started the engine: one JSON line each, whole lines whatever thread writes.
#pragma once

#include <atomic>
#include <mutex>

#include "core/shared/protocol/event.h"

namespace lapidary::session {

class EventWriter {
public:
    // `fd` stays the caller's.
    explicit EventWriter(int fd) : m_fd(fd) {}

    // Any thread.  When the other side is gone, nothing is written any more and broken() is true.
    void write(const protocol::Event& event);
    [[nodiscard]] bool broken() const { return m_broken; }
    // The engine is about to end: from now on a reader that takes nothing for two seconds counts as gone.
    void leave() { m_leaving = true; }

private:
    bool waitForRoom() const;

    int m_fd;
    std::mutex m_mutex;
    std::atomic<bool> m_broken{false};
    std::atomic<bool> m_leaving{false};
};

}  // namespace lapidary::session
