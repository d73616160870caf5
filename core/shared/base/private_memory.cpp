#include "core/shared/base/private_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stop_token>

#include "core/shared/base/descriptor.h"

namespace lapidary {
namespace {

constexpr auto kPause = std::chrono::milliseconds(10);

}  // namespace

// proc_pid_statm(5), in pages: size, resident, and of these the ones of files and of shared memory.
std::int64_t privateBytes() {
    const Descriptor file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
    std::array<char, 128> text{};
    if (file.get() < 0 || ::read(file.get(), text.data(), text.size() - 1) <= 0) return 0;
    long long resident = 0;
    long long shared = 0;
    if (std::sscanf(text.data(), "%*d %lld %lld", &resident, &shared) != 2) return 0;
    return (resident - shared) * ::sysconf(_SC_PAGESIZE);
}

PrivateMemoryPeak::PrivateMemoryPeak()
    : m_watcher([this](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any woken;
          std::unique_lock lock(mutex);
          while (!stop.stop_requested()) {
              look();
              woken.wait_for(lock, stop, kPause, [] { return false; });
          }
      }) {}

std::int64_t PrivateMemoryPeak::bytes() {
    look();
    return m_peak.load();
}

void PrivateMemoryPeak::look() {
    const std::int64_t now = privateBytes();
    std::int64_t before = m_peak.load();
    while (now > before && !m_peak.compare_exchange_weak(before, now)) {
    }
}

}  // namespace lapidary
