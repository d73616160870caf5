// Hub::pull: the listing of a revision, then file after file into blobs/<hash>.incomplete, checked, renamed, linked.
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/data/net/digest.h"
#include "core/data/net/http_transfer.h"
#include "core/data/net/hub.h"
#include "core/data/net/hub_layout.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"

namespace lapidary::net {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxListingBytes = 32'000'000;
constexpr std::size_t kMaxFiles = 20'000;
constexpr std::array kReadable{"*.json", "*.safetensors", "*.gguf",   "*.model",    "*.jinja",
                               "*.txt",  "*.md",          "LICENSE*", "USE_POLICY*"};

struct RemoteFile {
    std::string name;
    std::string hash;  // of its blob: SHA-256 (large files) or git's SHA-1
    std::uint64_t size = 0;
};

struct Listing {
    std::string commit;
    std::vector<RemoteFile> files;
};

Error statusError(const detail::ResponseHead& head, const std::string& what) {
    const std::string place = what + " (" + detail::shownUrl(head.url) + ")";
    if (head.status == 401 || head.status == 403) {
        return Error{ErrorCode::Network,
                     place + ": access denied. A gated model needs its licence accepted on the hub and HF_TOKEN set", ""};
    }
    if (head.status == 404) return Error{ErrorCode::NotFound, place + ": not found on the hub", ""};
    return Error{ErrorCode::Network, place + ": the hub answered with status " + std::to_string(head.status), ""};
}

// Percent-encodes all but unreserved characters and '/'.
std::string escaped(const std::string& path) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    std::string result;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~' || c == '/') {
            result += c;
        } else {
            result += '%';
            result += kDigits[byte >> 4];
            result += kDigits[byte & 15];
        }
    }
    return result;
}

Result<RemoteFile> parseFile(const Json& entry, const std::string& where) {
    ASSIGN_OR_RETURN(const std::optional<std::string> name, findString(entry, "rfilename", where));
    if (!name || !detail::isSafeFileName(*name)) {
        return Error{ErrorCode::InvalidData,
                     "a file name that leaves the model's folder, or is none: '" + name.value_or("").substr(0, 100) + "'",
                     where};
    }
    RemoteFile file;
    file.name = *name;
    const Json empty = Json::object();
    const Json& lfs = entry.contains("lfs") && entry.at("lfs").is_object() ? entry.at("lfs") : empty;
    ASSIGN_OR_RETURN(const std::optional<std::string> sha256, findString(lfs, "sha256", where + ": " + *name));
    ASSIGN_OR_RETURN(const std::optional<std::string> blob, findString(entry, "blobId", where + ": " + *name));
    file.hash = sha256.value_or(blob.value_or(""));
    const bool known = sha256 ? isHexadecimal(file.hash, 64) : isHexadecimal(file.hash, 40);
    if (!known) return Error{ErrorCode::InvalidData, "no usable hash for '" + *name + "'", where};
    ASSIGN_OR_RETURN(const std::optional<std::int64_t> size, findInteger(sha256 ? lfs : entry, "size", where + ": " + *name));
    if (!size || *size < 0) return Error{ErrorCode::InvalidData, "no usable size for '" + *name + "'", where};
    file.size = static_cast<std::uint64_t>(*size);
    return file;
}

bool wanted(const std::string& name, const PullOptions& options) {
    const auto matches = [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; };
    if (!options.include.empty()) return std::any_of(options.include.begin(), options.include.end(), matches);
    return std::any_of(kReadable.begin(), kReadable.end(), matches);
}

Result<Listing> parseListing(const std::string& text, const PullOptions& options, const std::string& where) {
    ASSIGN_OR_RETURN(const Json document, parseJson(text, where));
    Listing listing;
    ASSIGN_OR_RETURN(const std::optional<std::string> commit, findString(document, "sha", where));
    if (!commit || !isHexadecimal(*commit, 40))
        return Error{ErrorCode::InvalidData, "'sha': expected a commit of 40 digits", where};
    listing.commit = *commit;
    if (!document.contains("siblings") || !document.at("siblings").is_array() || document.at("siblings").size() > kMaxFiles) {
        return Error{ErrorCode::InvalidData, "'siblings': expected a list of at most " + std::to_string(kMaxFiles) + " files",
                     where};
    }
    for (const Json& entry : document.at("siblings")) {
        ASSIGN_OR_RETURN(RemoteFile file, parseFile(entry, where));
        if (wanted(file.name, options)) listing.files.push_back(std::move(file));
    }
    if (listing.files.empty()) return Error{ErrorCode::NotFound, "the repository holds no file that is wanted", where};
    return listing;
}

