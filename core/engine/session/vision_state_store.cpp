#include "core/engine/session/vision_state_store.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <system_error>
#include <utility>

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

// Everything beside the weights and the view's bytes.  The first number changes when the tower's arithmetic does.
std::string describeArithmetic(const model::Gemma3VlModel& model, const image::ImageProcessorSettings& images) {
    const config::VisionConfig& vision = *model.config().vision;
    const model::LoadOptions& options = model.options();
    std::ostringstream text;
    text << std::hexfloat << "states 2 " << vision.imageSize << ' ' << vision.patchSize << ' ' << vision.numAttentionHeads
         << ' ' << vision.layerNormEps << ' ' << model.config().mmTokensPerImage << ' ' << images.rescaleFactor;
    for (const double mean : images.mean) text << ' ' << mean;
    for (const double deviation : images.standardDeviation) text << ' ' << deviation;
    text << ' ' << (options.precision == ops::Precision::BFloat16 ? "bfloat16" : "float32") << ' '
         << (options.quantize ? kernels::formatName(*options.quantize) : "as stored") << ' '
         << (options.device.is_cpu() ? "cpu" : "cuda");
    return text.str();
}

}  // namespace

Result<std::string> towerHash(const model::Gemma3VlModel& model, const OpenedCheckpoint& opened, std::stop_token stop) {
    if (!model.config().isVisionLanguage()) return Error{ErrorCode::Unsupported, "the model has no vision tower", ""};
    if (opened.processor == nullptr) return Error{ErrorCode::Unsupported, "the model has no image processor", ""};
    net::Digest digest(net::Digest::Kind::Sha256);
    digest.add(describeArithmetic(model, opened.processor->imageProcessor().settings()));
    const checkpoint::TensorSource& source = *opened.checkpoint.tensors;
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

fs::path VisionStateStore::chosenFolder(const std::string& choice) {
    if (choice.empty() || choice == "off") return {};
    if (choice != "on" && choice != "auto") return choice;
    std::error_code ignored;
    fs::path folder = defaultFolder();
    return choice == "on" || fs::is_directory(folder, ignored) ? folder : fs::path();
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
    if (problem) {
        std::error_code ignored;
        fs::remove(mine, ignored);
        return systemError("cannot rename", mine, problem.value());
    }
    // The first time too: a process that keeps a single view must not let the folder grow.
    const bool isFirst = !m_written.has_value();
    m_written = m_written.value_or(0) + static_cast<std::int64_t>(bytes.size());
    if (isFirst || *m_written >= std::min(kTrimEvery, m_maxBytes)) {
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

Result<ViewStates> visionStatesOfView(const model::Gemma3VlModel& model, const std::string& viewHash,
                                      const std::function<at::Tensor()>& pixels, VisionStateStore& store,
                                      std::stop_token stop) {
    const c10::AutoGradMode noGradient(false);
    const std::int64_t expected[] = {model.config().mmTokensPerImage, model.config().vision->hiddenSize};
    std::optional<at::Tensor> known = store.find(viewHash);
    if (known && known->sizes() == at::IntArrayRef(expected)) return ViewStates{std::move(*known), true};
    ASSIGN_OR_RETURN(const at::Tensor made, model.getVisionStates(pixels(), std::move(stop)));
    at::Tensor states = made.squeeze(0).to(at::kCPU);
    (void)store.put(viewHash, states);
    return ViewStates{std::move(states), false};
}

Result<at::Tensor> visionStates(const model::Gemma3VlModel& model, const at::Tensor& pixels,
                                const std::vector<std::string>& viewHashes, VisionStateStore& store, std::stop_token stop) {
    std::vector<at::Tensor> states;
    states.reserve(viewHashes.size());
    for (std::size_t i = 0; i < viewHashes.size(); ++i) {
        const auto view = [&] { return pixels.narrow(0, static_cast<std::int64_t>(i), 1); };
        ASSIGN_OR_RETURN(ViewStates found, visionStatesOfView(model, viewHashes[i], view, store, stop));
        states.push_back(std::move(found.states));
    }
    return at::stack(states);
}

}  // namespace lapidary::session
