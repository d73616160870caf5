#include "core/data/net/wandb_sync.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <utility>

#include "core/shared/base/descriptor.h"
#include "core/shared/base/file.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace lapidary::net {
namespace {

constexpr int kLockInChild = 3;  // the first descriptor behind the standard ones

std::filesystem::path findProgram(const std::string& name, const std::string& searchPath) {
    for (std::size_t begin = 0; begin <= searchPath.size();) {
        const std::size_t end = std::min(searchPath.find(':', begin), searchPath.size());
        // An empty entry would mean the working folder: a data set must not bring its own `wandb`.
        const std::filesystem::path folder = searchPath.substr(begin, end - begin);
        begin = end + 1;
        if (!folder.is_absolute()) continue;
        std::error_code problem;
        auto program = folder / name;
        if (std::filesystem::is_regular_file(program, problem) && ::access(program.c_str(), X_OK) == 0) return program;
    }
    return {};
}

// A descriptor above those that the child gets: dup2 onto itself would keep its close-on-exec flag.
int openAbove(const std::filesystem::path& path, int flags) {
    const Descriptor low(::open(path.c_str(), flags | O_CLOEXEC, 0666));
    return low.get() < 0 ? -1 : ::fcntl(low.get(), F_DUPFD_CLOEXEC, kLockInChild + 1);
}

// In a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it.  Returns errno, or 0.
int spawnDetached(const std::filesystem::path& program, const std::vector<std::string>& arguments, int log, int lock,
                  pid_t& child) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    if (const int problem = ::posix_spawn_file_actions_init(&files); problem != 0) return problem;
    if (const int problem = ::posix_spawnattr_init(&attributes); problem != 0) {
        ::posix_spawn_file_actions_destroy(&files);
        return problem;
    }
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments)
        pointers.push_back(const_cast<char*>(argument.c_str()));  // as posix_spawn wants
    pointers.push_back(nullptr);
    int problem = ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (problem == 0) problem = ::posix_spawn_file_actions_adddup2(&files, log, STDOUT_FILENO);
    if (problem == 0) problem = ::posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
    if (problem == 0) problem = ::posix_spawn_file_actions_adddup2(&files, lock, kLockInChild);
    if (problem == 0) problem = ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    if (problem == 0) problem = ::posix_spawn(&child, program.c_str(), &files, &attributes, pointers.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    return problem;
}

std::string quoted(const std::string& text) {
    const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '/' || c == '.';
    });
    if (plain) return text;
    std::string result = "'";
    for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

}  // namespace

WandbSync::WandbSync(WandbSettings settings, const std::optional<std::string>& apiKey, const std::string& searchPath)
    : m_settings(std::move(settings)), m_program(findProgram("wandb", searchPath)) {
    const std::string kept = "; the curves are in '" + m_settings.tensorboard.string() + "'.";
    if (!apiKey || apiKey->empty()) {
        m_whyOff = "Nothing is sent to Weights & Biases, because WANDB_API_KEY is not set" + kept;
    } else if (m_program.empty()) {
        m_whyOff = "Nothing is sent to Weights & Biases, because there is no program 'wandb' on the PATH" + kept;
    }
}

WandbSync::~WandbSync() { reap(); }

std::vector<std::string> WandbSync::arguments() const {
    std::vector<std::string> list = {"wandb",          "sync",      "--sync-tensorboard", "--id",
                                     m_settings.runId, "--project", m_settings.project};
    if (m_settings.entity) list.insert(list.end(), {"--entity", *m_settings.entity});
    list.push_back(std::filesystem::absolute(m_settings.tensorboard).string());
    return list;
}

std::string WandbSync::command() const {
    std::string text;
    for (const std::string& argument : arguments()) text += (text.empty() ? "" : " ") + quoted(argument);
    return text;
}

void WandbSync::reap() {
    std::erase_if(m_children, [](pid_t child) { return ::waitpid(child, nullptr, WNOHANG) != 0; });
}

Result<WandbSync::Outcome> WandbSync::start() {
    if (!m_whyOff.empty()) return Outcome::Off;
    reap();
    std::filesystem::path lockPath = m_settings.log;
    lockPath += ".lock";
    // The child inherits the lock, so it is held exactly as long as an upload runs, whoever started it.
    const Descriptor lock(openAbove(lockPath, O_RDWR | O_CREAT));
    if (lock.get() < 0) return systemError("cannot open", lockPath, errno);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return Outcome::StillBusy;
        return systemError("cannot lock", lockPath, errno);
    }
    const Descriptor log(openAbove(m_settings.log, O_WRONLY | O_CREAT | O_APPEND));
    if (log.get() < 0) return systemError("cannot open", m_settings.log, errno);
    pid_t child = 0;
    const int problem = spawnDetached(m_program, arguments(), log.get(), lock.get(), child);
    if (problem != 0) return systemError("cannot start", m_program, problem);
    m_children.push_back(child);
    return Outcome::Started;
}

std::string wandbRunId(const std::string& text) {
    constexpr std::size_t kMaxBytes = 64;
    std::string id = text.substr(0, kMaxBytes);
    for (char& c : id) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') c = '-';
    }
    return id.empty() ? "run" : id;
}

}  // namespace lapidary::net
