#include "core/engine/session/forward_file.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/data/files/safetensors_file.h"
#include "core/data/files/safetensors_writer.h"
#include "core/engine/model/kv_cache.h"

namespace lapidary::session {
namespace {

// Tensors to write and what keeps their bytes alive.
class TensorList {
public:
    void add(const std::string& name, const at::Tensor& tensor) {
        at::Tensor kept = tensor.scalar_type() == at::kLong ? tensor.contiguous() : tensor.to(at::kFloat).contiguous();
        files::TensorToWrite entry;
        entry.declaration = {name, kept.scalar_type() == at::kLong ? "I64" : "F32", kept.sizes().vec()};
        entry.bytes = {static_cast<const std::byte*>(kept.const_data_ptr()), static_cast<std::size_t>(kept.nbytes())};
        m_entries.push_back(std::move(entry));
        m_kept.push_back(std::move(kept));
    }
    [[nodiscard]] const std::vector<files::TensorToWrite>& entries() const { return m_entries; }

private:
    std::vector<files::TensorToWrite> m_entries;
    std::vector<at::Tensor> m_kept;
};

}  // namespace

at::Tensor pixelValuesOf(const processor::ProcessedPrompt& prompt, const image::ImageProcessor& processor) {
    if (prompt.views.empty()) return {};
    const std::int64_t size = prompt.views.front().size;
    at::Tensor pixels = at::empty({static_cast<std::int64_t>(prompt.views.size()), 3, size, size}, at::kFloat);
    float* out = pixels.mutable_data_ptr<float>();
    for (const image::View& view : prompt.views) {
        processor.normalise(view, out);
        out += 3 * size * size;
    }
    return pixels;
}

Result<at::Tensor> readPixelValues(const std::filesystem::path& path) {
    ASSIGN_OR_RETURN(const auto file, files::SafetensorsFile::open(path));
    const files::SafetensorsTensor* stored = file->find("pixel_values");
    if (stored == nullptr) return Error{ErrorCode::NotFound, "there is no tensor 'pixel_values'", path.string()};
    if (stored->shape.size() != 4 || stored->shape[1] != 3 || (stored->dtype != "F32" && stored->dtype != "BF16")) {
        return Error{ErrorCode::InvalidData,
                     "'pixel_values': expected [crops, 3, size, size] in F32 or BF16, found " + stored->dtype + " of rank " +
                         std::to_string(stored->shape.size()),
                     path.string()};
    }
    const auto bytes = file->bytes(*stored);
    at::Tensor pixels = at::empty(stored->shape, stored->dtype == "F32" ? at::kFloat : at::kBFloat16);
    std::memcpy(pixels.mutable_data_ptr(), bytes.data(), bytes.size());
    return pixels.to(at::kFloat);
}

Result<void> writeForwardFile(const Model& model, const ForwardRequest& request, const std::filesystem::path& path,
                              std::stop_token stop) {
    if (request.ids.empty()) return Error{ErrorCode::InvalidData, "there are no token ids", ""};
    const auto count = static_cast<std::int64_t>(request.ids.size());
    model::SequenceInput input;
    input.ids = at::empty({1, count}, at::kLong);
    std::copy(request.ids.begin(), request.ids.end(), input.ids.mutable_data_ptr<std::int64_t>());
    input.lastLogits = request.lastLogits > 0 ? std::min(request.lastLogits, count) : count;
    input.hiddenStates = request.hiddenStates;
    input.attentions = request.attentions;
    input.adapter = model.adapter().get();
    if (request.pixelValues.defined()) {
        ASSIGN_OR_RETURN(const model::ImageFeatures features,
                         model.network().getImageFeatures(request.pixelValues, model::VisionOutputs::FeaturesOnly, stop,
                                                          model.adapter().get()));
        input.imageFeatures = features.features;
    }
    model::KvCache cache = model.network().makeCache(1, model.contextTokens());
    ASSIGN_OR_RETURN(const model::SequenceOutput output, model.network().forward(input, cache, stop));
    TensorList tensors;
    tensors.add("input_ids", input.ids[0]);
    tensors.add("logits", output.logits[0]);
    if (request.imageFeatures && request.pixelValues.defined()) {
        tensors.add("pixel_values", request.pixelValues);
        tensors.add("image_features", input.imageFeatures);
    }
    for (std::size_t i = 0; i < output.hiddenStates.size(); ++i)
        tensors.add("hidden_states." + std::to_string(i), output.hiddenStates[i][0]);
    for (std::size_t i = 0; i < output.attentions.size(); ++i)
        tensors.add("attentions." + std::to_string(i), output.attentions[i][0]);
    return files::writeSafetensors(path, tensors.entries());
}

}  // namespace lapidary::session
