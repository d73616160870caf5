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

void SignalWatcher::watch() {
    const sigset_t set = watchedSignals();
    bool asked = false;
    while (true) {
        int signal = 0;
        if (sigwait(&set, &signal) != 0) return;
        if (m_leaving) return;
        if (asked) ::_exit(exitCode(ErrorCode::Cancelled));
        asked = true;
        m_source.request_stop();
    }
}

}  // namespace lapidary::app
