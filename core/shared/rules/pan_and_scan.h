// Pan & scan: which parts of a picture become extra views (specification 5.3).
#pragma once

#include <cstdint>
#include <vector>

namespace lapidary::rules {

// Pixels of the original picture; right and bottom are exclusive.
struct CropBox {
    std::int64_t left = 0;
    std::int64_t top = 0;
    std::int64_t right = 0;
    std::int64_t bottom = 0;
    bool operator==(const CropBox&) const = default;
};

struct PanAndScanSettings {
    std::int64_t minCropSize = 256;
    std::int64_t maxNumCrops = 4;
    double minRatioToActivate = 1.2;
    bool operator==(const PanAndScanSettings&) const = default;
};

// Crops in reading order, without the whole picture; empty where the rule makes none.  width, height >= 1.
std::vector<CropBox> panAndScanCrops(std::int64_t width, std::int64_t height, const PanAndScanSettings& settings = {});

}  // namespace lapidary::rules
