#include "core/engine/session/merge_adapter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <system_error>

#include "core/data/checkpoint/new_folder.h"
#include "core/data/checkpoint/open_checkpoint.h"
#include "core/data/checkpoint/peft_adapter.h"
#include "core/data/checkpoint/tensor_names.h"
#include "core/data/checkpoint/weight_files.h"
#include "core/data/files/safetensors_writer.h"
#include "core/engine/model/adapter.h"
#include "core/engine/session/opened_checkpoint.h"
#include "core/shared/base/file.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::session {
namespace {

namespace fs = std::filesystem;

// float32 rows in memory at once.
constexpr std::int64_t kBlockBytes = 64 << 20;
// Configuration, tokenizer and the like; Gemma's tokenizer.json has 33 MB.
constexpr std::uintmax_t kMaxSideFileBytes = 256U << 20U;
constexpr std::int64_t kProbeTokens = 48;

at::ScalarType typeOf(const std::string& dtype) {
    if (dtype == "BF16") return at::kBFloat16;
    return dtype == "F16" ? at::kHalf : at::kFloat;
}

double epsilonOf(at::ScalarType type) {
    if (type == at::kBFloat16) return 0x1p-7;
    return type == at::kHalf ? 0x1p-10 : 0x1p-23;
}

// A base model with its adapters, and what they do to each stored tensor.
struct Opened {
    checkpoint::Checkpoint checkpoint;
    std::shared_ptr<model::Gemma3VlModel> network;
    std::shared_ptr<const model::Adapter> adapter;  // all together
    std::set<std::string> touched;  // canonical names
};

Result<void> refuseUntying(const model::Adapter& adapter, model::Gemma3VlModel& network, const config::Gemma3Config& config) {
    if (!network.sharesEmbeddingsAndOutputWeights()) return {};
    const std::string embedding = plan::textPrefix(config) + "embed_tokens.weight";
    const ops::Weight* const saved = adapter.savedAs(embedding);
    const ops::Weight* const head = adapter.savedHead();
    const bool same = (saved == nullptr && head == nullptr) ||
                      (saved != nullptr && head != nullptr && saved->tensor().is_same(head->tensor()));
    if (same) return {};
    return Error{
        ErrorCode::Unsupported,
        "the adapter saves the embedding or the head of a model where both are one tensor, and each would become its own; "
        "train it with ensure_weight_tying, or use it unmerged with --adapter",
        "merge"};
}

Result<Opened> open(const MergeRequest& request) {
    Opened opened;
    ASSIGN_OR_RETURN(const fs::path path, resolveModelPath(request.model));
    ASSIGN_OR_RETURN(opened.checkpoint, checkpoint::openCheckpoint(path));
    if (opened.checkpoint.kind != checkpoint::CheckpointKind::HuggingFace)
        return Error{ErrorCode::Unsupported, "adapters are merged into safetensors folders; this is a GGUF file", "merge"};
    ASSIGN_OR_RETURN(opened.network,
                     model::Gemma3VlModel::load(opened.checkpoint.config, *opened.checkpoint.tensors, model::LoadOptions{}));
    std::vector<model::Adapter> adapters;
    std::vector<const model::Adapter*> together;
    for (const std::string& folder : request.adapters) {
        ASSIGN_OR_RETURN(const auto stored, checkpoint::openPeftAdapter(folder, opened.checkpoint.config));
        if (stored.spec.postNormBypass) {
            return Error{
                ErrorCode::Unsupported,
                "this adapter's deltas go round the norms (post_norm_bypass), which no weight can hold; use it with --adapter",
                folder};
        }
        if (request.adapters.size() > 1 && stored.spec.kind == plan::AdapterKind::Dora)
            return Error{ErrorCode::Unsupported, "DoRA scales what stands before it: merge such an adapter alone", folder};
        ASSIGN_OR_RETURN(model::Adapter adapter, model::Adapter::load(*opened.network, stored));
        adapters.push_back(std::move(adapter));
    }
    if (adapters.empty()) return Error{ErrorCode::Usage, "no adapter is given", "--adapter"};
    together.reserve(adapters.size());
    for (const model::Adapter& adapter : adapters) together.push_back(&adapter);
    ASSIGN_OR_RETURN(model::Adapter sum, model::Adapter::combined(together));
    RETURN_IF_ERROR(refuseUntying(sum, *opened.network, opened.checkpoint.config));
    for (const std::string& name : sum.touched()) opened.touched.insert(name);
    opened.adapter = std::make_shared<const model::Adapter>(std::move(sum));
    return opened;
}

// Everything of the folder that is no weight: configuration, tokenizer, template, licence.
Result<void> copySideFiles(const fs::path& from, const fs::path& to) {
    std::error_code error;
    for (fs::directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error)) {
        const fs::path& path = entry->path();
        const std::string ending = path.extension().string();
        const bool weights =
            ending == ".safetensors" || ending == ".gguf" || ending == ".bin" || checkpoint::isPickleName(path);
        std::error_code ignored;
        if (weights || !fs::is_regular_file(path, ignored) || fs::file_size(path, ignored) > kMaxSideFileBytes) continue;
        ASSIGN_OR_RETURN(const std::string bytes, readFile(path, kMaxSideFileBytes));
        RETURN_IF_ERROR(writeFileAtomically(to / path.filename(), bytes));
    }
    if (error) return systemError("read the folder", from, error.value());
    return {};
}

