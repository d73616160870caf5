#include "core/data/checkpoint/non_finite.h"

#include <cstring>
#include <utility>

namespace lapidary::checkpoint {
namespace {

using kernels::BlockFormat;

struct Counts {
    std::int64_t nan = 0;
    std::int64_t infinite = 0;
};

// A float whose exponent bits are all ones is infinite (no mantissa) or NaN; the test needs no conversion of the value.
template <class Bits>
void countValue(Bits value, Bits exponent, Bits mantissa, Counts& counts) {
    if ((value & exponent) != exponent) return;
    ++((value & mantissa) != 0 ? counts.nan : counts.infinite);
}

template <class Bits>
Counts countPlain(std::span<const std::byte> bytes, Bits exponent, Bits mantissa) {
    Counts counts;
    constexpr std::size_t kPortion = 512;  // copied out, because mapped values may be unaligned
    Bits values[kPortion];
    for (std::size_t at = 0; at + sizeof(Bits) <= bytes.size(); at += sizeof values) {
        const std::size_t count = std::min(sizeof values, bytes.size() - at) / sizeof(Bits);
        std::memcpy(values, bytes.data() + at, count * sizeof(Bits));
        Bits suspicious = 0;
        for (std::size_t i = 0; i < count; ++i) suspicious |= static_cast<Bits>((values[i] & exponent) == exponent ? 1 : 0);
        if (suspicious == 0) continue;
        for (std::size_t i = 0; i < count; ++i) countValue(values[i], exponent, mantissa, counts);
    }
    return counts;
}

constexpr std::uint16_t kHalfExponent = 0x7C00;
constexpr std::uint16_t kHalfMantissa = 0x03FF;

// Where a block's half-precision scales lie (specification 7.6).
std::pair<int, int> scaleOffsets(BlockFormat format) {
    switch (format) {
        case BlockFormat::Q4_1:
        case BlockFormat::Q5_1:
        case BlockFormat::Q4_K:
        case BlockFormat::Q5_K: return {0, 2};
        case BlockFormat::Q2_K: return {80, 82};
        case BlockFormat::Q3_K: return {108, 108};
        case BlockFormat::Q6_K: return {208, 208};
        default: return {0, 0};  // Q4_0, Q5_0, Q8_0
    }
}

Counts countBlocks(BlockFormat format, std::span<const std::byte> bytes) {
    Counts counts;
    const auto size = static_cast<std::size_t>(kernels::blockBytes(format));
    const auto [first, second] = scaleOffsets(format);
    for (std::size_t at = 0; at + size <= bytes.size(); at += size) {
        std::uint16_t scale = 0;
        std::memcpy(&scale, bytes.data() + at + first, sizeof scale);
        std::uint16_t minimum = 0;
        std::memcpy(&minimum, bytes.data() + at + second, sizeof minimum);
        if ((scale & kHalfExponent) != kHalfExponent && (minimum & kHalfExponent) != kHalfExponent) continue;
        const std::uint16_t bad = (scale & kHalfExponent) == kHalfExponent ? scale : minimum;
        countValue<std::uint16_t>(bad, kHalfExponent, kHalfMantissa, counts);
    }
    return counts;
}

Counts countTensor(const StoredTensor& tensor) {
    switch (tensor.format) {
        case BlockFormat::F32: return countPlain<std::uint32_t>(tensor.bytes, 0x7F800000U, 0x007FFFFFU);
        case BlockFormat::F16: return countPlain<std::uint16_t>(tensor.bytes, kHalfExponent, kHalfMantissa);
        case BlockFormat::BF16: return countPlain<std::uint16_t>(tensor.bytes, 0x7F80, 0x007F);
        case BlockFormat::Int8Row:
        case BlockFormat::Int4Group128: return {};  // our own, made from weights that were looked at
        default: return countBlocks(tensor.format, tensor.bytes);
    }
}

}  // namespace

Result<std::vector<NonFiniteTensor>> findNonFinite(const TensorSource& source, std::stop_token stop) {
    std::vector<NonFiniteTensor> found;
    for (const std::string& name : source.names()) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "stopped while looking for NaN and infinity", ""};
        ASSIGN_OR_RETURN(const StoredTensor tensor, source.tensor(name));
        const Counts counts = countTensor(tensor);
        if (counts.nan > 0 || counts.infinite > 0) found.push_back({name, counts.nan, counts.infinite});
    }
    return found;
}

Result<std::vector<std::string>> nonFiniteWarnings(const TensorSource& source, std::stop_token stop) {
    ASSIGN_OR_RETURN(const auto found, findNonFinite(source, std::move(stop)));
    std::vector<std::string> warnings;
    warnings.reserve(found.size());
    for (const NonFiniteTensor& tensor : found) {
        warnings.push_back("weights of '" + tensor.name + "' hold " + std::to_string(tensor.nan) + " NaN and " +
                           std::to_string(tensor.infinite) + " infinite values");
    }
    return warnings;
}

}  // namespace lapidary::checkpoint
