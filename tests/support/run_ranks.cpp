#include "tests/support/run_ranks.h"

#include <ATen/Parallel.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <exception>
#include <memory>
#include <stdexcept>

#include "core/engine/distributed/c10d_group.h"
#include "core/engine/distributed/local_group.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Child {
    pid_t pid = -1;
    int pipe = -1;
    RankEnd end;
};

int work(const distributed::GroupSettings& settings, const std::function<std::string(distributed::ProcessGroup&)>& f,
         int pipe) {
    std::string text;
    int code = 0;
    ::signal(SIGPIPE, SIG_IGN);  // a rank that writes to one that died shall see an error, as in the program
    try {
        at::set_num_threads(1);
        std::shared_ptr<distributed::ProcessGroup> group = std::make_shared<distributed::LocalGroup>();
        if (settings.size > 1) {
            auto opened = distributed::openGlooGroup(settings);
            if (!opened) throw std::runtime_error(opened.error().toString());
            group = *opened;
        }
        text = f(*group);
    } catch (const std::exception& problem) {
        text = problem.what();
        code = 1;
    }
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t count = ::write(pipe, text.data() + done, text.size() - done);
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    return code;
}

// Reads until the other end is closed; false when `deadline` passes.
bool readAll(Child& child, Clock::time_point deadline) {
    std::array<char, 4096> buffer{};
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd polled{child.pipe, POLLIN, 0};
        if (left <= 0 || ::poll(&polled, 1, static_cast<int>(left)) <= 0) return false;
        const ssize_t count = ::read(child.pipe, buffer.data(), buffer.size());
        if (count <= 0) return true;
        child.end.text.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

}  // namespace

std::vector<RankEnd> runRanks(int count, const std::function<std::string(distributed::ProcessGroup& group)>& f,
                              std::chrono::milliseconds groupTimeout, std::chrono::milliseconds patience) {
    const TempDir folder;
    std::vector<Child> children(static_cast<std::size_t>(count));
    for (int rank = 0; rank < count; ++rank) {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
        Child& child = children[static_cast<std::size_t>(rank)];
        child.pipe = ends[0];
        child.pid = ::fork();
        if (child.pid == 0) {
            (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (const Child& other : children) {
                if (other.pipe >= 0) ::close(other.pipe);
            }
            distributed::GroupSettings settings;
            settings.rank = rank;
            settings.size = count;
            settings.storeFile = folder.path() / "store";
            settings.timeout = groupTimeout;
            ::_exit(work(settings, f, ends[1]));
        }
        ::close(ends[1]);
    }
    const auto deadline = Clock::now() + patience;
    std::vector<RankEnd> ends;
    for (Child& child : children) {
        if (!readAll(child, deadline)) ::kill(child.pid, SIGKILL);
        ::close(child.pipe);
        int status = 0;
        ::waitpid(child.pid, &status, 0);
        child.end.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        ends.push_back(child.end);
    }
    return ends;
}

}  // namespace lapidary::test
