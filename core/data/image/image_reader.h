// A stranger's picture file as 8-bit RGB, byte for byte what Pillow's exif_transpose(…).convert("RGB") gives
// (specification 5.1 a, b).  The kind of file is sniffed from its bytes, never from its name; the header's dimensions are
// checked before a pixel is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::image {

// Pictures of more pixels are refused before decoding.  Twice Pillow's MAX_IMAGE_PIXELS (where it raises
// DecompressionBombError): 2 * (1024^3 / 4 / 3) pixels, 512 MB of RGB.
inline constexpr std::int64_t kMaxPicturePixels = 178'956'970;
// Longer sides are refused too (libpng's own default): a picture of one column would make the resize run for minutes.
inline constexpr std::int64_t kMaxPictureSide = 1'000'000;
// Encoded files above this are not pictures that we read.
inline constexpr std::uint64_t kMaxPictureFileBytes = std::uint64_t{1} << 30;

struct Picture {
    std::int64_t width = 0;   // pixels, after the orientation was applied
    std::int64_t height = 0;
    std::vector<std::uint8_t> rgb;  // [height, width, 3]

    std::string format;        // "PNG", "JPEG", "WebP", "BMP", "TIFF", "GIF"; empty where the pixels were made, not read
    int exifOrientation = 1;   // 1…8 as stored in the file; already applied to the pixels above
    std::int64_t storedWidth = 0;   // pixels as stored in the file, before the orientation
    std::int64_t storedHeight = 0;
};

// `name` stands for the picture in messages.
// Errors: InvalidFile (empty, truncated, damaged, over the pixel cap), Unsupported (SVG, HEIC, PDF, …: the message says what
// the file is).
Result<Picture> decodePicture(std::span<const std::byte> bytes, const std::string& name,
                              std::int64_t maxPixels = kMaxPicturePixels);

// The same from a file.  Errors: also NotFound, Io.
Result<Picture> readPicture(const std::filesystem::path& path, std::int64_t maxPixels = kMaxPicturePixels);

}  // namespace lapidary::image
