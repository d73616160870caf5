// Pillow's bilinear resize of 8-bit pictures, byte for byte (specification 5.2; Pillow, src/libImaging/Resample.c).
// Shrinking is antialiased (the triangle widens with the scale); cv::resize and torchvision differ.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lapidary::image {

// pixels: [height, width, 3].  Returns [outHeight, outWidth, 3].  All sizes >= 1 (our own callers' duty).
// Horizontal pass first, then vertical; each rounds to 8 bit; a pass whose size does not change is skipped.
std::vector<std::uint8_t> pillowResizeBilinear(std::span<const std::uint8_t> pixels, std::int64_t width, std::int64_t height,
                                               std::int64_t outWidth, std::int64_t outHeight);

}  // namespace lapidary::image
