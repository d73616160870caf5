#include "core/data/net/hub.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>

#include "core/data/net/digest.h"
#include "core/data/net/http_transfer.h"
#include "core/data/net/hub_layout.h"
#include "core/shared/base/file.h"

namespace lapidary::net {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolderPrefix = "models--";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string trimmed(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return "";
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// HF_HOME, else the folder that huggingface_hub uses without it.
Result<fs::path> hubHome() {
    if (const std::string home = environment("HF_HOME"); !home.empty()) return fs::path(home);
    if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) return fs::path(cache) / "huggingface";
    if (const std::string home = environment("HOME"); !home.empty()) return fs::path(home) / ".cache" / "huggingface";
    return Error{ErrorCode::Usage, "neither HF_HOME nor HOME is set, so there is no place for the model cache", ""};
}

std::string idOfFolder(const std::string& folder) {
    std::string id = folder.substr(kFolderPrefix.size());
    if (const std::size_t separator = id.find("--"); separator != std::string::npos) id.replace(separator, 2, "/");
    return id;
}

// Sizes of the regular files below a folder, links not followed.
std::uint64_t bytesBelow(const fs::path& folder) {
    std::uint64_t total = 0;
    std::error_code problem;
    for (auto entry = fs::recursive_directory_iterator(folder, problem);
         !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
        std::error_code ignored;
        if (!entry->is_symlink(ignored) && entry->is_regular_file(ignored)) total += entry->file_size(ignored);
    }
    return total;
}

// Files of a snapshot as names relative to it, sorted.
std::vector<std::string> filesOfSnapshot(const fs::path& snapshot) {
    std::vector<std::string> names;
    std::error_code problem;
    for (auto entry = fs::recursive_directory_iterator(snapshot, problem);
         !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
        std::error_code ignored;
        if (entry->is_symlink(ignored) || entry->is_regular_file(ignored))
            names.push_back(entry->path().lexically_relative(snapshot).string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

bool hasIncompleteBlob(const fs::path& model) {
    std::error_code problem;
    for (auto entry = fs::directory_iterator(model / "blobs", problem); !problem && entry != fs::directory_iterator();
         entry.increment(problem)) {
        if (entry->path().extension() == ".incomplete") return true;
    }
    return false;
}

CachedModel describe(const fs::path& cache, const fs::path& folder) {
    CachedModel model;
    model.id = idOfFolder(folder.filename().string());
    model.sizeBytes = bytesBelow(folder / "blobs");
    model.complete = !hasIncompleteBlob(folder);
    const auto snapshot = detail::snapshotOf(cache, model.id);
    if (!snapshot) {
        model.complete = false;
        return model;
    }
    model.snapshot = *snapshot;
    model.revision = snapshot->filename().string();
    for (const std::string& name : filesOfSnapshot(*snapshot)) {
        std::error_code ignored;
        ++model.files;
        if (!fs::exists(*snapshot / name, ignored)) model.complete = false;  // a link to a blob that is gone
    }
    if (model.files == 0) model.complete = false;
    return model;
}

}  // namespace

namespace detail {

fs::path modelFolder(const fs::path& cache, const std::string& id) {
    std::string name = id;
    if (const std::size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
    return cache / (std::string(kFolderPrefix) + name);
}

bool isSafeFileName(const std::string& name) {
    if (name.empty() || name.size() > 1024) return false;
    if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 32 || c == 127 || c == '\\'; })) return false;
    std::size_t begin = 0;
    while (begin <= name.size()) {
        const std::size_t end = std::min(name.find('/', begin), name.size());
        const std::string component = name.substr(begin, end - begin);
        if (component.empty() || component == "." || component == ".." || component.size() > 255) return false;
        begin = end + 1;
    }
    return true;
}

bool isSafeRevision(const std::string& revision) {
    return isSafeFileName(revision) && revision.size() <= 200 &&
           std::all_of(revision.begin(), revision.end(),
                       [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '/'; });
}

Result<fs::path> snapshotOf(const fs::path& cache, const std::string& id) {
    const fs::path folder = modelFolder(cache, id);
    std::error_code ignored;
    if (const auto commit = readFile(folder / "refs" / "main", 4096)) {
        const std::string name = trimmed(*commit);
        const fs::path snapshot = folder / "snapshots" / name;
        if (isSafeFileName(name) && fs::is_directory(snapshot, ignored)) return snapshot;
    }
    std::optional<fs::path> newest;
    fs::file_time_type newestTime{};
    std::error_code problem;
    for (auto entry = fs::directory_iterator(folder / "snapshots", problem); !problem && entry != fs::directory_iterator();
         entry.increment(problem)) {
        if (!entry->is_directory(ignored)) continue;
        const auto time = entry->last_write_time(ignored);
        if (!newest || time > newestTime) {
            newest = entry->path();
            newestTime = time;
        }
    }
    if (newest) return *newest;
    return Error{
        ErrorCode::NotFound,
        "the model '" + id + "' is not in the local cache (" + cache.string() + "); fetch it with: lapidary model pull " + id,
        ""};
}

}  // namespace detail

bool isModelId(const std::string& text) {
    if (text.empty() || text.size() > 96 || text.find("..") != std::string::npos || text.find("--") != std::string::npos)
        return false;
    const std::size_t slash = text.find('/');
    if (slash == 0 || slash == text.size() - 1) return false;
    if (slash != std::string::npos && text.find('/', slash + 1) != std::string::npos) return false;
    const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/'; };
    const auto edge = [](char c) { return c == '-' || c == '.'; };
    return std::all_of(text.begin(), text.end(), fits) && !edge(text.front()) && !edge(text.back()) &&
           (slash == std::string::npos || !edge(text[slash + 1]));
}

Result<HubSettings> hubSettingsFromEnvironment() {
    HubSettings settings;
    const auto home = hubHome();
    if (const std::string cache = environment("HF_HUB_CACHE"); !cache.empty())
        settings.cache = cache;
    else if (home)
        settings.cache = *home / "hub";
    else
        return home.error();
    if (const std::string endpoint = environment("HF_ENDPOINT"); !endpoint.empty()) settings.endpoint = endpoint;
    while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
    if (const auto origin = detail::originOf(settings.endpoint, settings.policy); !origin)
        return Error{ErrorCode::Usage, origin.error().message, "HF_ENDPOINT"};
    settings.token = trimmed(environment("HF_TOKEN"));
    if (settings.token.empty() && home) {
        if (const auto stored = readFile(*home / "token", 4096)) settings.token = trimmed(*stored);
    }
    // A line break in it would begin another header line.
    if (std::any_of(settings.token.begin(), settings.token.end(), [](unsigned char c) { return c <= 32 || c >= 127; })) {
        return Error{ErrorCode::Usage, "HF_TOKEN (or the stored token) contains characters that no token has", ""};
    }
    return settings;
}

Result<std::vector<CachedModel>> Hub::list() const {
    std::vector<CachedModel> models;
    std::error_code problem;
    for (auto entry = fs::directory_iterator(m_settings.cache, problem); !problem && entry != fs::directory_iterator();
         entry.increment(problem)) {
        std::error_code ignored;
        const std::string name = entry->path().filename().string();
        if (!name.starts_with(kFolderPrefix) || !entry->is_directory(ignored)) continue;
        models.push_back(describe(m_settings.cache, entry->path()));
    }
    // No cache yet is an empty cache.
    if (problem && problem != std::errc::no_such_file_or_directory)
        return systemError("cannot read the cache", m_settings.cache, problem.value());
    std::sort(models.begin(), models.end(), [](const CachedModel& a, const CachedModel& b) { return a.id < b.id; });
    return models;
}

Result<fs::path> Hub::find(const std::string& id) const {
    if (!isModelId(id)) return Error{ErrorCode::Usage, "'" + id.substr(0, 100) + "' is no model id (expected org/name)", ""};
    return detail::snapshotOf(m_settings.cache, id);
}

Result<std::uint64_t> Hub::remove(const std::string& id) const {
    if (!isModelId(id)) return Error{ErrorCode::Usage, "'" + id.substr(0, 100) + "' is no model id (expected org/name)", ""};
    const fs::path folder = detail::modelFolder(m_settings.cache, id);
    std::error_code problem;
    if (!fs::is_directory(fs::symlink_status(folder, problem))) {
        return Error{ErrorCode::NotFound,
                     "the model '" + id + "' is not in the local cache (" + m_settings.cache.string() + ")", ""};
    }
    const std::uint64_t bytes = bytesBelow(folder);
    fs::remove_all(folder, problem);
    if (problem) return systemError("cannot remove", folder, problem.value());
    return bytes;
}

Result<std::vector<VerifiedFile>> Hub::verify(const std::string& id, std::stop_token stop) const {
    ASSIGN_OR_RETURN(const fs::path snapshot, find(id));
    std::vector<VerifiedFile> files;
    for (const std::string& name : filesOfSnapshot(snapshot)) {
        VerifiedFile file{name, false, ""};
        std::error_code problem;
        const fs::path target = fs::read_symlink(snapshot / name, problem);
        if (problem) {
            file.problem = "it is no link to a blob, so there is no hash to compare with";
        } else {
            const std::string expected = target.filename().string();
            const auto found = digestOfFile(snapshot / name, expected, stop);
            if (!found && found.error().code == ErrorCode::Cancelled) return found.error();
            if (!found)
                file.problem = found.error().toString();
            else if (*found != expected)
                file.problem = "its hash is " + *found + ", expected " + expected;
            file.matches = found && *found == expected;
        }
        files.push_back(std::move(file));
    }
    return files;
}

}  // namespace lapidary::net
