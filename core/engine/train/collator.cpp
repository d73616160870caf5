#include "core/engine/train/collator.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <numeric>

namespace lapidary::train {
namespace {

at::Tensor longs(std::int64_t rows, std::int64_t columns, std::int64_t value) {
    return at::full({rows, columns}, value, at::TensorOptions(at::kLong));
}

at::Tensor fromValues(const std::vector<std::int64_t>& values) {
    at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions(at::kLong));
    std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<std::int64_t>());
    return tensor;
}

at::Tensor stackPixels(std::span<const dataset::TrainingSample> samples, const image::ImageProcessor& processor) {
    std::int64_t views = 0;
    std::int64_t size = 0;
    for (const dataset::TrainingSample& sample : samples) {
        for (const image::View& view : sample.views) {
            TORCH_CHECK(size == 0 || size == view.size, "views of different sizes in one batch");
            size = view.size;
            ++views;
        }
    }
    if (views == 0) return {};
    at::Tensor pixels = at::empty({views, 3, size, size}, at::TensorOptions(at::kFloat));
    float* out = pixels.mutable_data_ptr<float>();
    for (const dataset::TrainingSample& sample : samples) {
        for (const image::View& view : sample.views) {
            processor.normalise(view, out);
            out += 3 * size * size;
        }
    }
    return pixels;
}

}  // namespace

MicroBatch collate(std::span<const dataset::TrainingSample> samples, const CollatorSettings& settings,
                   const image::ImageProcessor* processor) {
    TORCH_CHECK(!samples.empty(), "an empty batch");
    const auto rows = static_cast<std::int64_t>(samples.size());
    std::int64_t longest = 1;
    bool shares = false;
    for (const dataset::TrainingSample& sample : samples) {
        TORCH_CHECK(sample.labels.size() == sample.ids.size(), "labels and ids differ in length");
        longest = std::max(longest, static_cast<std::int64_t>(sample.ids.size()));
        shares = shares || sample.sharedPrefix > 0;
    }
    const std::int64_t tokens = (longest + settings.multipleOf - 1) / settings.multipleOf * settings.multipleOf;
    MicroBatch batch;
    at::Tensor ids = longs(rows, tokens, settings.padId);
    at::Tensor mask = longs(rows, tokens, 0);
    at::Tensor positions = longs(rows, tokens, 0);
    at::Tensor prefixes = longs(1, rows, 0).squeeze(0);
    std::vector<std::int64_t> places;
    std::vector<std::int64_t> targets;
    for (std::int64_t row = 0; row < rows; ++row) {
        const dataset::TrainingSample& sample = samples[static_cast<std::size_t>(row)];
        const auto count = static_cast<std::int64_t>(sample.ids.size());
        const std::int64_t start = row * tokens + (settings.side == PaddingSide::Left ? tokens - count : 0);
        std::copy(sample.ids.begin(), sample.ids.end(), ids.mutable_data_ptr<std::int64_t>() + start);
        std::fill_n(mask.mutable_data_ptr<std::int64_t>() + start, count, 1);
        std::int64_t* const position = positions.mutable_data_ptr<std::int64_t>() + start;
        if (sample.positions.empty()) {
            std::iota(position, position + count, 0);
        } else {
            TORCH_CHECK(sample.positions.size() == sample.ids.size(), "positions and ids differ in length");
            std::copy(sample.positions.begin(), sample.positions.end(), position);
        }
        prefixes[row] = sample.sharedPrefix;
        const std::size_t before = targets.size();
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t label = sample.labels[static_cast<std::size_t>(i)];
            if (label == dataset::kNoLabel) continue;
            places.push_back(start + i);
            targets.push_back(label);
        }
        batch.groups.push_back({"", static_cast<std::int64_t>(targets.size() - before)});
        batch.sampleIds.push_back(sample.id);
        for (const image::View& view : sample.views) batch.viewHashes.push_back(view.sha256);
        batch.tokens += count;
    }
    batch.input.inputIds = ids;
    batch.input.attentionMask = mask;
    batch.input.positionIds = positions;
    if (shares) batch.input.sharedPrefix = prefixes;
    if (processor != nullptr) batch.input.pixelValues = stackPixels(samples, *processor);
    batch.input.hiddenAt = fromValues(places);
    batch.targets = fromValues(targets);
    return batch;
}

}  // namespace lapidary::train
