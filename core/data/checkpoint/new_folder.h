// A folder that is written as a whole or not at all: beside its place as `<name>.partial`, renamed at the end.  Nothing is overwritten.
#pragma once

#include <filesystem>

#include "core/shared/base/result.h"

namespace lapidary::checkpoint {

class NewFolder {
public:
    // Makes the partial folder, in place of one that a killed process left (a file in it tells them from anybody else's).
    // Errors: Usage (no name; `output` exists, or lies in `source`; a foreign folder stands in the way), Io.
    static Result<NewFolder> create(const std::filesystem::path& output, const std::filesystem::path& source);
    ~NewFolder();  // an unfinished one is removed
    NewFolder(NewFolder&& other) noexcept;
    NewFolder& operator=(NewFolder&&) = delete;
    NewFolder(const NewFolder&) = delete;
    NewFolder& operator=(const NewFolder&) = delete;

    // Where to write.
    [[nodiscard]] const std::filesystem::path& partial() const { return m_partial; }

    // Errors: Io.
    Result<void> finish();

private:
    NewFolder(std::filesystem::path output, std::filesystem::path partial);

    std::filesystem::path m_output;
    std::filesystem::path m_partial;  // empty: nothing is to be removed
};

}  // namespace lapidary::checkpoint
