#include "core/shared/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/shared/base/file.h"

namespace lapidary {
namespace {

// The signal handler may only touch what is async-signal-safe: a fixed table of atomics, filled by open and close.
struct Range {
    std::atomic<const std::byte*> begin{nullptr};
    std::atomic<std::size_t> size{0};
    std::atomic<const char*> path{nullptr};
};
constexpr std::size_t kMaxRanges = 256;  // shards of the largest release: 12
std::array<Range, kMaxRanges> g_ranges;  // NOLINT: a signal handler has no argument to pass state through

void registerRange(const std::byte* begin, std::size_t size, const char* path) {
    for (Range& range : g_ranges) {
        const char* expected = nullptr;
        if (range.path.compare_exchange_strong(expected, path)) {
            range.size = size;
            range.begin = begin;
            return;
        }
    }
}

void unregisterRange(const std::byte* begin) {
    for (Range& range : g_ranges) {
        if (range.begin.load() == begin) {
            range.begin = nullptr;
            range.size = 0;
            range.path = nullptr;
            return;
        }
    }
}

void writeToStderr(const char* text) {
    const ssize_t ignored = ::write(STDERR_FILENO, text, std::strlen(text));
    (void)ignored;
}

void onBusError(int /*signal*/, siginfo_t* info, void* /*context*/) {
    const auto* address = static_cast<const std::byte*>(info->si_addr);
    for (const Range& range : g_ranges) {
        const std::byte* begin = range.begin.load();
        const char* path = range.path.load();
        if (begin == nullptr || path == nullptr || address < begin || address >= begin + range.size.load()) continue;
        writeToStderr("lapidary: error: the file '");
        writeToStderr(path);
        writeToStderr("' can no longer be read where it was opened: it was truncated, or its disk or share went away\n");
        ::_exit(3);
    }
    std::signal(SIGBUS, SIG_DFL);
    ::raise(SIGBUS);
}

}  // namespace

MappedFile::MappedFile(std::filesystem::path path, const std::byte* data, std::size_t size)
    : m_path(std::move(path)), m_data(data), m_size(size) {
    if (m_size > 0) registerRange(m_data, m_size, m_path.c_str());
}

MappedFile::~MappedFile() {
    if (m_size == 0) return;
    unregisterRange(m_data);
    ::munmap(const_cast<std::byte*>(m_data), m_size);
}

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
    // O_NONBLOCK: a named pipe must be refused below, not waited for.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return systemError("cannot open", path, errno);
    struct stat status {};
    if (::fstat(fd, &status) != 0) {
        const int reason = errno;
        ::close(fd);
        return systemError("cannot examine", path, reason);
    }
    if (!S_ISREG(status.st_mode)) {
        ::close(fd);
        return Error{ErrorCode::InvalidFile, "expected a regular file, found a folder or device: '" + path.string() + "'", ""};
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void* data = nullptr;
    if (size > 0) {
        data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED) {
            const int reason = errno;
            ::close(fd);
            return systemError("cannot map", path, reason);
        }
    }
    ::close(fd);
    return std::shared_ptr<const MappedFile>(new MappedFile(path, static_cast<const std::byte*>(data), size));
}

void installMappedFileFaultHandler() {
    struct sigaction action {};
    action.sa_sigaction = onBusError;
    action.sa_flags = SA_SIGINFO | SA_RESETHAND;
    ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace lapidary
