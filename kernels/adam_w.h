// One AdamW update (Loshchilov and Hutter, arXiv:1711.05101), one pass over a parameter: decay, moments, bias correction, step.
// The arithmetic is torch.optim.AdamW's, operation by operation, in float32.
#pragma once

#include <array>
#include <cstdint>

namespace lapidary::kernels {

struct AdamWStep {
    float gradientScale = 1.0F;  // every gradient is multiplied by this first (clipping)
    float decayFactor = 1.0F;  // 1 - lr · weight_decay, applied to the parameter before the step
    float beta1 = 0.9F;
    float beta2 = 0.999F;
    float oneMinusBeta1 = 0.1F;  // 1 - beta rounded from double, as torch does
    float oneMinusBeta2 = 0.001F;
    float rootCorrection2 = 1.0F;  // sqrt(1 - beta2^t)
    float eps = 1e-8F;
    float stepSize = 0.0F;  // lr / (1 - beta1^t)
};

// parameter, m, v: [count] float32, updated; gradient: [count] float32.
void adamWUpdate(const AdamWStep& step, float* parameter, const float* gradient, float* m, float* v, std::int64_t count);

// Moments in eight bits (Dettmers et al., arXiv:2110.02861): blocks of this many values share one float32 scale, the block's largest
// magnitude; a value is the nearest of 256 of a map that is fine near 0.  Unlike there, the second moment is kept as its root, and never
// becomes 0: gradients of one block may differ a million times, and a second moment lost to 0 would make a step as large as 1/eps.
inline constexpr std::int64_t kEightBitBlock = 256;

// The maps, ascending: "dynamic" ones, [-1, 1] for the first moment, [0, 1] for the second.
const std::array<float, 256>& signedEightBitMap();
const std::array<float, 256>& unsignedEightBitMap();

// One block: m, v [count] codes with count <= kEightBitBlock, mScale and vScale their scales, all updated.
void adamWUpdateEightBit(const AdamWStep& step, float* parameter, const float* gradient, std::uint8_t* m, float* mScale,
                         std::uint8_t* v, float* vScale, std::int64_t count);

}  // namespace lapidary::kernels
