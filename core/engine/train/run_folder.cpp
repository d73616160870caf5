#include "core/engine/train/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <variant>

#include "core/data/net/digest.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"
#include "core/shared/protocol/training_event.h"

namespace lapidary::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "MANIFEST.json";
constexpr const char* kEvents = "events.jsonl";
constexpr const char* kCommand = "command";
constexpr const char* kRecipe = "recipe.json";
constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kSetAside = "set_aside";
constexpr std::string_view kPrefix = "iter_";
constexpr std::string_view kPartial = ".partial-";
constexpr std::string_view kRemoving = ".removing-";
constexpr std::uint64_t kMaxSmallFile = 4 << 20;
constexpr std::array<std::pair<RunCommand, const char*>, 9> kWords{{{RunCommand::Stop, "stop"},
                                                                    {RunCommand::Save, "save"},
                                                                    {RunCommand::Pause, "pause"},
                                                                    {RunCommand::Resume, "resume"},
                                                                    {RunCommand::Skip, "skip"},
                                                                    {RunCommand::Rollback, "rollback"},
                                                                    {RunCommand::LowerLr, "lower_lr"},
                                                                    {RunCommand::Smaller, "smaller"},
                                                                    {RunCommand::Checkpointing, "checkpointing"}}};

Error failed(const std::string& action, const fs::path& path, const std::error_code& code) {
    return systemError(action, path, code.value());
}

Result<void> makeFolder(const fs::path& path) {
    std::error_code problem;
    fs::create_directories(path, problem);
    if (problem) return failed("cannot make the folder", path, problem);
    return {};
}

Result<void> syncPath(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return systemError("cannot open", path, errno);
    const int answer = ::fsync(fd);
    const int problem = errno;
    ::close(fd);
    if (answer != 0) return systemError("cannot sync", path, problem);
    return {};
}

std::string hostName() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown host";
    return name.data();
}

// Every regular file below `folder` but the manifest, relative and sorted; folders too, so that they can be synced.
Result<std::vector<fs::path>> filesBelow(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code problem;
    for (fs::recursive_directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
        if (entry->is_regular_file() && entry->path() != folder / kManifest)
            files.push_back(fs::relative(entry->path(), folder));
    }
    if (problem) return failed("cannot list", folder, problem);
    std::sort(files.begin(), files.end());
    return files;
}

Result<std::string> hashOf(const fs::path& file, const std::stop_token& stop) {
    return net::digestOfFile(file, std::string(64, '0'), stop);
}

// Writes the manifest of what lies in `folder` and syncs everything; returns the bytes of all files.
Result<std::int64_t> sealFolder(const fs::path& folder) {
    ASSIGN_OR_RETURN(const std::vector<fs::path> files, filesBelow(folder));
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    std::int64_t bytes = 0;
    for (const fs::path& file : files) {
        ASSIGN_OR_RETURN(const std::string hash, hashOf(folder / file, {}));
        std::error_code problem;
        const auto size = static_cast<std::int64_t>(fs::file_size(folder / file, problem));
        if (problem) return failed("cannot read the size of", folder / file, problem);
        list.push_back({{"name", file.generic_string()}, {"bytes", size}, {"sha256", hash}});
        bytes += size;
        RETURN_IF_ERROR(syncPath(folder / file));
    }
    RETURN_IF_ERROR(writeFileAtomically(folder / kManifest, nlohmann::ordered_json{{"files", list}}.dump(1)));
    std::error_code problem;
    for (fs::recursive_directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
        if (entry->is_directory()) RETURN_IF_ERROR(syncPath(entry->path()));
    }
    RETURN_IF_ERROR(syncPath(folder));
    return bytes;
}

std::optional<std::int64_t> stepOfName(const std::string& name) {
    if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) return std::nullopt;
    std::int64_t step = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + kPrefix.size(), end, step);
    if (read.ec != std::errc() || read.ptr != end || step < 0) return std::nullopt;
    return step;
}

