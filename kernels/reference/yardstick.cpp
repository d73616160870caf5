#include "kernels/reference/reference.h"

namespace lapidary::kernels::reference {

float readMemory(const std::uint64_t* at, std::int64_t words) {
    std::uint64_t sums[8] = {};
    std::int64_t i = 0;
    for (; i + 8 <= words; i += 8) {
        for (int k = 0; k < 8; ++k) sums[k] += at[i + k];
    }
    std::uint64_t total = 0;
    for (const std::uint64_t sum : sums) total += sum;
    return static_cast<float>(total);
}

double multiplyAdds(std::int64_t rounds, float* result) {
    float sums[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (std::int64_t i = 0; i < rounds; ++i) {
        for (float& sum : sums) sum = sum * 0.999F + 0.5F;
    }
    for (const float sum : sums) *result += sum;
    return 16.0 * static_cast<double>(rounds);
}

}  // namespace lapidary::kernels::reference
