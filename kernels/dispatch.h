// Which version of each kernel runs: chosen once from what the processor can do.  Tests and benchmarks ask for each by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/block_format.h"
#include "kernels/interval_attention.h"
#include "kernels/linear_rows.h"

namespace lapidary::kernels {

enum class InstructionSet : std::uint8_t { Reference, Avx2, Avx512 };
inline constexpr std::array kInstructionSets{InstructionSet::Reference, InstructionSet::Avx2, InstructionSet::Avx512};

// One version of every op; contracts as in the headers of the ops.
struct KernelTable {
    const char* name;
    void (*dequantizeRow)(BlockFormat, const std::byte*, float*, std::int64_t);
    void (*linearRows)(const LinearRows&, std::int64_t, std::int64_t);
    void (*intervalAttention)(const IntervalAttention&, std::int64_t, std::int64_t, std::int64_t, std::int64_t);
    void (*intervalAttentionBackward)(const IntervalAttentionBackward&, std::int64_t, std::int64_t);
    void (*rmsNormRows)(const float*, const float*, float*, std::int64_t, std::int64_t, float);
    void (*rmsNormRowsBackward)(const float*, const float*, const float*, float*, float*, std::int64_t, std::int64_t, float);
    void (*geluTanhMul)(const float*, const float*, float*, std::int64_t);
    void (*geluTanhMulBackward)(const float*, const float*, const float*, float*, float*, std::int64_t);
    void (*rotateHalves)(float*, const float*, const float*, std::int64_t, std::int64_t, std::int64_t);

    // Yardsticks, not ops (roofline.h): reads `words` 8-byte words; does at least `rounds` dependent steps of independent
    // float32 multiply-adds and gives the number of operations done.  Results only keep the compiler honest.
    float (*readMemory)(const std::uint64_t* at, std::int64_t words);
    double (*multiplyAdds)(std::int64_t rounds, float* result);
};

// The table of one instruction set, or null where this build or this processor lacks it.
const KernelTable* kernelTable(InstructionSet set);

// The fastest table that runs here.
const KernelTable& bestKernels();

}  // namespace lapidary::kernels
