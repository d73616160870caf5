#include "core/engine/train/device_adam_w.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>

#include "kernels/adam_w.h"

namespace lapidary::train {
namespace {

constexpr std::int64_t kBlock = kernels::kEightBitBlock;
// Eight-bit numbers that are unpacked at once: whole blocks.
constexpr std::int64_t kChunk = std::int64_t{1} << 24;

at::Tensor mapOn(const std::array<float, 256>& map, at::Device device) {
    at::Tensor values = at::empty({256}, at::TensorOptions(at::kFloat));
    std::copy(map.begin(), map.end(), values.mutable_data_ptr<float>());
    return values.to(device);
}

// [count] → [blocks, kBlock], zeros behind the end.
at::Tensor inBlocks(const at::Tensor& values) {
    const std::int64_t count = values.size(0), blocks = (count + kBlock - 1) / kBlock;
    return at::constant_pad_nd(values, {0, blocks * kBlock - count}).view({blocks, kBlock});
}

at::Tensor unpacked(const at::Tensor& codes, const at::Tensor& scale, const at::Tensor& map) {
    const at::Tensor values = map.index_select(0, codes.to(at::kInt));
    return inBlocks(values).mul_(scale.unsqueeze(1)).flatten().narrow(0, 0, codes.size(0));
}

// The nearest code of each value over its block's largest magnitude, which becomes its scale; of two equally near the lower.
at::Tensor packed(const at::Tensor& values, at::Tensor& scale, const at::Tensor& map, bool neverZero) {
    const at::Tensor blocks = inBlocks(values);
    const at::Tensor largest = blocks.abs().amax(1);
    scale.copy_(largest);
    const at::Tensor inverse = at::where(largest.gt(0.0), largest.reciprocal(), at::zeros_like(largest));
    const at::Tensor scaled = (blocks * inverse.unsqueeze(1)).flatten().narrow(0, 0, values.size(0));
    const at::Tensor above = at::searchsorted(map, scaled, true).clamp_(1, 255);
    const at::Tensor below = above - 1;
    const at::Tensor lower = (scaled - map.index_select(0, below)).le(map.index_select(0, above) - scaled);
    at::Tensor codes = at::where(lower, below, above);
    if (neverZero) codes = at::where(scaled.gt(0.0), codes.clamp_min(1), codes);
    return codes.to(at::kByte);
}

}  // namespace

void adamWByAten(const kernels::AdamWStep& step, DeviceUpdate& update) {
    std::vector<at::Tensor> g = at::_foreach_mul(update.gradients, step.gradientScale);
    at::_foreach_mul_(update.v, step.beta2);
    at::_foreach_addcmul_(update.v, g, g, step.oneMinusBeta2);
    at::_foreach_sub_(g, update.m);
    at::_foreach_add_(update.m, g, step.oneMinusBeta1);
    g.clear();
    std::vector<at::Tensor> denominator = at::_foreach_sqrt(update.v);
    at::_foreach_div_(denominator, step.rootCorrection2);
    at::_foreach_add_(denominator, step.eps);
    at::_foreach_mul_(update.values, step.decayFactor);
    at::_foreach_addcdiv_(update.values, update.m, denominator, -step.stepSize);
}

void adamWEightBitByAten(const kernels::AdamWStep& step, EightBitUpdate& update) {
    const at::Tensor signedMap = mapOn(kernels::signedEightBitMap(), update.values.device());
    const at::Tensor unsignedMap = mapOn(kernels::unsignedEightBitMap(), update.values.device());
    const std::int64_t count = update.values.size(0);
    for (std::int64_t first = 0; first < count; first += kChunk) {
        const std::int64_t n = std::min(kChunk, count - first);
        const auto part = [&](const at::Tensor& tensor) { return tensor.narrow(0, first, n); };
        at::Tensor mScale = update.mScale.narrow(0, first / kBlock, (n + kBlock - 1) / kBlock);
        at::Tensor vScale = update.vScale.narrow(0, first / kBlock, (n + kBlock - 1) / kBlock);
        DeviceUpdate wide;
        wide.values = {part(update.values)};
        wide.m = {unpacked(part(update.m), mScale, signedMap)};
        wide.v = {unpacked(part(update.v), vScale, unsignedMap).square()};
        wide.gradients = {update.gradient.defined() ? part(update.gradient) : at::zeros_like(wide.values.front())};
        adamWByAten(step, wide);
        part(update.m).copy_(packed(wide.m.front(), mScale, signedMap, false));
        part(update.v).copy_(packed(wide.v.front().sqrt(), vScale, unsignedMap, true));
    }
}

// Eight bits: what is unpacked, padded, scaled, searched (twice four bytes) and compared at once, rounded up.
std::int64_t scratchNumbers(std::int64_t count) { return std::max<std::int64_t>(2 * count, 12 * std::min(count, kChunk)); }

}  // namespace lapidary::train
