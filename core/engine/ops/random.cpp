#include "core/engine/ops/random.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include <c10/util/accumulate.h>

#include <cmath>
#include <vector>

#include "core/engine/ops/autograd.h"

namespace lapidary::ops {
namespace {

constexpr std::int64_t kGrain = 1 << 14;

// SplitMix64 (Steele, Lea, Flood 2014): a good hash of a counter.
std::uint64_t hashOf(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31U);
}

// [0, 1) from the 53 high bits.
double unit(std::uint64_t seed, std::uint64_t index) {
    return static_cast<double>(hashOf(seed ^ hashOf(index)) >> 11U) * 0x1p-53;
}

template <class Draw>
at::Tensor filled(at::IntArrayRef shape, const Draw& draw) {
    at::Tensor values = at::empty(shape, at::TensorOptions(at::kFloat));
    float* const out = values.mutable_data_ptr<float>();
    at::parallel_for(0, values.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) out[i] = static_cast<float>(draw(static_cast<std::uint64_t>(i)));
    });
    return values;
}

// hashOf by ATen, for other devices: int64 wraps as uint64 does, only the shift must bring zeros in.
at::Tensor hashesOf(const at::Tensor& values) {
    const auto shifted = [](const at::Tensor& value, std::int64_t bits) {
        return value.bitwise_right_shift(bits).bitwise_and_((std::int64_t{1} << (64 - bits)) - 1);
    };
    const auto constant = [](std::uint64_t bits) { return static_cast<std::int64_t>(bits); };
    at::Tensor value = values + constant(0x9E3779B97F4A7C15ULL);
    value = value.bitwise_xor(shifted(value, 30)).mul_(constant(0xBF58476D1CE4E5B9ULL));
    value = value.bitwise_xor(shifted(value, 27)).mul_(constant(0x94D049BB133111EBULL));
    return value.bitwise_xor(shifted(value, 31));
}

// unit() of every place of `shape`, float64: the same bits.
at::Tensor unitsOn(at::Device device, at::IntArrayRef shape, std::uint64_t seed) {
    const at::Tensor index = at::arange(c10::multiply_integers(shape), at::TensorOptions(at::kLong).device(device));
    const at::Tensor hashes = hashesOf(hashesOf(index).bitwise_xor_(static_cast<std::int64_t>(seed)));
    const std::int64_t high = (std::int64_t{1} << 53) - 1;
    return hashes.bitwise_right_shift(11).bitwise_and_(high).to(at::kDouble).mul_(0x1p-53).view(shape);
}

class Dropout : public Operation {
public:
    Dropout(double p, std::uint64_t seed) : m_p(p), m_seed(seed) {}

    Recorded forward(const std::vector<at::Tensor>& inputs) override { return {thinned(inputs[0]), {}}; }
    std::vector<at::Tensor> backward(const std::vector<at::Tensor>& /*kept*/, const at::Tensor& gradient,
                                     const std::vector<bool>& /*wanted*/) override {
        return {thinned(gradient)};
    }

private:
    [[nodiscard]] at::Tensor thinned(const at::Tensor& x) const {
        const double kept = 1.0 / (1.0 - m_p);
        if (!x.is_cpu()) {
            const at::Tensor stays = unitsOn(x.device(), x.sizes(), m_seed).ge(m_p);
            return x * stays.to(at::kFloat).mul_(static_cast<float>(kept)).to(x.scalar_type());
        }
        const at::Tensor factors =
            filled(x.sizes(), [&](std::uint64_t index) { return unit(m_seed, index) < m_p ? 0.0 : kept; });
        return x * factors.to(x.device(), x.scalar_type());
    }

    double m_p;
    std::uint64_t m_seed;
};

}  // namespace

std::uint64_t mixSeed(std::uint64_t seed, std::uint64_t use) { return hashOf(seed ^ hashOf(use ^ 0x5851F42D4C957F2DULL)); }

at::Tensor uniformTensor(at::IntArrayRef shape, double low, double high, std::uint64_t seed) {
    return filled(shape, [&](std::uint64_t index) { return low + (high - low) * unit(seed, index); });
}

at::Tensor normalTensor(at::IntArrayRef shape, double deviation, std::uint64_t seed) {
    constexpr double kTwoPi = 6.283185307179586;
    return filled(shape, [&](std::uint64_t index) {  // Box and Muller
        const double radius = std::sqrt(-2.0 * std::log(1.0 - unit(seed, 2 * index)));
        return deviation * radius * std::cos(kTwoPi * unit(seed, 2 * index + 1));
    });
}

at::Tensor seededDropout(const at::Tensor& x, double p, std::uint64_t seed) {
    if (p <= 0.0) return x;
    return record(c10::make_intrusive<Dropout>(p, seed), {x});
}

}  // namespace lapidary::ops
