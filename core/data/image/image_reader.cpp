#include "core/data/image/image_reader.h"

#include "core/data/image/file_kind.h"
#include "core/data/image/orientation.h"
#include "core/data/image/picture_decoders.h"
#include "core/shared/base/file.h"

namespace lapidary::image {
namespace detail {

Error damaged(const EncodedPicture& encoded, const std::string& format, const std::string& detail) {
    return Error{ErrorCode::InvalidFile, "'" + encoded.name + "': the " + format + " is damaged or truncated: " + detail, ""};
}

Result<void> checkSize(const EncodedPicture& encoded, std::int64_t width, std::int64_t height) {
    const std::string size = std::to_string(width) + " x " + std::to_string(height);
    if (width < 1 || height < 1) {
        return Error{ErrorCode::InvalidFile, "'" + encoded.name + "': its header gives " + size + " pixels", ""};
    }
    // Sides are compared first, so that the product cannot overflow.
    if (width > kMaxPictureSide || height > kMaxPictureSide || width * height > encoded.maxPixels) {
        return Error{ErrorCode::InvalidFile,
                     "'" + encoded.name + "': its header gives " + size + " pixels; at most " +
                         std::to_string(encoded.maxPixels) + " in all and " + std::to_string(kMaxPictureSide) +
                         " a side are read",
                     ""};
    }
    return {};
}

Result<Picture> newPicture(const EncodedPicture& encoded, const std::string& format, std::int64_t width, std::int64_t height) {
    RETURN_IF_ERROR(checkSize(encoded, width, height));
    Picture picture;
    picture.width = picture.storedWidth = width;
    picture.height = picture.storedHeight = height;
    picture.format = format;
    picture.rgb.resize(static_cast<std::size_t>(width * height * 3));
    return picture;
}

void cmykToRgb(const std::uint8_t* cmyk, std::uint8_t* rgb) {
    const int light = 255 - cmyk[3];
    for (int channel = 0; channel < 3; ++channel) {
        const int product = cmyk[channel] * light + 128;
        const int level = light - (((product >> 8) + product) >> 8);
        rgb[channel] = static_cast<std::uint8_t>(level < 0 ? 0 : level);
    }
}

namespace {

Result<Picture> decodeKind(const EncodedPicture& encoded) {
    switch (sniffKind(encoded.bytes)) {
        case FileKind::Png: return decodePng(encoded);
        case FileKind::Jpeg: return decodeJpeg(encoded);
        case FileKind::Webp: return decodeWebp(encoded);
        case FileKind::Bmp: return decodeBmp(encoded);
        case FileKind::Tiff: return decodeTiff(encoded);
        case FileKind::Gif: return decodeGif(encoded);
        case FileKind::Other: break;
    }
    return Error{
        ErrorCode::Unsupported,
        "'" + encoded.name + "' is " + describeOtherKind(encoded.bytes) + "; Lapidary reads PNG, JPEG, WebP, BMP, TIFF and GIF",
        ""};
}

}  // namespace
}  // namespace detail

Result<Picture> decodePicture(std::span<const std::byte> bytes, const std::string& name, std::int64_t maxPixels) {
    if (bytes.empty()) return Error{ErrorCode::InvalidFile, "'" + name + "' is empty", ""};
    if (bytes.size() > kMaxPictureFileBytes) {
        return Error{ErrorCode::InvalidFile, "'" + name + "' is larger than any picture file that Lapidary reads (1 GiB)", ""};
    }
    ASSIGN_OR_RETURN(Picture picture, detail::decodeKind({bytes, name, maxPixels}));
    detail::applyOrientation(picture);
    return picture;
}

Result<Picture> readPicture(const std::filesystem::path& path, std::int64_t maxPixels) {
    ASSIGN_OR_RETURN(const std::string bytes, readRegularFile(path, kMaxPictureFileBytes));
    return decodePicture(std::as_bytes(std::span(bytes)), path.string(), maxPixels);
}

}  // namespace lapidary::image
