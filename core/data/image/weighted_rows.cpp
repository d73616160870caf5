#include "core/data/image/weighted_rows.h"

namespace lapidary::image::detail {

void addWeightedRowsGeneric(const std::uint8_t* rows, std::ptrdiff_t stride, const std::int32_t* weights, std::int64_t count,
                            std::int64_t lanes, std::int32_t* sums) {
    addWeightedRowsBody(rows, stride, weights, count, lanes, sums);
}

AddWeightedRows chooseAddWeightedRows() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) return addWeightedRowsAvx2;
#endif
    return addWeightedRowsGeneric;
}

}  // namespace lapidary::image::detail
