#include "tests/core/engine/model/model_fixture.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {

checkpoint::Checkpoint openOrThrow(const std::filesystem::path& path) { return valueOf(checkpoint::openCheckpoint(path)); }

std::shared_ptr<model::Gemma3VlModel> loadOrThrow(const checkpoint::Checkpoint& checkpoint, const model::LoadOptions& options) {
    return valueOf(model::Gemma3VlModel::load(checkpoint.config, *checkpoint.tensors, options));
}

model::LoadOptions loadOptions(ops::Precision precision, model::WeightStorage storage) {
    model::LoadOptions options;
    options.precision = precision;
    options.storage = storage;
    return options;
}

checkpoint::Checkpoint randomCheckpoint(const std::filesystem::path& folder, const config::Gemma3Config& config,
                                        std::uint64_t seed) {
    BuildOptions options;
    options.seed = seed;
    buildCheckpoint(folder, config, options);
    return openOrThrow(folder);
}

nlohmann::json goldenJson(const std::string& name) { return nlohmann::json::parse(goldenText(name)); }

at::Tensor tensorOf(const nlohmann::json& value) {
    const auto data = value.at("data").get<std::vector<float>>();
    return at::tensor(data).view(value.at("shape").get<std::vector<std::int64_t>>());
}

at::Tensor idRows(const std::vector<std::vector<std::int64_t>>& rows) {
    std::vector<std::int64_t> flat;
    for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
    return at::tensor(flat).view({static_cast<std::int64_t>(rows.size()), -1});
}

at::Tensor integers(const nlohmann::json& rows) { return idRows(rows.get<std::vector<std::vector<std::int64_t>>>()); }

double maxDifference(const at::Tensor& a, const at::Tensor& b) {
    if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
    if (a.numel() == 0) return 0.0;
    const at::Tensor difference = (a.to(at::kDouble) - b.to(at::kDouble)).abs();
    const double largest = difference.max().item<double>();
    return largest == largest ? largest : std::numeric_limits<double>::infinity();
}

std::vector<std::int64_t> randomIds(std::int64_t count, std::int64_t limit, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
    for (std::int64_t& id : ids) id = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
    if (!ids.empty()) ids.front() = 2;
    return ids;
}

at::Tensor randomPixels(std::int64_t views, std::int64_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    at::Tensor pixels = at::empty({views, 3, size, size}, at::TensorOptions(at::kFloat));
    float* const out = pixels.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < pixels.numel(); ++i) out[i] = (static_cast<float>(random() % 256) - 127.5F) / 127.5F;
    return pixels;
}

at::Tensor wholeLogits(model::Gemma3VlModel& model, const std::vector<std::int64_t>& ids, const at::Tensor& pixels) {
    model::ModelInput input;
    input.inputIds = idRows({ids});
    input.pixelValues = pixels;
    return valueOf(model.forward(input)).output.squeeze(0);
}

at::Tensor cachedLogits(const model::Gemma3VlModel& model, model::KvCache& cache, const std::vector<std::int64_t>& ids,
                        const at::Tensor& features, std::int64_t chunk) {
    model::SequenceInput input;
    input.ids = idRows({ids});
    input.imageFeatures = features;
    input.lastLogits = static_cast<std::int64_t>(ids.size());
    input.chunkTokens = chunk;
    return valueOf(model.forward(input, cache)).logits.squeeze(0);
}

}  // namespace lapidary::test