// blobs/<hash>.incomplete, held open and locked: two downloads of one file do not mix.
class PartialFile {
public:
    static Result<PartialFile> open(const fs::path& path) {
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0) return systemError("cannot open", path, errno);
        PartialFile file(path, fd);
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
            return Error{ErrorCode::Io, "another download is writing '" + path.string() + "'", ""};
        }
        return file;
    }

    ~PartialFile() {
        if (m_fd >= 0) ::close(m_fd);
    }
    PartialFile(PartialFile&& other) noexcept
        : m_path(std::move(other.m_path)), m_fd(std::exchange(other.m_fd, -1)), m_size(other.m_size) {}
    PartialFile& operator=(PartialFile&&) = delete;

    [[nodiscard]] std::uint64_t size() const { return m_size; }

    // Digest of what is there already; the file position is then at its end.
    Result<void> readInto(Digest& digest) {
        std::vector<std::byte> buffer(std::size_t{1} << 20);
        m_size = 0;
        if (::lseek(m_fd, 0, SEEK_SET) < 0) return systemError("cannot read", m_path, errno);
        while (true) {
            const ssize_t count = ::read(m_fd, buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return systemError("cannot read", m_path, errno);
            if (count == 0) return {};
            digest.add(std::span<const std::byte>(buffer.data(), static_cast<std::size_t>(count)));
            m_size += static_cast<std::uint64_t>(count);
        }
    }

    Result<void> clear() {
        m_size = 0;
        if (::ftruncate(m_fd, 0) != 0 || ::lseek(m_fd, 0, SEEK_SET) < 0) return systemError("cannot empty", m_path, errno);
        return {};
    }

    Result<void> append(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::write(m_fd, bytes.data(), bytes.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return systemError("cannot write", m_path, errno);
            m_size += static_cast<std::uint64_t>(count);
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        }
        return {};
    }

    Result<void> becomes(const fs::path& finished) {
        if (::fsync(m_fd) != 0) return systemError("cannot sync", m_path, errno);
        if (::rename(m_path.c_str(), finished.c_str()) != 0) return systemError("cannot rename to", finished, errno);
        return {};
    }

private:
    PartialFile(fs::path path, int fd) : m_path(std::move(path)), m_fd(fd) {
        struct stat status {};
        if (::fstat(fd, &status) == 0) m_size = static_cast<std::uint64_t>(status.st_size);
    }

    fs::path m_path;
    int m_fd;
    std::uint64_t m_size = 0;
};

class Puller {
public:
    Puller(const HubSettings& settings, const std::string& id, const PullOptions& options, std::stop_token stop)
        : m_settings(settings),
          m_id(id),
          m_options(options),
          m_stop(std::move(stop)),
          m_folder(detail::modelFolder(settings.cache, id)) {}

    Result<PullResult> run() {
        ASSIGN_OR_RETURN(const Listing listing, fetchListing());
        const fs::path snapshot = m_folder / "snapshots" / listing.commit;
        RETURN_IF_ERROR(makeFolder(m_folder / "blobs"));
        RETURN_IF_ERROR(checkSpace(listing));
        PullProgress progress;
        progress.fileCount = static_cast<std::int64_t>(listing.files.size());
        for (const RemoteFile& file : listing.files) {
            progress.file = file.name;
            progress.fileTotal = file.size;
            ++progress.fileIndex;
            if (auto fetched = fetch(file, listing.commit, progress); !fetched) return fetched.error().within(file.name);
        }
        // Last of all: a snapshot, and the branch that points to it, appear only once every file is there.
        RETURN_IF_ERROR(makeFolder(snapshot));
        for (const RemoteFile& file : listing.files) RETURN_IF_ERROR(link(file, snapshot));
        if (m_options.revision != listing.commit) {
            const fs::path reference = m_folder / "refs" / m_options.revision;
            RETURN_IF_ERROR(makeFolder(reference.parent_path()));
            RETURN_IF_ERROR(writeFileAtomically(reference, listing.commit));
        }
        m_result.snapshot = snapshot;
        m_result.commit = listing.commit;
        return m_result;
    }

private:
    static Result<void> makeFolder(const fs::path& folder) {
        std::error_code problem;
        fs::create_directories(folder, problem);
        if (problem) return systemError("cannot make the folder", folder, problem.value());
        return {};
    }

    Result<Listing> fetchListing() const {
        std::string body;
        detail::Transfer transfer;
        transfer.url = m_settings.endpoint + "/api/models/" + m_id + "/revision/" + escaped(m_options.revision) + "?blobs=true";
        transfer.bearerToken = m_settings.token;
        transfer.timeout = std::chrono::seconds(60);
        transfer.maxBytes = kMaxListingBytes;
        transfer.onHead = [&](const detail::ResponseHead& head) -> Result<void> {
            if (head.status == 200) return {};
            return statusError(head, "the model '" + m_id + "'");
        };
        transfer.onData = [&](std::span<const std::byte> bytes) -> Result<void> {
            body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            return {};
        };
        RETURN_IF_ERROR(detail::get(transfer, m_settings.policy, m_stop));
        return parseListing(body, m_options, "the hub's listing of '" + m_id + "'");
    }

