// Specification 5.3, the reference's arithmetic in double precision: floor(ratio + 0.5), then the bounds, in its order.
#include "core/shared/rules/pan_and_scan.h"

#include <algorithm>
#include <cmath>

namespace lapidary::rules {
namespace {

// Crops along the longer side; 0 where the picture is not long enough.
std::int64_t cropCount(std::int64_t longSide, std::int64_t shortSide, const PanAndScanSettings& settings) {
    const double ratio = static_cast<double>(longSide) / static_cast<double>(shortSide);
    if (ratio < settings.minRatioToActivate) return 0;
    const auto rounded = static_cast<std::int64_t>(std::floor(std::min(ratio, 1e15) + 0.5));  // in range of an integer
    const std::int64_t fitting = longSide / std::max<std::int64_t>(settings.minCropSize, 1);
    const std::int64_t wanted = std::max<std::int64_t>(2, std::min(fitting, rounded));
    return std::min(settings.maxNumCrops, wanted);
}

std::int64_t dividedUp(std::int64_t value, std::int64_t divisor) { return value / divisor + (value % divisor != 0 ? 1 : 0); }

}  // namespace

std::vector<CropBox> panAndScanCrops(std::int64_t width, std::int64_t height, const PanAndScanSettings& settings) {
    if (width < 1 || height < 1) return {};
    const bool wide = width >= height;
    const std::int64_t count = wide ? cropCount(width, height, settings) : cropCount(height, width, settings);
    if (count < 1) return {};
    const std::int64_t cropWidth = wide ? dividedUp(width, count) : width;
    const std::int64_t cropHeight = wide ? height : dividedUp(height, count);
    if (std::min(cropWidth, cropHeight) < settings.minCropSize) return {};
    std::vector<CropBox> crops;
    // With tiny crops (own settings) the last ones may begin behind the border: 5 pixels in 4 crops of 2.  Those are left out.
    const std::int64_t border = wide ? width : height;
    const std::int64_t size = wide ? cropWidth : cropHeight;
    for (std::int64_t begin = 0;; begin += size) {
        const std::int64_t end = begin > border - size ? border : begin + size;
        crops.push_back(wide ? CropBox{begin, 0, end, height} : CropBox{0, begin, width, end});
        if (end == border) return crops;
    }
}

}  // namespace lapidary::rules
