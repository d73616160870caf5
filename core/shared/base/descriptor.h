// A file descriptor that is closed when its owner goes.
#pragma once

#include <unistd.h>

namespace lapidary {

class Descriptor {
public:
    // -1: none.
    explicit Descriptor(int fd) : m_fd(fd) {}
    ~Descriptor() {
        if (m_fd >= 0) ::close(m_fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return m_fd; }

private:
    int m_fd;
};

}  // namespace lapidary