// What an interrupted save or removal left.
void removeLeftovers(const fs::path& checkpoints) {
    std::error_code problem;
    std::vector<fs::path> leftovers;
    for (fs::directory_iterator entry(checkpoints, problem), end; !problem && entry != end; entry.increment(problem)) {
        const std::string name = entry->path().filename().string();
        if (name.starts_with(kPartial) || name.starts_with(kRemoving)) leftovers.push_back(entry->path());
    }
    for (const fs::path& path : leftovers) fs::remove_all(path, problem);
}

// The lock's descriptor; the file says who holds it.
Result<int> takeLock(const fs::path& root) {
    const fs::path path = root / "lock";
    const int lock = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (lock < 0) return systemError("cannot open", path, errno);
    const auto holder = readFile(path, 4096);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return Error{ErrorCode::Usage,
                     "the run is being written by another process (" + (holder ? clipText(*holder, 200) : "unknown") + ")",
                     root.string()};
    }
    // A lock is not seen across hosts of a shared file system; the name that a running process left behind is.
    if (holder && !holder->empty() && !holder->starts_with("host " + hostName() + ",")) {
        ::close(lock);
        return Error{ErrorCode::Usage,
                     "the run may still be written by another machine (" + clipText(*holder, 200) +
                         "); where it is not, remove " + path.string(),
                     root.string()};
    }
    const std::string mine = "host " + hostName() + ", process " + std::to_string(::getpid());
    if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, mine.data(), mine.size(), 0) != static_cast<ssize_t>(mine.size())) {
        const int problem = errno;
        ::close(lock);
        return systemError("cannot write", path, problem);
    }
    return lock;
}

// Where the line begins that ends at `end`.
off_t beginOfLine(int fd, off_t end) {
    char last = 0;
    while (end > 0 && ::pread(fd, &last, 1, end - 1) == 1 && last != '\n') --end;
    return end;
}

// Whether the log's last line tells how a sitting ended; also where there is none.
bool toldItsEnd(int fd) {
    const off_t end = ::lseek(fd, 0, SEEK_END);
    if (end <= 0) return true;
    const off_t begin = beginOfLine(fd, end - 1);
    std::string line(static_cast<std::size_t>(end - 1 - begin), '\0');
    if (::pread(fd, line.data(), line.size(), begin) != static_cast<ssize_t>(line.size())) return false;
    const auto event = protocol::parseTrainingEvent(line);
    return event && std::holds_alternative<protocol::RunFinishedEvent>(event->body);
}

// Opens the log to append, without a last line that a kill cut in half.
Result<int> openEvents(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) return systemError("cannot open", path, errno);
    const off_t end = beginOfLine(fd, ::lseek(fd, 0, SEEK_END));
    if (::ftruncate(fd, end) != 0) {
        const int problem = errno;
        ::close(fd);
        return systemError("cannot shorten", path, problem);
    }
    return fd;
}

// Whether `path` is still the file that `fd` is open on.  Errors: Io where nobody can say.
Result<bool> isOpen(int fd, const fs::path& path) {
    struct stat held {};
    struct stat there {};
    if (::fstat(fd, &held) != 0) return systemError("cannot examine", path, errno);
    if (::stat(path.c_str(), &there) == 0) return held.st_dev == there.st_dev && held.st_ino == there.st_ino;
    if (errno != ENOENT && errno != ENOTDIR) return systemError("cannot examine", path, errno);
    return false;
}

bool holdsRun(const fs::path& root) { return fs::exists(root / kEvents) || fs::exists(root / kRecipe); }

// What a start leaves that failed or was killed before its run began (a model or data that cannot be opened): a log without a line.
bool neverBegan(const fs::path& root) {
    std::error_code none;
    return fs::file_size(root / kEvents, none) == 0 && fs::is_empty(root / kCheckpoints, none);
}

}  // namespace

