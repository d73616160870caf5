// What a file is, from its first bytes; its name is never asked (Fault21).
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace lapidary::image::detail {

enum class FileKind { Png, Jpeg, Webp, Bmp, Tiff, Gif, Other };

FileKind sniffKind(std::span<const std::byte> bytes);

// "an SVG drawing", "a HEIC picture", "a PDF document", …; "a file of an unknown kind" for the rest.
std::string describeOtherKind(std::span<const std::byte> bytes);

}  // namespace lapidary::image::detail
