// SIGINT, SIGTERM and SIGHUP as a stop token.  The signals are blocked in every thread and taken by one that waits for them, so no
// code of ours runs in a signal handler.  The first one asks to stop; a second one ends the process with code 5 at once.
#pragma once

#include <atomic>
#include <mutex>
#include <stop_token>
#include <thread>

namespace lapidary::app {

class SignalWatcher {
public:
    // Call before any other thread exists: threads inherit the blocked signals.
    SignalWatcher();
    ~SignalWatcher();
    SignalWatcher(const SignalWatcher&) = delete;
    SignalWatcher& operator=(const SignalWatcher&) = delete;

    [[nodiscard]] std::stop_token token();
    // A token that a SIGINT of the past does not concern; after a SIGTERM or SIGHUP still the stopped one.
    [[nodiscard]] std::stop_token renew();

private:
    void watch();

    std::mutex m_mutex;  // guards the three below
    std::stop_source m_source;
    bool m_asked = false;
    bool m_terminated = false;
    std::atomic<bool> m_leaving{false};
    std::thread m_thread;
};

}  // namespace lapidary::app
