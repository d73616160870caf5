#include "tests/support/failing_file.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>

namespace lapidary::test {
namespace {

std::atomic<bool> armed{false};
std::atomic<int> errnoOfFailure{0};
std::atomic<int> operationsLeft{0};  // before the first that fails; below 0: past it

enum class Turn { Go, First, Later };

// Whose turn it is.  Standard streams are no files.
Turn turn(int fd) {
    if (!armed || (fd >= 0 && fd <= STDERR_FILENO)) return Turn::Go;
    const int left = operationsLeft--;
    if (left > 0) return Turn::Go;
    return left == 0 ? Turn::First : Turn::Later;
}

// What an operation answers that fails, where the process survives it.
int fail() {
    if (errnoOfFailure == 0) (void)::kill(::getpid(), SIGKILL);
    errno = errnoOfFailure;
    return -1;
}

}  // namespace

FailingFile::FailingFile(int at, int errnoValue) {
    operationsLeft = at;
    errnoOfFailure = errnoValue;
    armed = true;
}

FailingFile::~FailingFile() { armed = false; }

bool FailingFile::struck() const { return operationsLeft < 0; }

}  // namespace lapidary::test

using lapidary::test::fail;
using lapidary::test::Turn;
using lapidary::test::turn;

extern "C" {

ssize_t write(int fd, const void* buffer, size_t count) {
    const Turn now = turn(fd);
    if (now == Turn::Go) return ::syscall(SYS_write, fd, buffer, count);
    const ssize_t half = now == Turn::First && count > 1 ? ::syscall(SYS_write, fd, buffer, count / 2) : 0;
    return half > 0 && lapidary::test::errnoOfFailure != 0 ? half : fail();
}

ssize_t sendfile(int out, int in, off_t* offset, size_t count) noexcept {
    return turn(out) == Turn::Go ? ::syscall(SYS_sendfile, out, in, offset, count) : fail();
}

int fsync(int fd) { return turn(fd) == Turn::Go ? static_cast<int>(::syscall(SYS_fsync, fd)) : fail(); }

int mkdir(const char* path, mode_t mode) noexcept {
    return turn(-1) == Turn::Go ? static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode)) : fail();
}

int rename(const char* from, const char* to) noexcept {
    return turn(-1) == Turn::Go ? static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0U)) : fail();
}

int renameat2(int fromFolder, const char* from, int toFolder, const char* to, unsigned flags) noexcept {
    return turn(-1) == Turn::Go ? static_cast<int>(::syscall(SYS_renameat2, fromFolder, from, toFolder, to, flags)) : fail();
}
}
