// The decoders behind image_reader.h, one a file kind.  Each reads the size from the header and asks newPicture() before it
// lets its library allocate a pixel; each returns the pixels as stored, with the orientation beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/data/image/image_reader.h"
#include "core/shared/base/result.h"

namespace lapidary::image::detail {

struct EncodedPicture {
    std::span<const std::byte> bytes;
    const std::string& name;  // for messages
    std::int64_t maxPixels;
};

// Errors: InvalidFile where a side is < 1 or > kMaxPictureSide, or the product is over the cap.
Result<void> checkSize(const EncodedPicture& encoded, std::int64_t width, std::int64_t height);
// A black picture of that size.  Errors: as checkSize.
Result<Picture> newPicture(const EncodedPicture& encoded, const std::string& format, std::int64_t width, std::int64_t height);
// "name": the PNG is damaged or truncated (detail)
Error damaged(const EncodedPicture& encoded, const std::string& format, const std::string& detail);

Result<Picture> decodePng(const EncodedPicture& encoded);
Result<Picture> decodeJpeg(const EncodedPicture& encoded);
Result<Picture> decodeWebp(const EncodedPicture& encoded);
Result<Picture> decodeBmp(const EncodedPicture& encoded);
Result<Picture> decodeTiff(const EncodedPicture& encoded);
Result<Picture> decodeGif(const EncodedPicture& encoded);

// One pixel as Pillow's cmyk2rgb (Convert.c) does it, 0 = no ink.
void cmykToRgb(const std::uint8_t* cmyk, std::uint8_t* rgb);

}  // namespace lapidary::image::detail