// One stored tensor, a block of rows at a time, with everything that the adapter does to it.
Result<void> writeMerged(const Opened& opened, const std::string& canonical, const files::SafetensorsTensor& tensor,
                         std::span<const std::byte> bytes, files::SafetensorsWriter& writer) {
    const at::ScalarType type = typeOf(tensor.dtype);
    const auto emit = [&](const at::Tensor& values) {
        const at::Tensor rounded = values.to(type).contiguous();
        return writer.append(
            {static_cast<const std::byte*>(rounded.const_data_ptr()), static_cast<std::size_t>(rounded.nbytes())});
    };
    if (const ops::Weight* const saved = opened.adapter->savedAs(canonical); saved != nullptr) return emit(saved->tensor());
    const std::int64_t rows = tensor.shape[0], cols = tensor.shape[1];
    const std::int64_t block = std::clamp<std::int64_t>(kBlockBytes / (4 * cols), 1, rows);
    const auto stride = bytes.size() / static_cast<std::size_t>(rows);
    for (std::int64_t first = 0; first < rows; first += block) {
        const std::int64_t count = std::min(block, rows - first);
        at::Tensor stored = at::empty({count, cols}, at::TensorOptions(type));
        std::memcpy(stored.mutable_data_ptr(), bytes.data() + static_cast<std::size_t>(first) * stride,
                    static_cast<std::size_t>(count) * stride);
        at::Tensor values = stored.to(at::kFloat);
        for (const model::LowRankDelta* delta : opened.adapter->deltasOf(canonical))
            values = model::mergedRows(*delta, values, first);
        RETURN_IF_ERROR(emit(values));
    }
    return {};
}

// The weight files again, under the same names, with the same tensors.
Result<void> writeWeights(const Opened& opened, const MergeRequest& request, const fs::path& to, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const checkpoint::WeightFiles weights, checkpoint::openWeightFiles(opened.checkpoint.folder));
    const bool visionLanguage = opened.checkpoint.config.isVisionLanguage();
    std::size_t total = 0, done = 0;
    for (const auto& file : weights.files) total += file->tensors().size();
    for (std::size_t i = 0; i < weights.files.size(); ++i) {
        const files::SafetensorsFile& file = *weights.files[i];
        std::vector<files::TensorDeclaration> declared;
        for (const files::SafetensorsTensor& tensor : file.tensors())
            declared.push_back({tensor.name, tensor.dtype, tensor.shape});
        ASSIGN_OR_RETURN(const auto writer,
                         files::SafetensorsWriter::create(to / weights.paths[i].filename(), declared, file.metadata()));
        for (const files::SafetensorsTensor& tensor : file.tensors()) {
            if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "merging was cancelled", ""};
            if (request.onProgress) request.onProgress(tensor.name, static_cast<double>(done++) / static_cast<double>(total));
            const std::string name = checkpoint::canonicalName(checkpoint::parseTensorName(tensor.name), visionLanguage);
            const bool touched = opened.touched.contains(name);
            RETURN_IF_ERROR(touched ? writeMerged(opened, name, tensor, file.bytes(tensor), *writer)
                                    : writer->append(file.bytes(tensor)));
        }
        RETURN_IF_ERROR(writer->finish());
    }
    return {};
}

// A prompt of the vocabulary's own ids, and a picture where there is a tower.
model::SequenceInput probe(const config::Gemma3Config& config, const at::Tensor& features) {
    std::vector<std::int64_t> ids{config.text.bosTokenId};
    if (features.defined()) {
        ids.push_back(config.boiTokenIndex);
        ids.insert(ids.end(), static_cast<std::size_t>(config.mmTokensPerImage), config.imageTokenIndex);
        ids.push_back(config.eoiTokenIndex);
    }
    for (std::int64_t i = 0; i < kProbeTokens; ++i) {
        const std::int64_t id = (i * 7919 + 13) % config.text.vocabSize;
        ids.push_back(id == config.imageTokenIndex ? id - 1 : id);
    }
    model::SequenceInput input;
    input.ids = at::empty({1, static_cast<std::int64_t>(ids.size())}, at::kLong);
    std::copy(ids.begin(), ids.end(), input.ids.mutable_data_ptr<std::int64_t>());
    input.imageFeatures = features;
    input.lastLogits = kProbeTokens;
    return input;
}

at::Tensor probePicture(const config::Gemma3Config& config) {
    const std::int64_t size = config.vision->imageSize;
    at::Tensor pixels = at::empty({1, 3, size, size}, at::kFloat);
    float* const out = pixels.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < pixels.numel(); ++i) out[i] = std::sin(0.001F * static_cast<float>(i));
    return pixels;
}

