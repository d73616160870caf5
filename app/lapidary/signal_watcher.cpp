#include "app/lapidary/signal_watcher.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "core/shared/base/error.h"

namespace lapidary::app {
namespace {

sigset_t watchedSignals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    // The terminal is gone.  Under nohup it is ignored, and stays so.
    struct sigaction hangUp {};
    if (::sigaction(SIGHUP, nullptr, &hangUp) == 0 && hangUp.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
    return set;
}

}  // namespace

SignalWatcher::SignalWatcher() {
    const sigset_t set = watchedSignals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    m_thread = std::thread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
    m_leaving = true;
    pthread_kill(m_thread.native_handle(), SIGTERM);
    m_thread.join();
}

std::stop_token SignalWatcher::token() {
    const std::lock_guard lock(m_mutex);
    return m_source.get_token();
}

std::stop_token SignalWatcher::renew() {
    const std::lock_guard lock(m_mutex);
    if (m_asked && !m_terminated) {
        m_source = std::stop_source();
        m_asked = false;
    }
    return m_source.get_token();
}

void SignalWatcher::watch() {
    const sigset_t set = watchedSignals();
    while (true) {
        int signal = 0;
        if (sigwait(&set, &signal) != 0) return;
        if (m_leaving) return;
        std::stop_source source;
        {
            const std::lock_guard lock(m_mutex);
            if (m_asked) ::_exit(exitCode(ErrorCode::Cancelled));
            m_asked = true;
            m_terminated = signal != SIGINT;
            source = m_source;
        }
        source.request_stop();  // outside the lock: it runs other people's callbacks
    }
}

}  // namespace lapidary::app
