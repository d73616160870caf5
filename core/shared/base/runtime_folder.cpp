#include "core/shared/base/runtime_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "core/shared/base/file.h"

namespace lapidary {

namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "lapidary-";
constexpr const char* kLockName = ".lock";

// The descriptor of a new locked file in `folder`, or -1.  It gets its name when the lock is held, so nobody ever finds it free.
int lockFolder(const fs::path& folder) {
    const fs::path made = folder / ".lock.new";
    const int lock = ::open(made.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (lock < 0) return -1;
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0 && ::rename(made.c_str(), (folder / kLockName).c_str()) == 0) return lock;
    ::close(lock);
    return -1;
}

// A folder of this user whose lock can be taken has no process any more.  One without a lock file is left alone.
void removeAbandoned(const fs::path& parent) {
    std::error_code problem;
    for (fs::directory_iterator entry(parent, problem), end; !problem && entry != end; entry.increment(problem)) {
        if (!entry->path().filename().string().starts_with(kPrefix)) continue;
        struct stat status {};
        if (::lstat(entry->path().c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) continue;
        const int lock = ::open((entry->path() / kLockName).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (lock < 0) continue;
        std::error_code ignored;
        if (::flock(lock, LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry->path(), ignored);
        ::close(lock);
    }
}

}  // namespace

Result<RuntimeFolder> RuntimeFolder::create() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    std::error_code problem;
    if (runtime != nullptr && std::filesystem::is_directory(runtime, problem)) {
        // A session's folder may be gone or read-only (containers, sudo): then the temporary folder serves.
        if (auto made = createIn(runtime)) return made;
    }
    const auto temporary = std::filesystem::temp_directory_path(problem);
    return createIn(problem ? std::filesystem::path("/tmp") : temporary);
}

Result<RuntimeFolder> RuntimeFolder::createIn(const std::filesystem::path& parent) {
    removeAbandoned(parent);
    std::string pattern = (parent / (std::string(kPrefix) + "XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) return systemError("cannot make a private folder in", parent, errno);
    return RuntimeFolder(pattern, lockFolder(pattern));  // without a lock it is a folder all the same
}

RuntimeFolder::RuntimeFolder(RuntimeFolder&& other) noexcept
    : m_path(std::exchange(other.m_path, {})), m_lock(std::exchange(other.m_lock, -1)) {}

RuntimeFolder::~RuntimeFolder() {
    std::error_code ignored;
    if (!m_path.empty()) std::filesystem::remove_all(m_path, ignored);
    if (m_lock >= 0) ::close(m_lock);
}

}  // namespace lapidary