Result<RunFolder> RunFolder::open(const fs::path& root, RunStart start) {
    const bool there = holdsRun(root);
    if (start == RunStart::Fresh && there && !neverBegan(root)) {
        return Error{ErrorCode::Usage, "holds a run already; choose another run.name, or go on with it by --resume",
                     root.string()};
    }
    if (start == RunStart::Resume && !there) return Error{ErrorCode::Usage, "holds no run to go on with", root.string()};
    RETURN_IF_ERROR(makeFolder(root / kCheckpoints));
    ASSIGN_OR_RETURN(const int lock, takeLock(root));
    RunFolder folder(root, lock);
    removeLeftovers(folder.checkpointsFolder());
    ASSIGN_OR_RETURN(folder.m_events, openEvents(root / kEvents));
    folder.m_interrupted = !toldItsEnd(folder.m_events);
    std::error_code ignored;
    fs::remove(root / kCommand, ignored);  // a word for a process that is gone
    return folder;
}

RunFolder::~RunFolder() {
    if (m_events >= 0) ::close(m_events);
    if (m_lock < 0) return;
    (void)::ftruncate(m_lock, 0);  // nobody holds it: another host may come
    ::close(m_lock);
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : m_root(std::move(other.m_root)),
      m_lock(std::exchange(other.m_lock, -1)),
      m_events(std::exchange(other.m_events, -1)),
      m_interrupted(other.m_interrupted),
      m_recipe(std::move(other.m_recipe)) {}

RunFolder& RunFolder::operator=(RunFolder&& other) noexcept {
    std::swap(m_root, other.m_root);
    std::swap(m_lock, other.m_lock);
    std::swap(m_events, other.m_events);
    std::swap(m_interrupted, other.m_interrupted);
    std::swap(m_recipe, other.m_recipe);
    return *this;
}

fs::path RunFolder::folderOf(std::int64_t step) const {
    std::string digits = std::to_string(step);
    digits.insert(0, digits.size() < 7 ? 7 - digits.size() : 0, '0');
    return checkpointsFolder() / (std::string(kPrefix) + digits);
}

// A folder of the same name may be another one by now: lock, recipe and log then begin anew in it.  Where it is gone nothing is made: its
// disk may only be away.
Result<void> RunFolder::holdOn() {
    ASSIGN_OR_RETURN(const bool locked, isOpen(m_lock, m_root / "lock"));
    if (!locked) {
        std::error_code problem;
        if (!fs::is_directory(m_root, problem)) {
            return Error{ErrorCode::NotFound, "the run's folder is gone; put it back or make it anew", m_root.string()};
        }
        ASSIGN_OR_RETURN(const int lock, takeLock(m_root));
        ::close(std::exchange(m_lock, lock));
        if (!m_recipe.empty()) RETURN_IF_ERROR(writeFileAtomically(m_root / kRecipe, m_recipe));
    }
    ASSIGN_OR_RETURN(const bool logged, isOpen(m_events, m_root / kEvents));
    if (logged) return {};
    ASSIGN_OR_RETURN(const int events, openEvents(m_root / kEvents));
    ::close(std::exchange(m_events, events));
    return {};
}

Result<void> RunFolder::keepRecipe(std::string text) {
    m_recipe = std::move(text);
    return writeFileAtomically(m_root / kRecipe, m_recipe);
}

Result<void> RunFolder::appendEvent(std::string_view lines) {
    RETURN_IF_ERROR(holdOn());
    std::string whole(lines);
    whole += '\n';
    const ssize_t written = ::write(m_events, whole.data(), whole.size());
    if (written == static_cast<ssize_t>(whole.size())) return {};
    const int problem = written < 0 ? errno : ENOSPC;
    // Half a line would join with the next one.
    if (written > 0) (void)::ftruncate(m_events, ::lseek(m_events, 0, SEEK_END) - written);
    return systemError("cannot write", m_root / kEvents, problem);
}

Result<SavedCheckpoint> RunFolder::save(std::int64_t step, const std::function<Result<void>(const fs::path& folder)>& write) {
    const fs::path target = folderOf(step);
    const fs::path partial = checkpointsFolder() / (std::string(kPartial) + std::to_string(step));
    const auto attempt = [&]() -> Result<SavedCheckpoint> {
        RETURN_IF_ERROR(holdOn());
        RETURN_IF_ERROR(makeFolder(partial));
        RETURN_IF_ERROR(write(partial));
        ASSIGN_OR_RETURN(const std::int64_t bytes, sealFolder(partial));
        // The same step again, after a resume from an older one: the two change places, so that one is always there.
        const unsigned how = fs::exists(target) ? RENAME_EXCHANGE : RENAME_NOREPLACE;
        if (::renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, target.c_str(), how) != 0)
            return systemError("cannot rename", partial, errno);
        RETURN_IF_ERROR(syncPath(checkpointsFolder()));
        return SavedCheckpoint{step, target, bytes};
    };
    std::error_code ignored;
    fs::remove_all(partial, ignored);
    Result<SavedCheckpoint> saved = attempt();
    fs::remove_all(partial, ignored);  // what failed, or what was replaced
    return saved;
}

