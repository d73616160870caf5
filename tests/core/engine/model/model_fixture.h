// What the model's tests share: opening a checkpoint, tensors from JSON and from ids, differences.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/engine/model/gemma3_vl_model.h"

namespace lapidary::test {

// Both throw std::runtime_error with the error's text.
checkpoint::Checkpoint openOrThrow(const std::filesystem::path& path);
std::shared_ptr<model::Gemma3VlModel> loadOrThrow(const checkpoint::Checkpoint& checkpoint,
                                                  const model::LoadOptions& options = {});

// LoadOptions with these two set.
model::LoadOptions loadOptions(ops::Precision precision, model::WeightStorage storage = model::WeightStorage::AsStored);

// A seeded random model of this configuration (tests/support/checkpoint_builder.h).
checkpoint::Checkpoint randomCheckpoint(const std::filesystem::path& folder, const config::Gemma3Config& config,
                                        std::uint64_t seed);

// The value, or std::runtime_error with the error's text.
template <class T>
T valueOf(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().toString());
    return std::move(*result);
}

nlohmann::json goldenJson(const std::string& name);
// {"shape": …, "data": …} → float32.
at::Tensor tensorOf(const nlohmann::json& value);
// Nested lists of integers, two deep → int64 [rows, columns].
at::Tensor integers(const nlohmann::json& rows);
at::Tensor idRows(const std::vector<std::vector<std::int64_t>>& rows);

// Largest absolute difference; infinity for different shapes or NaN.
double maxDifference(const at::Tensor& a, const at::Tensor& b);

// `count` ids below `limit`, 2 first; the seed decides.
std::vector<std::int64_t> randomIds(std::int64_t count, std::int64_t limit, std::uint64_t seed);
// Normalised pixels [views, 3, size, size].
at::Tensor randomPixels(std::int64_t views, std::int64_t size, std::uint64_t seed);

// logits [tokens, vocab] of a whole forward without cache.
at::Tensor wholeLogits(model::Gemma3VlModel& model, const std::vector<std::int64_t>& ids, const at::Tensor& pixels = {});
// The same tokens given to a cache at once, in chunks of `chunk`.
at::Tensor cachedLogits(const model::Gemma3VlModel& model, model::KvCache& cache, const std::vector<std::int64_t>& ids,
                        const at::Tensor& features = {}, std::int64_t chunk = 512);

}  // namespace lapidary::test
