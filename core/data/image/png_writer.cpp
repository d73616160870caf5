// PNG files of views and thumbnails.  OpenCV's bytes are BGR, ours RGB.
#include <algorithm>
#include <opencv2/core/mat.hpp>
#include <opencv2/imgcodecs.hpp>

#include "core/data/image/image_processor.h"
#include "core/data/image/pillow_resize.h"

namespace lapidary::image {

Result<std::string> encodePng(std::span<const std::uint8_t> rgb, std::int64_t width, std::int64_t height) {
    if (width < 1 || height < 1 || rgb.size() != static_cast<std::size_t>(width * height * 3)) {
        return Error{ErrorCode::Internal, "PNG: the pixels do not fit the size", ""};
    }
    cv::Mat bgr(static_cast<int>(height), static_cast<int>(width), CV_8UC3);
    for (std::int64_t row = 0; row < height; ++row) {
        const std::uint8_t* from = rgb.data() + row * width * 3;
        std::uint8_t* to = bgr.ptr(static_cast<int>(row));
        for (std::int64_t x = 0; x < width; ++x, from += 3, to += 3) {
            to[0] = from[2];
            to[1] = from[1];
            to[2] = from[0];
        }
    }
    std::vector<unsigned char> png;
    if (!cv::imencode(".png", bgr, png)) return Error{ErrorCode::Internal, "OpenCV cannot write a PNG", ""};
    return std::string(png.begin(), png.end());
}

Result<std::string> encodeThumbnail(const Picture& picture, std::int64_t maxSide) {
    if (maxSide < 1) return Error{ErrorCode::Usage, "a thumbnail needs a side of at least one pixel", ""};
    const std::int64_t longer = std::max(picture.width, picture.height);
    if (longer <= maxSide) return encodePng(picture.rgb, picture.width, picture.height);
    const std::int64_t width = std::max<std::int64_t>(1, picture.width * maxSide / longer);
    const std::int64_t height = std::max<std::int64_t>(1, picture.height * maxSide / longer);
    return encodePng(pillowResizeBilinear(picture.rgb, picture.width, picture.height, width, height), width, height);
}

}  // namespace lapidary::image