std::vector<std::int64_t> RunFolder::checkpoints() const {
    std::vector<std::int64_t> steps;
    std::error_code problem;
    for (fs::directory_iterator entry(checkpointsFolder(), problem), end; !problem && entry != end; entry.increment(problem)) {
        const auto step = stepOfName(entry->path().filename().string());
        if (step && fs::exists(entry->path() / kManifest)) steps.push_back(*step);
    }
    std::sort(steps.begin(), steps.end());
    return steps;
}

Result<SavedCheckpoint> RunFolder::verify(std::int64_t step, std::stop_token stop) const {
    const fs::path folder = folderOf(step);
    ASSIGN_OR_RETURN(const std::string text, readFile(folder / kManifest, kMaxSmallFile));
    ASSIGN_OR_RETURN(const Json manifest, parseJson(text, (folder / kManifest).string()));
    const auto damaged = [&](const std::string& what) { return Error{ErrorCode::InvalidFile, what, folder.string()}; };
    if (!manifest.is_object() || !manifest.contains("files") || !manifest["files"].is_array()) {
        return damaged("the manifest has no list of files");
    }
    SavedCheckpoint found{step, folder, 0};
    std::vector<fs::path> listed;
    for (const Json& entry : manifest["files"]) {
        if (!entry.is_object()) return damaged("the manifest lists something else than files");
        ASSIGN_OR_RETURN(const auto name, findString(entry, "name", kManifest));
        ASSIGN_OR_RETURN(const auto bytes, findInteger(entry, "bytes", kManifest));
        ASSIGN_OR_RETURN(const auto hash, findString(entry, "sha256", kManifest));
        if (!name || !bytes || !hash) return damaged("the manifest lists a file without name, bytes or sha256");
        const fs::path file = fs::path(*name).lexically_normal();
        if (file.is_absolute() || file.empty() || *file.begin() == "..")
            return damaged("the manifest names '" + clipText(*name, 80) + "'");
        std::error_code problem;
        const auto size = static_cast<std::int64_t>(fs::file_size(folder / file, problem));
        if (problem) return damaged("'" + *name + "' is missing");
        if (size != *bytes) {
            return damaged("'" + *name + "' has " + std::to_string(size) + " bytes; " + std::to_string(*bytes) +
                           " were written");
        }
        ASSIGN_OR_RETURN(const std::string now, hashOf(folder / file, stop));
        if (now != *hash) return damaged("'" + *name + "' does not have the sha256 that it was written with");
        found.bytes += size;
        listed.push_back(file);
    }
    std::sort(listed.begin(), listed.end());
    ASSIGN_OR_RETURN(const std::vector<fs::path> present, filesBelow(folder));
    if (present != listed) return damaged("there are files that the manifest does not list");
    return found;
}

Result<std::optional<SavedCheckpoint>> RunFolder::newestValid(std::vector<std::string>& skipped, std::stop_token stop) const {
    const std::vector<std::int64_t> steps = checkpoints();
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        Result<SavedCheckpoint> found = verify(*step, stop);
        if (found) return std::optional<SavedCheckpoint>(std::move(*found));
        if (found.error().code == ErrorCode::Cancelled) return found.error();
        skipped.push_back(found.error().toString());
    }
    return std::optional<SavedCheckpoint>();
}

