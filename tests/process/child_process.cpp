#include "tests/process/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/support/places.h"
#include "tests/support/temp_dir.h"

extern char** environ;

namespace lapidary::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
    int read = -1;
    int write = -1;
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
        read = ends[0];
        write = ends[1];
    }
};

void closeAndForget(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
}

// The list of C strings that exec wants; `words` must outlive it.
std::vector<char*> nullEnded(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

// Appends what is ready; false at the end of the stream.
bool take(int fd, std::string& text) {
    char buffer[1 << 16];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0) return false;
    text.append(buffer, static_cast<std::size_t>(count));
    return true;
}

// Histories and caches of the person who runs the tests are not theirs to read or to fill.
std::string homeOfTests() {
    static const TempDir kHome;
    return "LAPIDARY_HOME=" + kHome.path().string();
}

}  // namespace

std::filesystem::path lapidaryExecutable() { return buildPath("bin/lapidary"); }

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment) {
    std::signal(SIGPIPE, SIG_IGN);
    Pipe in;
    Pipe out;
    Pipe err;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
    const std::string executable = lapidaryExecutable();
    std::vector<std::string> words{executable};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const std::vector<char*> argv = nullEnded(words);
    std::vector<std::string> settings;
    if (!environment.contains("LAPIDARY_HOME") && ::getenv("LAPIDARY_HOME") == nullptr) settings.push_back(homeOfTests());
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!environment.contains(text.substr(0, text.find('=')))) settings.push_back(text);
    }
    for (const auto& [name, value] : environment) settings.emplace_back(name).append("=").append(value);
    const std::vector<char*> envp = nullEnded(settings);
    const int problem = ::posix_spawn(&m_pid, executable.c_str(), &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    ::close(in.read);
    ::close(out.write);
    ::close(err.write);
    m_in = in.write;
    m_out = out.read;
    m_err = err.read;
    if (problem != 0) throw std::runtime_error("cannot start " + executable);
}

ChildProcess::~ChildProcess() {
    closeInput();
    if (m_pid > 0) {
        ::kill(m_pid, SIGKILL);
        ::waitpid(m_pid, nullptr, 0);
    }
    closeAndForget(m_out);
    closeAndForget(m_err);
}

bool ChildProcess::write(const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t count = ::write(m_in, text.data() + done, text.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        done += static_cast<std::size_t>(count);
    }
    return true;
}

void ChildProcess::closeInput() { closeAndForget(m_in); }

void ChildProcess::closeOutput() {
    closeAndForget(m_out);
    closeAndForget(m_err);
}

bool ChildProcess::waitForOutput(std::chrono::milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    while (m_outBuffer.empty()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (m_out < 0 || left.count() <= 0) return false;
        (void)pump(left);
    }
    return true;
}

void ChildProcess::signal(int number) const { ::kill(m_pid, number); }

std::int64_t ChildProcess::residentAnonymousBytes() const {
    std::ifstream status("/proc/" + std::to_string(m_pid) + "/status");
    for (std::string word; status >> word;) {
        std::int64_t kibibytes = 0;
        if (word == "RssAnon:" && status >> kibibytes) return kibibytes * 1024;
    }
    throw std::runtime_error("no RssAnon in /proc/" + std::to_string(m_pid) + "/status");
}

bool ChildProcess::waitForExit(std::chrono::milliseconds timeout) const {
    const auto deadline = Clock::now() + timeout;
    while (Clock::now() < deadline) {
        siginfo_t info{};
        // WNOWAIT leaves it for wait().
        if (::waitid(P_PID, static_cast<id_t>(m_pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == m_pid)
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

bool ChildProcess::pump(std::chrono::milliseconds timeout) {
    pollfd streams[2] = {{m_out, POLLIN, 0}, {m_err, POLLIN, 0}};  // poll passes over a descriptor of -1
    if (m_out < 0 && m_err < 0) return false;
    if (::poll(streams, 2, static_cast<int>(timeout.count())) <= 0) return false;
    if (streams[0].revents != 0 && !take(m_out, m_outBuffer)) closeAndForget(m_out);
    if (streams[1].revents != 0 && !take(m_err, m_errText)) closeAndForget(m_err);
    return true;
}

std::optional<std::string> ChildProcess::readLine(std::chrono::milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    while (true) {
        const std::size_t newline = m_outBuffer.find('\n');
        if (newline != std::string::npos) {
            std::string line = m_outBuffer.substr(0, newline);
            m_outBuffer.erase(0, newline + 1);
            return line;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (m_out < 0 || left.count() <= 0) return std::nullopt;
        (void)pump(left);
    }
}

Finished ChildProcess::wait(std::chrono::milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    while (m_out >= 0 || m_err >= 0) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) {
            ::kill(m_pid, SIGKILL);
            break;
        }
        (void)pump(left);
    }
    int status = 0;
    rusage usage{};
    ::wait4(m_pid, &status, 0, &usage);
    m_pid = -1;
    Finished finished;
    finished.peakResidentBytes = std::int64_t{1024} * usage.ru_maxrss;
    finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    finished.out = m_outBuffer;
    finished.err = m_errText;
    return finished;
}

Finished runLapidary(const std::vector<std::string>& arguments, const std::string& input,
                     const std::map<std::string, std::string>& environment) {
    ChildProcess child(arguments, environment);
    (void)child.write(input);
    child.closeInput();
    return child.wait();
}

}  // namespace lapidary::test
