// EXIF orientation (EXIF 2.32, tag 0x0112): found in the file, then applied to the pixels, as Pillow's exif_transpose does:
// the EXIF block first; where it does not say, the XMP packet's tiff:Orientation.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "core/data/image/image_reader.h"

namespace lapidary::image::detail {

// What a container carries about its picture; either may be empty.
struct PictureMetadata {
    std::span<const std::byte> exif;  // with or without the leading "Exif\0\0"
    std::string_view xmp;
};

PictureMetadata metadataOfPng(std::span<const std::byte> file);
PictureMetadata metadataOfJpeg(std::span<const std::byte> file);
PictureMetadata metadataOfWebp(std::span<const std::byte> file);

// 1…8; 1 where nothing (or nonsense) is said.
int orientationOf(const PictureMetadata& metadata);

// Turns the pixels so that the picture stands upright, and swaps width and height where needed.
void applyOrientation(Picture& picture);

}  // namespace lapidary::image::detail
