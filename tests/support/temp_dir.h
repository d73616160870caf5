// A folder of its own for one test, removed afterwards.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lapidary::test {

class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }
    // Writes `bytes` to `name` below the folder (parents are made) and returns the full path.
    std::filesystem::path write(const std::string& name, std::string_view bytes) const;

private:
    std::filesystem::path m_path;
};

// A file of tests/golden, as text.  Throws std::runtime_error when it is missing: a test without its vectors must fail.
std::string goldenText(const std::string& name);
std::filesystem::path goldenPath(const std::string& name);

}  // namespace lapidary::test
