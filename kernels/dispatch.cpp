#include "kernels/dispatch.h"

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
                                      reference::rmsNormRows,
                                      reference::geluTanhMul,
                                      reference::rotateHalves};

}  // namespace

const KernelTable* kernelTable(InstructionSet set) { return set == InstructionSet::Reference ? &kReferenceTable : nullptr; }

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

void rmsNormRows(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t cols, float eps) {
    bestKernels().rmsNormRows(x, weight, y, rows, cols, eps);
}

void geluTanhMul(const float* gate, const float* up, float* y, std::int64_t count) {
    bestKernels().geluTanhMul(gate, up, y, count);
}

void rotateHalves(float* x, const float* cos, const float* sin, std::int64_t tokens, std::int64_t heads, std::int64_t headDim) {
    bestKernels().rotateHalves(x, cos, sin, tokens, heads, headDim);
}

}  // namespace lapidary::kernels
