#include "core/shared/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/shared/base/descriptor.h"

namespace lapidary {
namespace {

Result<void> writeAll(int fd, std::string_view bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return systemError("cannot write", path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

// The rename itself must survive a power cut, so the folder is synced too.
void syncFolder(const std::filesystem::path& folder) {
    const Descriptor fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() >= 0) (void)::fsync(fd.get());
}

// A new file in `folder` that nobody else writes to; its name is short, so that a target's name may be as long as the system
// allows.  Returns the descriptor, or -1 with errno set.
int createPartial(const std::filesystem::path& folder, std::filesystem::path& partial) {
    constexpr int kTries = 1000;
    int fd = -1;
    for (int n = 0; n < kTries && fd < 0; ++n) {
        partial = folder / (".lapidary-" + std::to_string(::getpid()) + "-" + std::to_string(n) + ".partial");
        fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST) return fd;
    }
    return fd;
}

// What `mode` calls a file that is neither regular nor a folder.
std::string kindOfFile(mode_t mode) {
    if (S_ISFIFO(mode)) return "a named pipe";
    return S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : "a file of another kind";
}

enum class FileKinds { All, RegularOnly };

Result<std::string> readWhole(const std::filesystem::path& path, std::uint64_t maxBytes, FileKinds kinds) {
    // O_NONBLOCK: to open a named pipe is to wait for a writer.
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | (kinds == FileKinds::RegularOnly ? O_NONBLOCK : 0)));
    if (fd.get() < 0) return systemError("cannot open", path, errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return systemError("cannot examine", path, errno);
    if (S_ISDIR(status.st_mode)) {
        return Error{ErrorCode::InvalidFile, "expected a file, found a folder: '" + path.string() + "'", ""};
    }
    if (kinds == FileKinds::RegularOnly && !S_ISREG(status.st_mode)) {
        return Error{ErrorCode::InvalidFile,
                     "expected a regular file, found " + kindOfFile(status.st_mode) + ": '" + path.string() + "'", ""};
    }
    if (static_cast<std::uint64_t>(status.st_size) > maxBytes) {
        return Error{ErrorCode::InvalidFile,
                     "'" + path.string() + "' has " + std::to_string(status.st_size) + " bytes; at most " +
                         std::to_string(maxBytes) + " are accepted here",
                     ""};
    }
    std::string bytes;
    bytes.reserve(static_cast<std::size_t>(status.st_size));
    char buffer[1 << 16];
    while (true) {
        const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return systemError("cannot read", path, errno);
        if (count == 0) return bytes;
        // A pipe or a growing file has no honest size, so the cap is checked on what really arrives.
        if (bytes.size() + static_cast<std::size_t>(count) > maxBytes) {
            return Error{ErrorCode::InvalidFile,
                         "'" + path.string() + "' is longer than the " + std::to_string(maxBytes) + " bytes accepted here", ""};
        }
        bytes.append(buffer, static_cast<std::size_t>(count));
    }
}

}  // namespace

Error systemError(const std::string& action, const std::filesystem::path& path, int errnoValue) {
    ErrorCode code = ErrorCode::Io;
    if (errnoValue == ENOENT || errnoValue == ENOTDIR || errnoValue == ENAMETOOLONG) code = ErrorCode::NotFound;
    if (errnoValue == ENOMEM) code = ErrorCode::OutOfMemory;
    return Error{code, action + " '" + path.string() + "': " + std::strerror(errnoValue), ""};
}

Result<std::string> readFile(const std::filesystem::path& path, std::uint64_t maxBytes) {
    return readWhole(path, maxBytes, FileKinds::All);
}

Result<std::string> readRegularFile(const std::filesystem::path& path, std::uint64_t maxBytes) {
    return readWhole(path, maxBytes, FileKinds::RegularOnly);
}

Result<void> writeFileAtomically(const std::filesystem::path& path, std::string_view bytes) {
    std::filesystem::path partial;
    {
        const Descriptor fd(createPartial(path.parent_path(), partial));
        if (fd.get() < 0) return systemError("cannot create a file beside", path, errno);
        auto written = writeAll(fd.get(), bytes, path);
        struct stat old {};
        if (written && ::stat(path.c_str(), &old) == 0 && ::fchmod(fd.get(), old.st_mode & 07777) != 0) {
            written = systemError("cannot keep the permissions of", path, errno);
        }
        if (written && ::fsync(fd.get()) != 0) written = systemError("cannot sync", path, errno);
        if (!written) {
            ::unlink(partial.c_str());
            return written;
        }
    }
    if (::rename(partial.c_str(), path.c_str()) != 0) {
        const int reason = errno;
        ::unlink(partial.c_str());
        return systemError("cannot rename to", path, reason);
    }
    syncFolder(path.parent_path());
    return {};
}

}  // namespace lapidary
