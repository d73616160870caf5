#include "core/data/image/orientation.h"

#include <cstring>
#include <utility>

#include "core/data/image/byte_reader.h"

namespace lapidary::image::detail {
namespace {

constexpr std::string_view kExifMark{"Exif\0\0", 6};
constexpr std::string_view kJpegXmpMark{"http://ns.adobe.com/xap/1.0/\0", 29};

std::optional<int> valid(std::uint32_t value) {
    if (value < 1 || value > 8) return std::nullopt;
    return static_cast<int>(value);
}

// Tag 0x0112 of the first directory of a TIFF block.  Nothing where the tag is absent; 1 where it holds nonsense.
std::optional<int> orientationOfTiffBlock(std::span<const std::byte> block) {
    const ByteReader mark(block);
    const bool little = mark.startsWith("II");
    if (!little && !mark.startsWith("MM")) return std::nullopt;
    const ByteReader reader(block, little ? ByteOrder::Little : ByteOrder::Big);
    const auto directory = reader.u32(4);
    if (!directory) return std::nullopt;
    const auto count = reader.u16(*directory);
    if (!count) return std::nullopt;
    for (std::uint32_t i = 0; i < *count; ++i) {
        const std::uint64_t entry = std::uint64_t{*directory} + 2 + std::uint64_t{i} * 12;
        const auto tag = reader.u16(entry);
        if (!tag) return std::nullopt;
        if (*tag != 0x0112) continue;
        const bool isShort = reader.u16(entry + 2) == 3U;
        const bool isLong = reader.u16(entry + 2) == 4U;
        if ((!isShort && !isLong) || reader.u32(entry + 4) != 1U) return 1;
        return valid(reader.number(entry + 8, isShort ? 2 : 4).value_or(0)).value_or(1);
    }
    return std::nullopt;
}

// Pillow's expression: tiff:Orientation(="|>)([0-9])
std::optional<int> orientationOfXmp(std::string_view xmp) {
    constexpr std::string_view kKey = "tiff:Orientation";
    for (std::size_t at = xmp.find(kKey); at != std::string_view::npos; at = xmp.find(kKey, at + 1)) {
        std::string_view rest = xmp.substr(at + kKey.size());
        if (rest.starts_with("=\""))
            rest.remove_prefix(2);
        else if (rest.starts_with(">"))
            rest.remove_prefix(1);
        else
            continue;
        if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return valid(static_cast<std::uint32_t>(rest[0] - '0'));
    }
    return std::nullopt;
}

}  // namespace

PictureMetadata metadataOfPng(std::span<const std::byte> file) {
    constexpr std::string_view kXmpKey{"XML:com.adobe.xmp\0", 18};
    const ByteReader reader(file, ByteOrder::Big);
    PictureMetadata metadata;
    std::uint64_t at = 8;
    while (true) {
        const auto length = reader.u32(at);
        if (!length) return metadata;
        const std::string_view kind = reader.text(at + 4, 4);
        if (kind == "eXIf") metadata.exif = reader.part(at + 8, *length);
        // iTXt: keyword 0, compression flag and method, language 0, translated keyword 0, text; a compressed one is left alone.
        if (kind == "iTXt" && reader.startsWith(kXmpKey, at + 8) && reader.u8(at + 8 + kXmpKey.size()) == 0U) {
            metadata.xmp = reader.text(at + 8, *length);
        }
        if (kind == "IEND" || kind.empty()) return metadata;
        at += std::uint64_t{*length} + 12;
    }
}

PictureMetadata metadataOfJpeg(std::span<const std::byte> file) {
    const ByteReader reader(file, ByteOrder::Big);
    PictureMetadata metadata;
    std::uint64_t at = 2;
    while (reader.u8(at) == 0xFFU) {
        const std::uint32_t marker = reader.u8(at + 1).value_or(0xD9);
        if (marker == 0xFF) {  // fill byte
            ++at;
            continue;
        }
        if (marker == 0xDA || marker == 0xD9) break;  // the scan begins, or the file ends
        if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
            at += 2;
            continue;
        }
        const auto length = reader.u16(at + 2);
        if (!length || *length < 2) break;
        const std::uint64_t body = at + 4;
        const std::uint64_t bodyLength = *length - 2;
        if (marker == 0xE1 && metadata.exif.empty() && reader.startsWith(kExifMark, body)) {
            metadata.exif = reader.part(body, bodyLength);
        }
        if (marker == 0xE1 && metadata.xmp.empty() && reader.startsWith(kJpegXmpMark, body)) {
            metadata.xmp = reader.text(body, bodyLength);
        }
        at += 2 + std::uint64_t{*length};
    }
    return metadata;
}

PictureMetadata metadataOfWebp(std::span<const std::byte> file) {
    const ByteReader reader(file);
    PictureMetadata metadata;
    std::uint64_t at = 12;
    while (true) {
        const auto length = reader.u32(at + 4);
        if (!length) return metadata;
        const std::string_view kind = reader.text(at, 4);
        if (kind == "EXIF") metadata.exif = reader.part(at + 8, *length);
        if (kind == "XMP ") metadata.xmp = reader.text(at + 8, *length);
        at += 8 + std::uint64_t{*length} + (*length & 1U);
    }
}

int orientationOf(const PictureMetadata& metadata) {
    std::span<const std::byte> block = metadata.exif;
    while (ByteReader(block).startsWith(kExifMark)) block = block.subspan(kExifMark.size());
    if (const auto found = orientationOfTiffBlock(block)) return *found;
    return orientationOfXmp(metadata.xmp).value_or(1);
}

void applyOrientation(Picture& picture) {
    const int orientation = picture.exifOrientation;
    if (orientation <= 1 || orientation > 8) return;
    const bool transposed = orientation >= 5;
    // Where the upright pixel (x, y) lies in the stored picture: mirrored sideways, mirrored top to bottom, after a transpose.
    const bool fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const std::int64_t width = picture.width;
    const std::int64_t height = picture.height;
    const std::int64_t outWidth = transposed ? height : width;
    const std::int64_t outHeight = transposed ? width : height;
    std::vector<std::uint8_t> upright(picture.rgb.size());
    std::uint8_t* to = upright.data();
    for (std::int64_t y = 0; y < outHeight; ++y) {
        for (std::int64_t x = 0; x < outWidth; ++x, to += 3) {
            const std::int64_t column = transposed ? y : x;
            const std::int64_t row = transposed ? x : y;
            const std::int64_t sourceX = fromRight ? width - 1 - column : column;
            const std::int64_t sourceY = fromBottom ? height - 1 - row : row;
            std::memcpy(to, picture.rgb.data() + (sourceY * width + sourceX) * 3, 3);
        }
    }
    picture.rgb = std::move(upright);
    picture.width = outWidth;
    picture.height = outHeight;
}

}  // namespace lapidary::image::detail
