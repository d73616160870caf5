#include "kernels/dispatch.h"

#if defined(LAPIDARY_KERNELS_X86)
#include <cpuid.h>
#endif

#include "kernels/cpu/versions.h"
#include "kernels/dequantize.h"
#include "kernels/elementwise.h"
#include "kernels/quantize.h"
#include "kernels/reference/reference.h"

namespace lapidary::kernels {

namespace {

constexpr KernelTable kReferenceTable{"reference",
                                      reference::dequantizeRow,
                                      reference::linearRows,
                                      reference::intervalAttention,
                                      reference::intervalAttentionBackward,
                                      reference::rmsNormRows,
                                      reference::rmsNormRowsBackward,
                                      reference::geluTanhMul,
                                      reference::geluTanhMulBackward,
                                      reference::rotateHalves,
                                      reference::readMemory,
                                      reference::multiplyAdds};

#if defined(LAPIDARY_KERNELS_X86)
constexpr KernelTable kAvx2Table{"avx2",
                                 avx2::dequantizeRow,
                                 avx2::linearRows,
                                 avx2::intervalAttention,
                                 avx2::intervalAttentionBackward,
                                 avx2::rmsNormRows,
                                 avx2::rmsNormRowsBackward,
                                 avx2::geluTanhMul,
                                 avx2::geluTanhMulBackward,
                                 avx2::rotateHalves,
                                 avx2::readMemory,
                                 avx2::multiplyAdds};
constexpr KernelTable kAvx512Table{"avx512",
                                   avx512::dequantizeRow,
                                   avx512::linearRows,
                                   avx512::intervalAttention,
                                   avx512::intervalAttentionBackward,
                                   avx512::rmsNormRows,
                                   avx512::rmsNormRowsBackward,
                                   avx512::geluTanhMul,
                                   avx512::geluTanhMulBackward,
                                   avx512::rotateHalves,
                                   avx512::readMemory,
                                   avx512::multiplyAdds};

// By CPUID, since clang 16 has no name for it in __builtin_cpu_supports.
bool hasHalfConversion() {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

bool hasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && hasHalfConversion(); }

bool hasAvx512() {
    return hasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#endif

}  // namespace

const KernelTable* kernelTable(InstructionSet set) {
    if (set == InstructionSet::Reference) return &kReferenceTable;
#if defined(LAPIDARY_KERNELS_X86)
    if (set == InstructionSet::Avx2 && hasAvx2()) return &kAvx2Table;
    if (set == InstructionSet::Avx512 && hasAvx512()) return &kAvx512Table;
#endif
    return nullptr;
}

const KernelTable& bestKernels() {
    static const KernelTable& best = [&]() -> const KernelTable& {
        const KernelTable* chosen = &kReferenceTable;
        for (const InstructionSet set : kInstructionSets) {
            if (const KernelTable* table = kernelTable(set)) chosen = table;
        }
        return *chosen;
    }();
    return best;
}

void dequantizeRow(BlockFormat format, const std::byte* row, float* out, std::int64_t cols) {
    bestKernels().dequantizeRow(format, row, out, cols);
}

void quantizeRow(BlockFormat format, const float* in, std::byte* row, std::int64_t cols) {
    reference::quantizeRow(format, in, row, cols);
}

void linearRows(const LinearRows& product, std::int64_t outBegin, std::int64_t outEnd) {
    bestKernels().linearRows(product, outBegin, outEnd);
}

void intervalAttention(const IntervalAttention& work, std::int64_t headBegin, std::int64_t headEnd, std::int64_t queryBegin,
                       std::int64_t queryEnd) {
    bestKernels().intervalAttention(work, headBegin, headEnd, queryBegin, queryEnd);
}

void intervalAttentionBackward(const IntervalAttentionBackward& work, std::int64_t kvHeadBegin, std::int64_t kvHeadEnd) {
    bestKernels().intervalAttentionBackward(work, kvHeadBegin, kvHeadEnd);
}

void rmsNormRows(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t cols, float eps) {
    bestKernels().rmsNormRows(x, weight, y, rows, cols, eps);
}

void rmsNormRowsBackward(const float* x, const float* weight, const float* dy, float* dx, float* dWeight, std::int64_t rows,
                         std::int64_t cols, float eps) {
    bestKernels().rmsNormRowsBackward(x, weight, dy, dx, dWeight, rows, cols, eps);
}

void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count) {
    bestKernels().geluTanhMul(gate, up, y, count);
}

void geluTanhMulBackward(const float* gate, const float* up, const float* dy, float* dGate, float* dUp, std::int64_t count) {
    bestKernels().geluTanhMulBackward(gate, up, dy, dGate, dUp, count);
}

void rotateHalves(float* x, const float* cos, const float* sin, std::int64_t tokens, std::int64_t heads, std::int64_t headDim) {
    bestKernels().rotateHalves(x, cos, sin, tokens, heads, headDim);
}

}  // namespace lapidary::kernels