Result<std::optional<SavedCheckpoint>> RunFolder::validBefore(std::int64_t step, std::int64_t every) const {
    std::vector<std::int64_t> steps = checkpoints();
    std::erase_if(steps, [&](std::int64_t each) { return each > step; });
    // Those that are wanted come last.
    std::stable_partition(steps.begin(), steps.end(), [&](std::int64_t each) { return each == step || each % every != 0; });
    for (auto each = steps.rbegin(); each != steps.rend(); ++each) {
        Result<SavedCheckpoint> found = verify(*each);
        if (found) return std::optional<SavedCheckpoint>(std::move(*found));
    }
    return std::optional<SavedCheckpoint>();
}

Result<void> RunFolder::removeBehind(std::int64_t step) {
    RETURN_IF_ERROR(verify(step));
    for (const std::int64_t each : checkpoints()) {
        if (each > step) RETURN_IF_ERROR(remove(each));
    }
    return {};
}

// The newest first: wherever a kill comes, the others are a run as they stand.
Result<std::optional<fs::path>> RunFolder::setAsideBehind(std::int64_t step) {
    std::vector<std::int64_t> steps = checkpoints();
    std::erase_if(steps, [&](std::int64_t each) { return each <= step; });
    if (steps.empty()) return std::optional<fs::path>();
    std::int64_t number = 1;
    while (fs::exists(m_root / kSetAside / std::to_string(number))) ++number;
    const fs::path place = m_root / kSetAside / std::to_string(number);
    RETURN_IF_ERROR(makeFolder(place));
    for (auto each = steps.rbegin(); each != steps.rend(); ++each) {
        std::error_code problem;
        fs::rename(folderOf(*each), place / folderOf(*each).filename(), problem);
        if (problem) return failed("cannot move", folderOf(*each), problem);
    }
    RETURN_IF_ERROR(syncPath(place));
    RETURN_IF_ERROR(syncPath(checkpointsFolder()));
    return std::optional<fs::path>(place);
}

Result<void> RunFolder::remove(std::int64_t step) {
    const fs::path removing = checkpointsFolder() / (std::string(kRemoving) + std::to_string(step));
    std::error_code problem;
    fs::rename(folderOf(step), removing, problem);  // so that a kill leaves no half checkpoint under its name
    if (!problem) fs::remove_all(removing, problem);
    if (problem) return failed("cannot remove", folderOf(step), problem);
    return {};
}

Result<void> RunFolder::retain(std::int64_t keep, const std::vector<std::int64_t>& alwaysKeep) {
    const std::vector<std::int64_t> steps = checkpoints();
    if (keep < 1 || static_cast<std::int64_t>(steps.size()) <= keep) return {};
    RETURN_IF_ERROR(verify(steps.back()));
    for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < steps.size(); ++i) {
        if (std::find(alwaysKeep.begin(), alwaysKeep.end(), steps[i]) != alwaysKeep.end()) continue;
        RETURN_IF_ERROR(remove(steps[i]));
    }
    return {};
}

RunCommand RunFolder::takeCommand() {
    const fs::path path = m_root / kCommand;
    auto word = readFile(path, 64);
    // Empty: a shell has opened the file, and what it echoes is still to come.
    if (!word || word->empty()) return RunCommand::None;
    std::error_code ignored;
    fs::remove(path, ignored);
    while (!word->empty() && (word->back() == '\n' || word->back() == ' ')) word->pop_back();  // of `echo stop`
    return runCommandOf(*word);
}

RunCommand runCommandOf(std::string_view name) {
    for (const auto& [command, known] : kWords) {
        if (name == known) return command;
    }
    return RunCommand::None;
}

std::vector<std::string> runCommandNames() {
    std::vector<std::string> names;
    names.reserve(kWords.size());
    for (const auto& [command, name] : kWords) names.emplace_back(name);
    return names;
}

const char* runCommandName(RunCommand command) {
    for (const auto& [known, name] : kWords) {
        if (known == command) return name;
    }
    return "";
}

Result<void> leaveCommand(const fs::path& root, RunCommand command) {
    if (!holdsRun(root)) return Error{ErrorCode::NotFound, "holds no run", root.string()};
    for (const auto& [known, name] : kWords) {
        if (known == command) return writeFileAtomically(root / kCommand, name);
    }
    return {};
}

}  // namespace lapidary::train