Result<at::Tensor> probeLogits(const model::Gemma3VlModel& network, const model::Adapter* adapter,
                               const std::stop_token& stop) {
    const c10::AutoGradMode noGradient(false);
    at::Tensor features;
    if (network.config().isVisionLanguage()) {
        ASSIGN_OR_RETURN(const auto seen, network.getImageFeatures(probePicture(network.config()),
                                                                   model::VisionOutputs::FeaturesOnly, stop, adapter));
        features = seen.features;
    }
    model::SequenceInput input = probe(network.config(), features);
    input.adapter = adapter;
    model::KvCache cache = network.makeCache(1, input.ids.size(1));
    ASSIGN_OR_RETURN(const auto output, network.forward(input, cache, stop));
    return output.logits;
}

double largestDifference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

Result<void> compareTensors(const Opened& opened, const checkpoint::Checkpoint& merged, MergeReport& report) {
    std::string unchanged, moved;
    for (const std::string& name : opened.checkpoint.tensors->names()) {
        ASSIGN_OR_RETURN(const auto before, opened.checkpoint.tensors->tensor(name));
        ASSIGN_OR_RETURN(const auto after, merged.tensors->tensor(name));
        const bool same = before.bytes.size() == after.bytes.size() &&
                          std::memcmp(before.bytes.data(), after.bytes.data(), before.bytes.size()) == 0;
        ++report.tensors;
        report.bytes += static_cast<std::int64_t>(after.bytes.size());
        report.changedTensors += same ? 0 : 1;
        const bool touched = opened.touched.contains(name);
        report.touchedTensors += touched ? 1 : 0;
        if (touched && same && unchanged.empty()) unchanged = name;
        if (!touched && !same) moved = name;
    }
    if (!moved.empty()) return Error{ErrorCode::Different, "'" + moved + "' changed, and no adapter stands beside it", "merge"};
    if (report.changedTensors == 0)
        return Error{ErrorCode::Different, "the merged model equals the base in every tensor: the adapters do nothing",
                     "merge"};
    if (!unchanged.empty()) {
        report.warnings.push_back(std::to_string(report.touchedTensors - report.changedTensors) +
                                  " tensors that an adapter stands beside did not change ('" + unchanged +
                                  "' among them): their deltas are zero or smaller than the type's rounding");
    }
    return {};
}

Result<MergeReport> prove(const Opened& opened, const fs::path& folder, const std::stop_token& stop) {
    MergeReport report;
    ASSIGN_OR_RETURN(const checkpoint::Checkpoint merged, checkpoint::openCheckpoint(folder));
    RETURN_IF_ERROR(compareTensors(opened, merged, report));
    ASSIGN_OR_RETURN(const auto network, model::Gemma3VlModel::load(merged.config, *merged.tensors, model::LoadOptions{}));
    ASSIGN_OR_RETURN(const at::Tensor base, probeLogits(*opened.network, nullptr, stop));
    ASSIGN_OR_RETURN(const at::Tensor adapted, probeLogits(*opened.network, opened.adapter.get(), stop));
    ASSIGN_OR_RETURN(const at::Tensor after, probeLogits(*network, nullptr, stop));
    report.mergedToAdapter = largestDifference(after, adapted);
    report.mergedToBase = largestDifference(after, base);
    double epsilon = 0.0;
    for (const std::string& name : opened.touched) {
        ASSIGN_OR_RETURN(const auto tensor, merged.tensors->tensor(name));
        epsilon = std::max(epsilon, epsilonOf(tensor.format == kernels::BlockFormat::BF16  ? at::kBFloat16
                                              : tensor.format == kernels::BlockFormat::F16 ? at::kHalf
                                                                                           : at::kFloat));
    }
    report.tolerance = mergeTolerance(epsilon, report.changedTensors, adapted.abs().max().item<double>());
    if (report.mergedToBase == 0.0) return Error{ErrorCode::Different, "the merged model answers exactly as the base", "merge"};
    if (!(report.mergedToAdapter <= report.tolerance)) {
        return Error{ErrorCode::Different,
                     "the merged model differs from base and adapter by " + std::to_string(report.mergedToAdapter) +
                         " in a logit; at most " + std::to_string(report.tolerance) + " is rounding",
                     "merge"};
    }
    return report;
}

}  // namespace

double mergeTolerance(double epsilon, std::int64_t tensors, double largest) {
    const double rounding = 0.5 * epsilon * std::sqrt(static_cast<double>(std::max<std::int64_t>(tensors, 1)));
    return std::max(3e-5, rounding) * std::max(1.0, largest);
}

Result<MergeReport> mergeAdapter(const MergeRequest& request, std::stop_token stop) {
    const c10::AutoGradMode noGradient(false);
    ASSIGN_OR_RETURN(const Opened opened, open(request));
    ASSIGN_OR_RETURN(auto folder, checkpoint::NewFolder::create(request.output, opened.checkpoint.folder));
    RETURN_IF_ERROR(copySideFiles(opened.checkpoint.folder, folder.partial()));
    RETURN_IF_ERROR(writeWeights(opened, request, folder.partial(), stop));
    ASSIGN_OR_RETURN(MergeReport report, prove(opened, folder.partial(), stop));
    RETURN_IF_ERROR(folder.finish());
    return report;
}

}  // namespace lapidary::session
