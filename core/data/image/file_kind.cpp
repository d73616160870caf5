#include "core/data/image/file_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "core/data/image/byte_reader.h"

namespace lapidary::image::detail {
namespace {

struct Magic {
    std::size_t offset;
    std::string_view bytes;
    const char* description;
};

using namespace std::string_view_literals;  // NOLINT: for the ""sv suffix, which keeps embedded zeros

constexpr std::array kOthers{
    Magic{0, "%PDF"sv, "a PDF document"},
    Magic{0, "%!PS"sv, "a PostScript document"},
    Magic{0, "8BPS"sv, "a Photoshop document"},
    Magic{0, "\x00\x00\x01\x00"sv, "a Windows icon"},
    Magic{0, "\xFF\x0A"sv, "a JPEG XL picture"},
    Magic{0, "\x00\x00\x00\x0CJXL "sv, "a JPEG XL picture"},
    Magic{0, "\x00\x00\x00\x0CjP  "sv, "a JPEG 2000 picture"},
    Magic{0, "\xFF\x4F\xFF\x51"sv, "a JPEG 2000 picture"},
    Magic{0, "\x76\x2F\x31\x01"sv, "an OpenEXR picture"},
    Magic{0, "#?RADIANCE"sv, "a Radiance picture"},
    Magic{0, "PK\x03\x04"sv, "a ZIP archive"},
    Magic{0, "\x1F\x8B"sv, "a gzip archive"},
    Magic{0,
          "\x7F"
          "ELF"sv,
          "a program"},
    Magic{0, "\x1A\x45\xDF\xA3"sv, "a Matroska or WebM video"},
    Magic{0, "version https://git-lfs"sv, "a Git LFS pointer (the picture itself was not downloaded)"},
};

struct Brand {
    std::string_view name;
    const char* description;
};

// Major brands of ISO base media files (ISO/IEC 23008-12, AV1 image file format).
constexpr std::array kBrands{
    Brand{"avif"sv, "an AVIF picture"}, Brand{"avis"sv, "an AVIF picture"}, Brand{"heic"sv, "a HEIC picture"},
    Brand{"heix"sv, "a HEIC picture"},  Brand{"hevc"sv, "a HEIC picture"},  Brand{"heim"sv, "a HEIC picture"},
    Brand{"mif1"sv, "a HEIF picture"},  Brand{"msf1"sv, "a HEIF picture"},
};

bool looksLikeSvg(std::string_view start) {
    std::string lower(start);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t first = lower.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    return first != std::string::npos && lower[first] == '<' && lower.find("<svg") != std::string::npos;
}

bool looksLikeText(std::string_view start) {
    return !start.empty() &&
           std::none_of(start.begin(), start.end(), [](unsigned char c) { return c < 9 || (c > 13 && c < 32) || c == 127; });
}

}  // namespace

FileKind sniffKind(std::span<const std::byte> bytes) {
    const ByteReader reader(bytes);
    if (reader.startsWith("\x89PNG\r\n\x1A\n"sv)) return FileKind::Png;
    if (reader.startsWith("\xFF\xD8\xFF"sv)) return FileKind::Jpeg;
    if (reader.startsWith("RIFF"sv) && reader.startsWith("WEBP"sv, 8)) return FileKind::Webp;
    if (reader.startsWith("GIF87a"sv) || reader.startsWith("GIF89a"sv)) return FileKind::Gif;
    // "BM" alone begins many texts; a bitmap also names the size of its next header there.
    if (reader.startsWith("BM"sv) && reader.u32(14).value_or(0) >= 12 && reader.u32(14).value_or(0) <= 256)
        return FileKind::Bmp;
    for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}) {
        if (reader.startsWith(magic)) return FileKind::Tiff;
    }
    return FileKind::Other;
}

std::string describeOtherKind(std::span<const std::byte> bytes) {
    const ByteReader reader(bytes);
    for (const Magic& magic : kOthers) {
        if (reader.startsWith(magic.bytes, magic.offset)) return magic.description;
    }
    if (reader.startsWith("ftyp"sv, 4)) {
        for (const Brand& brand : kBrands) {
            if (reader.startsWith(brand.name, 8)) return brand.description;
        }
        return "a video or another ISO media file";
    }
    const std::string_view start = reader.text(0, std::min<std::size_t>(reader.size(), 1024));
    if (looksLikeSvg(start)) return "an SVG drawing";
    if (start.size() > 2 && start[0] == 'P' && start[1] >= '1' && start[1] <= '7' &&
        std::isspace(static_cast<unsigned char>(start[2])) != 0) {
        return "a Netpbm picture";
    }
    if (start.starts_with("<!DOCTYPE html") || start.starts_with("<html")) return "a web page";
    return looksLikeText(start) ? "a text" : "a file of an unknown kind";
}

}  // namespace lapidary::image::detail
