#include "core/engine/session/vision_state_store.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "core/data/files/safetensors_file.h"
#include "core/data/files/safetensors_writer.h"
#include "core/data/net/digest.h"
#include "core/shared/base/file.h"

namespace lapidary::session {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTensor = "vision_states";
// The folder is looked through after so many bytes, not after every file.
constexpr std::int64_t kTrimEvery = std::int64_t{256} << 20;

struct StoredFile {
    fs::path path;
    fs::file_time_type used;
    std::int64_t bytes = 0;
};

std::vector<StoredFile> filesBelow(const fs::path& folder) {
    std::vector<StoredFile> files;
    std::error_code problem;
    for (fs::recursive_directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
        std::error_code gone;  // another process trims too
        if (!entry->is_regular_file(gone)) continue;
        const auto used = entry->last_write_time(gone);
        const auto bytes = entry->file_size(gone);
        if (!gone) files.push_back({entry->path(), used, static_cast<std::int64_t>(bytes)});
    }
    return files;
}

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

Result<std::string> towerHash(const model::Gemma3VlModel& model, const checkpoint::TensorSource& source, std::stop_token stop) {
    const config::Gemma3Config& config = model.config();
    if (!config.isVisionLanguage()) return Error{ErrorCode::Unsupported, "the model has no vision tower", ""};
    const config::VisionConfig& vision = *config.vision;
    net::Digest digest(net::Digest::Kind::Sha256);
    digest.add("states 1 " + std::to_string(vision.imageSize) + " " + std::to_string(vision.patchSize) + " " +
               std::to_string(vision.numAttentionHeads) + " " + std::to_string(vision.layerNormEps) + " " +
               std::to_string(config.mmTokensPerImage) + " " +
               (model.options().precision == ops::Precision::BFloat16 ? "bfloat16" : "float32"));
    for (const std::string& name : source.names()) {
        if (!name.starts_with("vision_tower.")) continue;
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "stopped while the tower was read", ""};
        ASSIGN_OR_RETURN(const checkpoint::StoredTensor tensor, source.tensor(name));
        digest.add(name + " " + kernels::formatName(tensor.format));
        for (const std::int64_t size : tensor.shape) digest.add(" " + std::to_string(size));
        digest.add(tensor.bytes);
    }
    return digest.finish();
}

VisionStateStore::VisionStateStore(fs::path folder, std::string towerHash, std::int64_t maxBytes)
    : m_folder(std::move(folder)), m_towerHash(std::move(towerHash)), m_maxBytes(maxBytes) {}

fs::path VisionStateStore::defaultFolder() {
    if (const std::string home = environment("LAPIDARY_HOME"); !home.empty()) return fs::path(home) / "cache" / "vision";
    if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) return fs::path(cache) / "lapidary" / "vision";
    return fs::path(environment("HOME")) / ".cache" / "lapidary" / "vision";
}

fs::path VisionStateStore::fileOf(const std::string& viewHash) const {
    return m_folder / m_towerHash / (viewHash + ".safetensors");
}

std::optional<at::Tensor> VisionStateStore::find(const std::string& viewHash) const {
    const fs::path path = fileOf(viewHash);
    const auto file = files::SafetensorsFile::open(path);
    if (!file) return std::nullopt;
    const files::SafetensorsTensor* const stored = (*file)->find(kTensor);
    if (stored == nullptr || stored->shape.size() != 2 || (stored->dtype != "F32" && stored->dtype != "BF16"))
        return std::nullopt;
    at::Tensor states = at::empty(stored->shape, at::TensorOptions(stored->dtype == "F32" ? at::kFloat : at::kBFloat16));
    const auto bytes = (*file)->bytes(*stored);
    std::memcpy(states.mutable_data_ptr(), bytes.data(), bytes.size());
    // A file that a crash left damaged has the right length and wrong bytes; its hash tells.
    net::Digest digest(net::Digest::Kind::Sha256);
    digest.add(bytes);
    const auto& metadata = (*file)->metadata();
    const auto written = metadata.find("sha256");
    if (written == metadata.end() || written->second != digest.finish()) return std::nullopt;
    std::error_code ignored;
    fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);  // used now
    return states;
}

Result<void> VisionStateStore::put(const std::string& viewHash, const at::Tensor& states) {
    const at::Tensor values = states.detach().to(at::kCPU).contiguous();
    const std::span<const std::byte> bytes{static_cast<const std::byte*>(values.const_data_ptr()),
                                           static_cast<std::size_t>(values.nbytes())};
    std::error_code problem;
    fs::create_directories(m_folder / m_towerHash, problem);
    net::Digest digest(net::Digest::Kind::Sha256);
    digest.add(bytes);
    // Under a name of this process first: two that write the same view at once must not mix their bytes.
    const fs::path target = fileOf(viewHash);
    const fs::path mine = target.parent_path() / (".new-" + std::to_string(::getpid()) + "-" + viewHash);
    RETURN_IF_ERROR(files::writeSafetensors(
        mine, {{{kTensor, values.scalar_type() == at::kFloat ? "F32" : "BF16", values.sizes().vec()}, bytes}},
        {{"sha256", digest.finish()}}));
    fs::rename(mine, target, problem);
    if (problem) return systemError("cannot rename", mine, problem.value());
    m_written += static_cast<std::int64_t>(bytes.size());
    if (m_written >= std::min(kTrimEvery, m_maxBytes)) {
        m_written = 0;
        trim();
    }
    return {};
}

void VisionStateStore::trim() const {
    std::vector<StoredFile> files = filesBelow(m_folder);
    std::sort(files.begin(), files.end(), [](const StoredFile& a, const StoredFile& b) { return a.used > b.used; });
    std::int64_t bytes = 0;
    for (const StoredFile& file : files) {
        bytes += file.bytes;
        std::error_code ignored;
        if (bytes > m_maxBytes) fs::remove(file.path, ignored);
    }
}

Result<at::Tensor> visionStates(const model::Gemma3VlModel& model, const at::Tensor& pixels,
                                const std::vector<std::string>& viewHashes, VisionStateStore& store, std::stop_token stop) {
    const c10::AutoGradMode noGradient(false);
    std::vector<at::Tensor> states;
    for (std::size_t i = 0; i < viewHashes.size(); ++i) {
        std::optional<at::Tensor> known = store.find(viewHashes[i]);
        if (!known) {
            ASSIGN_OR_RETURN(const at::Tensor made,
                             model.getVisionStates(pixels.narrow(0, static_cast<std::int64_t>(i), 1), stop));
            known = made.squeeze(0);
            (void)store.put(viewHashes[i], *known);  // a cache that cannot be written is slower, not wrong
        }
        states.push_back(std::move(*known));
    }
    return at::stack(states);
}

}  // namespace lapidary::session
