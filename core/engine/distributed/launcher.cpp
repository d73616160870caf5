#include "core/engine/distributed/launcher.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

extern char** environ;

namespace lapidary::distributed {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostRanks = 4096;
constexpr std::chrono::milliseconds kPoll{50};
constexpr std::chrono::milliseconds kKillAfter = std::chrono::seconds(5);
constexpr std::size_t kLongestLine = std::size_t{1} << 16;
constexpr int kCannotStart = 127;

struct Rank {
    int number = 0;
    pid_t pid = -1;
    int pipe = -1;     // its standard error, and output but of rank 0
    std::string rest;  // of an unfinished line
    std::optional<int> status;
};

Error systemProblem(const std::string& what) { return Error{ErrorCode::Io, what + ": " + std::strerror(errno), ""}; }

// Free when it was asked for; somebody else may take it before rank 0 does, which then says so.
Result<std::uint16_t> freePort() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool found = fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    const Error error = systemProblem("no free port");
    if (fd >= 0) ::close(fd);
    if (!found) return error;
    return ntohs(address.sin_port);
}

Result<void> check(const LaunchRequest& request) {
    const auto usage = [](const std::string& what) { return Error{ErrorCode::Usage, what, ""}; };
    if (request.ranksHere < 1 || request.nodes < 1 || request.ranksHere > kMostRanks / request.nodes) {
        return usage("--nproc-per-node and --nnodes must be at least 1 and together at most " + std::to_string(kMostRanks));
    }
    if (request.nodeRank < 0 || request.nodeRank >= request.nodes) {
        return usage("--node-rank must be from 0 to " + std::to_string(request.nodes - 1));
    }
    if (request.nodes > 1 && (request.masterAddress.empty() || request.masterPort == 0)) {
        return usage("several nodes need --master-addr and --master-port, the same on each");
    }
    return {};
}

// argv or envp of exec; `words` outlive it.
std::vector<char*> nullEnded(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environmentOf(const LaunchRequest& request, int localRank) {
    std::vector<std::pair<std::string, std::string>> own{
        {"RANK", std::to_string(request.nodeRank * request.ranksHere + localRank)},
        {"LOCAL_RANK", std::to_string(localRank)},
        {"WORLD_SIZE", std::to_string(request.nodes * request.ranksHere)},
        {"LOCAL_WORLD_SIZE", std::to_string(request.ranksHere)},
        {"MASTER_ADDR", request.masterAddress.empty() ? "127.0.0.1" : request.masterAddress},
        {"MASTER_PORT", std::to_string(request.masterPort)}};
    // c10d warns of every host name that it cannot look up.
    if (::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) own.emplace_back("TORCH_CPP_LOG_LEVEL", "ERROR");
    std::vector<std::string> entries;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const std::string name = text.substr(0, text.find('='));
        if (std::none_of(own.begin(), own.end(), [&](const auto& one) { return one.first == name; })) entries.push_back(text);
    }
    for (const auto& [name, value] : own) entries.push_back(std::string(name).append("=").append(value));
    return entries;
}

class Ranks {
public:
    Ranks(const LaunchRequest& request, const std::function<void(int, const std::string&)>& onLine)
        : m_request(request), m_onLine(onLine) {}
    ~Ranks() {
        signalAll(SIGKILL);
        for (Rank& rank : m_ranks) {
            if (!rank.status) ::waitpid(rank.pid, nullptr, 0);
            if (rank.pipe >= 0) ::close(rank.pipe);
        }
    }
    Ranks(const Ranks&) = delete;
    Ranks& operator=(const Ranks&) = delete;

    Result<void> start(int localRank);
    void watch(const std::stop_token& stop);
    [[nodiscard]] Result<void> outcome() const;

private:
    [[noreturn]] static void become(const char* path, char* const* argv, char* const* envp, int output, bool first,
                                    pid_t parent);
    void signalAll(int signal) const;
    void readWhatIsThere();
    void takeLines(Rank& rank, bool atEnd);
    void collect();
    [[nodiscard]] bool allEnded() const;

    const LaunchRequest& m_request;
    const std::function<void(int, const std::string&)>& m_onLine;
    std::vector<Rank> m_ranks;
    std::optional<std::size_t> m_firstBad;  // index of the first rank that ended badly
    bool m_stopped = false;
};

// In the child, between fork and exec: system calls alone.
void Ranks::become(const char* path, char* const* argv, char* const* envp, int output, bool first, pid_t parent) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kCannotStart);  // it died before the line above
    (void)::setpgid(0, 0);  // what a person types at the terminal comes from the launcher alone, once
    sigset_t none;
    sigemptyset(&none);
    (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (!first || ::isatty(STDIN_FILENO) == 1) {
        const int nothing = ::open("/dev/null", O_RDONLY);
        (void)::dup2(nothing, STDIN_FILENO);
    }
    (void)::dup2(output, STDERR_FILENO);
    if (!first) (void)::dup2(output, STDOUT_FILENO);
    ::execve(path, argv, envp);
    ::_exit(kCannotStart);
}

