// PNG through OpenCV, which hands over the samples as stored; what they become is decided here, as Pillow's convert("RGB").
#include <opencv2/core/mat.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>

#include "core/data/image/byte_reader.h"
#include "core/data/image/orientation.h"
#include "core/data/image/picture_decoders.h"

namespace lapidary::image::detail {
namespace {

// Samples [width, channels] in OpenCV's order (grey; B, G, R; B, G, R, A) → rgb [width, 3].
// 16-bit grey is clipped at 255 (Pillow's mode I;16), 16-bit colour loses its low byte, alpha is dropped.
template <class Sample>
void convertRow(const Sample* row, std::int64_t width, int channels, std::uint8_t* rgb) {
    for (std::int64_t x = 0; x < width; ++x, row += channels, rgb += 3) {
        if (channels == 1) {
            rgb[0] = rgb[1] = rgb[2] = static_cast<std::uint8_t>(std::min<int>(row[0], 255));
            continue;
        }
        for (int channel = 0; channel < 3; ++channel) {
            const int sample = row[2 - channel];
            rgb[channel] = static_cast<std::uint8_t>(sizeof(Sample) == 2 ? sample >> 8 : sample);
        }
    }
}

// The chunks must reach IEND inside the file: OpenCV would give what it got.
bool reachesEnd(const ByteReader& reader) {
    std::uint64_t at = 8;
    while (true) {
        const auto length = reader.u32(at);
        if (!length || reader.part(at + 8, std::uint64_t{*length} + 4).empty()) return false;
        if (reader.startsWith("IEND", at + 4)) return true;
        at += std::uint64_t{*length} + 12;
    }
}

}  // namespace

Result<Picture> decodePng(const EncodedPicture& encoded) {
    const ByteReader reader(encoded.bytes, ByteOrder::Big);
    const auto width = reader.u32(16);
    const auto height = reader.u32(20);
    if (!width || !height || !reader.startsWith("IHDR", 12)) return damaged(encoded, "PNG", "it has no header chunk");
    RETURN_IF_ERROR(checkSize(encoded, *width, *height));
    if (!reachesEnd(reader)) return damaged(encoded, "PNG", "the data ends too early");

    const cv::Mat input(1, static_cast<int>(encoded.bytes.size()), CV_8UC1, const_cast<std::byte*>(encoded.bytes.data()));
    cv::Mat samples;
    try {
        samples = cv::imdecode(input, cv::IMREAD_UNCHANGED | cv::IMREAD_IGNORE_ORIENTATION);
    } catch (const cv::Exception& problem) {
        return damaged(encoded, "PNG", problem.err);
    }
    if (samples.empty()) return damaged(encoded, "PNG", "its pixel data cannot be read");
    ASSIGN_OR_RETURN(Picture picture, newPicture(encoded, "PNG", *width, *height));
    const int channels = samples.channels();
    const bool deep = samples.depth() == CV_16U;
    if (samples.cols != picture.width || samples.rows != picture.height || (!deep && samples.depth() != CV_8U) ||
        channels == 2) {
        return damaged(encoded, "PNG", "its pixels do not fit its header");
    }
    for (int y = 0; y < samples.rows; ++y) {
        std::uint8_t* rgb = picture.rgb.data() + y * picture.width * 3;
        if (deep)
            convertRow(samples.ptr<std::uint16_t>(y), picture.width, channels, rgb);
        else
            convertRow(samples.ptr<std::uint8_t>(y), picture.width, channels, rgb);
    }
    picture.exifOrientation = orientationOf(metadataOfPng(encoded.bytes));
    return picture;
}

}  // namespace lapidary::image::detail
