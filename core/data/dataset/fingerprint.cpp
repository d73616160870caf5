#include "core/data/dataset/fingerprint.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/data/dataset/row_scanner.h"
#include "core/data/net/digest.h"

namespace lapidary::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBlockBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kPictureEndBytes = std::uint64_t{64} << 10;

std::string relativeName(const fs::path& file, const fs::path& root) {
    const fs::path relative = file.lexically_normal().lexically_relative(root.lexically_normal());
    return relative.empty() || *relative.begin() == ".." ? file.filename().string() : relative.string();
}

Result<void> addBytes(net::Digest& digest, const BlockFile& file, std::uint64_t begin, std::uint64_t end,
                      const std::stop_token& stop) {
    std::string buffer;
    while (begin < end) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "cancelled", ""};
        buffer.resize(std::min(kBlockBytes, end - begin));
        RETURN_IF_ERROR(file.readInto(begin, buffer));
        digest.add(buffer);
        begin += buffer.size();
    }
    return {};
}

Result<void> addPicture(net::Digest& digest, const BlockFile& file, const std::stop_token& stop) {
    const std::uint64_t head = std::min(kPictureEndBytes, file.size());
    RETURN_IF_ERROR(addBytes(digest, file, 0, head, stop));
    return addBytes(digest, file, std::max(head, file.size() - std::min(kPictureEndBytes, file.size())), file.size(), stop);
}

}  // namespace

Result<std::string> fingerprintOf(const fs::path& root, const std::vector<fs::path>& dataFiles,
                                  const std::vector<fs::path>& pictures, const std::string& settings,
                                  const std::stop_token& stop) {
    net::Digest digest(net::Digest::Kind::Sha256);
    digest.add("lapidary data set 1\n" + settings + "\n");
    for (const fs::path& path : dataFiles) {
        const auto file = BlockFile::open(path);
        if (!file && file.error().code == ErrorCode::NotFound) continue;  // a caption that is not there: its row is no sample
        if (!file) return file.error();
        digest.add(relativeName(path, root) + "\n" + std::to_string(file->size()) + "\n");
        RETURN_IF_ERROR(addBytes(digest, *file, 0, file->size(), stop));
    }
    for (const fs::path& path : pictures) {
        const auto file = BlockFile::open(path);
        digest.add(relativeName(path, root) + "\n" + (file ? std::to_string(file->size()) : "missing") + "\n");
        if (file) RETURN_IF_ERROR(addPicture(digest, *file, stop));
    }
    return digest.finish();
}

FileStamps::FileStamps(const std::vector<fs::path>& files) : m_files(files) {
    for (const fs::path& file : m_files) m_stamps.push_back(stampOf(file));
}

FileStamps::Stamp FileStamps::stampOf(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return {};
    return {static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ino, true};
}

std::vector<std::string> FileStamps::changed() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < m_files.size(); ++i) {
        if (stampOf(m_files[i]) != m_stamps[i]) names.push_back(m_files[i].string());
    }
    return names;
}

}  // namespace lapidary::dataset
