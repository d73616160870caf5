#include "tests/support/temp_dir.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace lapidary::test {

TempDir::TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lapidary-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    m_path = pattern;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

std::filesystem::path TempDir::write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path path = m_path / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out) throw std::runtime_error("cannot write " + path.string());
    return path;
}

std::filesystem::path goldenPath(const std::string& name) { return std::filesystem::path(LAPIDARY_GOLDEN_DIR) / name; }

std::string goldenText(const std::string& name) {
    std::ifstream in(goldenPath(name), std::ios::binary);
    if (!in) throw std::runtime_error("missing golden file " + goldenPath(name).string());
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace lapidary::test