Result<void> Ranks::start(int localRank) {
    std::vector<std::string> words{m_request.executable.string()};
    words.insert(words.end(), m_request.words.begin(), m_request.words.end());
    std::vector<std::string> settings = environmentOf(m_request, localRank);
    const std::vector<char*> argv = nullEnded(words);
    const std::vector<char*> envp = nullEnded(settings);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return systemProblem("cannot make a pipe");
    const int number = m_request.nodeRank * m_request.ranksHere + localRank;
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) become(argv[0], argv.data(), envp.data(), ends[1], number == 0, parent);
    const Error error = systemProblem("cannot start rank " + std::to_string(number));
    ::close(ends[1]);
    if (pid < 0) {
        ::close(ends[0]);
        return error;
    }
    (void)::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    m_ranks.push_back({number, pid, ends[0], {}, std::nullopt});
    return {};
}

void Ranks::signalAll(int signal) const {
    for (const Rank& rank : m_ranks) {
        if (!rank.status) ::kill(rank.pid, signal);
    }
}

bool Ranks::allEnded() const {
    return std::all_of(m_ranks.begin(), m_ranks.end(), [](const Rank& rank) { return rank.status.has_value(); });
}

void Ranks::takeLines(Rank& rank, bool atEnd) {
    for (std::size_t end = rank.rest.find('\n'); end != std::string::npos; end = rank.rest.find('\n')) {
        m_onLine(rank.number, rank.rest.substr(0, end));
        rank.rest.erase(0, end + 1);
    }
    if (rank.rest.size() < kLongestLine && !(atEnd && !rank.rest.empty())) return;
    m_onLine(rank.number, rank.rest);
    rank.rest.clear();
}

void Ranks::readWhatIsThere() {
    std::vector<pollfd> polled;
    polled.reserve(m_ranks.size());
    for (const Rank& rank : m_ranks) polled.push_back({rank.pipe, POLLIN, 0});  // a negative one is passed over
    (void)::poll(polled.data(), polled.size(), static_cast<int>(kPoll.count()));
    std::array<char, 1 << 14> buffer{};
    for (std::size_t i = 0; i < m_ranks.size(); ++i) {
        Rank& rank = m_ranks[i];
        if (polled[i].revents == 0) continue;
        ssize_t count = 0;
        while ((count = ::read(rank.pipe, buffer.data(), buffer.size())) > 0) {
            rank.rest.append(buffer.data(), static_cast<std::size_t>(count));
            takeLines(rank, false);
        }
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        takeLines(rank, true);
        ::close(std::exchange(rank.pipe, -1));
    }
}

void Ranks::collect() {
    for (std::size_t i = 0; i < m_ranks.size(); ++i) {
        int status = 0;
        if (m_ranks[i].status || ::waitpid(m_ranks[i].pid, &status, WNOHANG) != m_ranks[i].pid) continue;
        m_ranks[i].status = status;
        // A rank that was killed is the cause, also where one that lost it ended first.
        const bool killed = WIFSIGNALED(status);
        if (status != 0 && (!m_firstBad || (killed && !WIFSIGNALED(*m_ranks[*m_firstBad].status)))) m_firstBad = i;
    }
}

void Ranks::watch(const std::stop_token& stop) {
    std::optional<Clock::time_point> termAt;
    std::optional<Clock::time_point> killAt;
    while (!allEnded()) {
        readWhatIsThere();
        collect();
        const auto now = Clock::now();
        if (stop.stop_requested() && !std::exchange(m_stopped, true)) signalAll(SIGTERM);
        if (m_firstBad && !termAt) termAt = now + m_request.patience;
        if (termAt && now >= *termAt && !killAt) {
            signalAll(SIGTERM);
            killAt = now + kKillAfter;
        }
        if (killAt && now >= *killAt) signalAll(SIGKILL);
    }
    readWhatIsThere();  // the last words; a grandchild may keep a pipe open for long
    for (Rank& rank : m_ranks) takeLines(rank, true);
}

Result<void> Ranks::outcome() const {
    if (!m_firstBad) return {};
    const Rank& rank = m_ranks[*m_firstBad];
    const std::string name = "rank " + std::to_string(rank.number);
    if (WIFSIGNALED(*rank.status)) {
        const int signal = WTERMSIG(*rank.status);
        return Error{ErrorCode::ChildDied,
                     name + " was killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")", ""};
    }
    const int code = WEXITSTATUS(*rank.status);
    const std::string ended = name + " ended with code " + std::to_string(code);
    switch (code) {
        case 1: return Error{ErrorCode::Io, ended, ""};
        case 2: return Error{ErrorCode::Usage, ended, ""};
        case 3: return Error{ErrorCode::InvalidData, ended, ""};
        case 4: return Error{ErrorCode::OutOfMemory, ended, ""};
        case 5: return Error{ErrorCode::Cancelled, "stopped", ""};
        case 7: return Error{ErrorCode::Different, ended, ""};
        case kCannotStart: return Error{ErrorCode::ChildDied, name + " could not be started", ""};
        default: return Error{ErrorCode::ChildDied, ended, ""};
    }
}

}  // namespace

Result<void> launchRanks(const LaunchRequest& request, const std::function<void(int rank, const std::string& line)>& onLine,
                         const std::stop_token& stop) {
    RETURN_IF_ERROR(check(request));
    LaunchRequest settled = request;
    if (settled.masterPort == 0) {
        ASSIGN_OR_RETURN(settled.masterPort, freePort());
    }
    Ranks ranks(settled, onLine);
    for (int i = 0; i < settled.ranksHere; ++i) RETURN_IF_ERROR(ranks.start(i));
    ranks.watch(stop);
    return ranks.outcome();
}

}  // namespace lapidary::distributed