    [[nodiscard]] Result<void> checkSpace(const Listing& listing) const {
        std::uint64_t needed = 0;
        for (const RemoteFile& file : listing.files) {
            std::error_code ignored;
            if (!fs::exists(m_folder / "blobs" / file.hash, ignored)) needed += file.size;
        }
        std::error_code problem;
        const fs::space_info space = fs::space(m_folder, problem);
        if (problem || needed <= space.available) return {};
        return Error{ErrorCode::Io,
                     "the model needs " + std::to_string(needed / 1'000'000) + " MB, but '" + m_settings.cache.string() +
                         "' has only " + std::to_string(space.available / 1'000'000) + " MB left",
                     ""};
    }

    Result<void> fetch(const RemoteFile& file, const std::string& commit, PullProgress& progress) {
        const fs::path blob = m_folder / "blobs" / file.hash;
        std::error_code problem;
        if (fs::is_regular_file(blob, problem) && fs::file_size(blob, problem) == file.size && !problem) {
            progress.fileBytes = file.size;
            report(progress);
            return {};
        }
        const fs::path partialPath = blob.string() + ".incomplete";
        ASSIGN_OR_RETURN(PartialFile partial, PartialFile::open(partialPath));
        if (partial.size() > file.size) RETURN_IF_ERROR(partial.clear());
        ASSIGN_OR_RETURN(Digest digest, digestForName(file.hash, file.size));
        RETURN_IF_ERROR(partial.readInto(digest));
        if (partial.size() < file.size || file.size == 0) RETURN_IF_ERROR(download(file, commit, partial, digest, progress));
        const std::string found = digest.finish();
        if (partial.size() == file.size && found == file.hash) {
            ++m_result.downloadedFiles;
            return partial.becomes(blob);
        }
        // Resuming from wrong bytes would never end well.
        if (partial.size() == file.size) fs::remove(partialPath, problem);
        return Error{ErrorCode::InvalidData,
                     "expected " + std::to_string(file.size) + " bytes with hash " + file.hash + ", received " +
                         std::to_string(partial.size()) + " bytes with hash " + found,
                     ""};
    }

    Result<void> download(const RemoteFile& file, const std::string& commit, PartialFile& partial, Digest& digest,
                          PullProgress& progress) {
        const std::uint64_t resumed = partial.size();
        detail::Transfer transfer;
        transfer.url = m_settings.endpoint + "/" + m_id + "/resolve/" + commit + "/" + escaped(file.name);
        transfer.bearerToken = m_settings.token;
        transfer.firstByte = resumed;
        transfer.onHead = [&](const detail::ResponseHead& head) -> Result<void> {
            if (head.status == 206 && resumed > 0) {
                const auto range = head.fields.find("content-range");
                if (range != head.fields.end() && range->second.starts_with("bytes " + std::to_string(resumed) + "-"))
                    return {};
                return Error{ErrorCode::Network, "the hub resumed at another byte than asked", ""};
            }
            if (head.status != 200) return statusError(head, "the file");
            // The whole file again: the server does not resume.
            ASSIGN_OR_RETURN(digest, digestForName(file.hash, file.size));
            return partial.clear();
        };
        transfer.onData = [&](std::span<const std::byte> bytes) -> Result<void> {
            if (bytes.size() > file.size - std::min(partial.size(), file.size)) {
                return Error{ErrorCode::InvalidData,
                             "more than the " + std::to_string(file.size) + " bytes of the listing arrive", ""};
            }
            RETURN_IF_ERROR(partial.append(bytes));
            digest.add(bytes);
            m_result.downloadedBytes += bytes.size();
            progress.fileBytes = partial.size();
            report(progress);
            return {};
        };
        return detail::get(transfer, m_settings.policy, m_stop);
    }

    // snapshots/<commit>/<name> → ../../blobs/<hash>, with one more ".." for each folder in the name.
    static Result<void> link(const RemoteFile& file, const fs::path& snapshot) {
        const fs::path place = snapshot / file.name;
        RETURN_IF_ERROR(makeFolder(place.parent_path()));
        fs::path target = "../..";
        for (auto folders = std::count(file.name.begin(), file.name.end(), '/'); folders > 0; --folders) target /= "..";
        target = target / "blobs" / file.hash;
        std::error_code problem;
        if (fs::read_symlink(place, problem) == target && !problem) return {};
        fs::remove(place, problem);
        fs::create_symlink(target, place, problem);
        if (problem) return systemError("cannot link", place, problem.value());
        return {};
    }

    void report(const PullProgress& progress) const {
        if (m_options.progress) m_options.progress(progress);
    }

    const HubSettings& m_settings;
    const std::string& m_id;
    const PullOptions& m_options;
    std::stop_token m_stop;
    fs::path m_folder;
    PullResult m_result;
};

}  // namespace

Result<PullResult> Hub::pull(const std::string& id, const PullOptions& options, std::stop_token stop) const {
    if (!isModelId(id)) return Error{ErrorCode::Usage, "'" + id.substr(0, 100) + "' is no model id (expected org/name)", ""};
    if (!detail::isSafeRevision(options.revision)) {
        return Error{ErrorCode::Usage, "'" + options.revision.substr(0, 100) + "' is no revision (a branch, tag or commit)",
                     ""};
    }
    return Puller(m_settings, id, options, std::move(stop)).run();
}

}  // namespace lapidary::net
