#include "core/data/checkpoint/new_folder.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "core/shared/base/file.h"

namespace lapidary::checkpoint {
namespace {

namespace fs = std::filesystem;

// Lies in a folder that is being written, and only there: nothing else is ever removed.
constexpr const char* kMarker = "lapidary-unfinished";

Error usage(const std::string& message) { return Error{ErrorCode::Usage, message, "--output"}; }

Result<void> checkOutput(const fs::path& output, const fs::path& source) {
    std::error_code ignored;
    if (output.empty()) return usage("no folder is given");
    if (fs::exists(output, ignored)) return usage("'" + output.string() + "' exists; nothing is overwritten");
    const fs::path inside = fs::weakly_canonical(output, ignored), outside = fs::weakly_canonical(source, ignored);
    const auto [rest, unused] = std::mismatch(outside.begin(), outside.end(), inside.begin(), inside.end());
    if (rest == outside.end()) return usage("'" + output.string() + "' lies inside the model's own folder");
    return {};
}

}  // namespace

NewFolder::NewFolder(fs::path output, fs::path partial) : m_output(std::move(output)), m_partial(std::move(partial)) {}

NewFolder::NewFolder(NewFolder&& other) noexcept
    : m_output(std::move(other.m_output)), m_partial(std::exchange(other.m_partial, {})) {}

NewFolder::~NewFolder() {
    std::error_code ignored;
    if (!m_partial.empty()) fs::remove_all(m_partial, ignored);
}

Result<NewFolder> NewFolder::create(const fs::path& output, const fs::path& source) {
    RETURN_IF_ERROR(checkOutput(output, source));
    const fs::path partial = output.string() + ".partial";
    std::error_code error;
    if (fs::exists(partial, error) && !fs::exists(partial / kMarker, error))
        return usage("'" + partial.string() + "' exists and is no unfinished folder of ours; it is not touched");
    fs::remove_all(partial, error);
    if (!error) fs::create_directories(partial, error);
    if (error) return systemError("make the folder", partial, error.value());
    NewFolder folder(output, partial);
    RETURN_IF_ERROR(writeFileAtomically(partial / kMarker, ""));
    return folder;
}

Result<void> NewFolder::finish() {
    std::error_code error;
    fs::remove(m_partial / kMarker, error);
    if (!error) fs::rename(m_partial, m_output, error);
    if (error) return systemError("rename", m_partial, error.value());
    m_partial.clear();
    return {};
}

}  // namespace lapidary::checkpoint
