// What a data set is made of, as one hash, and whether its files changed since (fault 35).
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::dataset {

// Of the data files all bytes; of pictures their names, sizes, and first and last 64 KiB: a copy on another machine has the same one.
// Names are relative to `root`.  Errors: those of reading the data files, Cancelled; a picture that is not there counts as missing.
Result<std::string> fingerprintOf(const std::filesystem::path& root, const std::vector<std::filesystem::path>& dataFiles,
                                  const std::vector<std::filesystem::path>& pictures, const std::string& settings,
                                  const std::stop_token& stop = {});

// Size, time and inode of files: cheap to look at again at each epoch.
class FileStamps {
public:
    FileStamps() = default;
    explicit FileStamps(const std::vector<std::filesystem::path>& files);
    // Files that are not what they were; a folder's new files are nobody's sample and do not count.
    [[nodiscard]] std::vector<std::string> changed() const;

private:
    struct Stamp {
        std::uint64_t size = 0;
        std::int64_t seconds = 0;
        std::int64_t nanoseconds = 0;
        std::uint64_t inode = 0;
        bool exists = false;
        bool operator==(const Stamp&) const = default;
    };
    static Stamp stampOf(const std::filesystem::path& file);
    std::vector<std::filesystem::path> m_files;
    std::vector<Stamp> m_stamps;
};

}  // namespace lapidary::dataset
