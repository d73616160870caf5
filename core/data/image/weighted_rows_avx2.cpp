// Compiled with -mavx2 (CMakeLists.txt); reached only through chooseAddWeightedRows().
#include "core/data/image/weighted_rows.h"

namespace lapidary::image::detail {

void addWeightedRowsAvx2(const std::uint8_t* rows, std::ptrdiff_t stride, const std::int32_t* weights, std::int64_t count,
                         std::int64_t lanes, std::int32_t* sums) {
    addWeightedRowsBody(rows, stride, weights, count, lanes, sums);
}

}  // namespace lapidary::image::detail
