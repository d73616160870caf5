// Memory that this process alone needs: its resident anonymous pages (RssAnon of proc_pid_status(5)).  Pages of mapped files, weights
// that are read in place among them, are the system's to drop and are not counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace lapidary {

// Now; 0 where the system does not tell.
std::int64_t privateBytes();

// The peak while it lives, looked at on a thread of its own a hundred times a second: the kernel itself remembers only the peak of all
// resident memory (VmHWM), in which pages of mapped files come and go.  Any thread may ask.
class PrivateMemoryPeak {
public:
    PrivateMemoryPeak();

    [[nodiscard]] std::int64_t bytes();

private:
    void look();

    std::atomic<std::int64_t> m_peak{0};
    std::jthread m_watcher;  // the last member: it uses the others
};

}  // namespace lapidary
