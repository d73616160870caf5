// The first frame of a GIF, through giflib, laid on the screen as Pillow lays it (GifImagePlugin.py).
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "core/data/image/picture_decoders.h"

namespace lapidary::image::detail {
namespace {

struct Input {
    std::span<const std::byte> bytes;
    std::size_t at = 0;
};

int readInput(GifFileType* gif, GifByteType* target, int count) {
    auto& input = *static_cast<Input*>(gif->UserData);
    const std::size_t wanted = std::min(static_cast<std::size_t>(count), input.bytes.size() - input.at);
    std::memcpy(target, input.bytes.data() + input.at, wanted);
    input.at += wanted;
    return static_cast<int>(wanted);
}

void closeGif(GifFileType* gif) {
    int ignored = 0;
    DGifCloseFile(gif, &ignored);
}

// The transparent colour of a graphic control extension, or `present`.
int transparentColour(const GifByteType* extension, int present) {
    GraphicsControlBlock control{};
    if (DGifExtensionToGCB(extension[0], extension + 1, &control) != GIF_OK) return present;
    return control.TransparentColor;
}

// Reads on to the first frame's descriptor.  Returns its transparent colour (-1: none), or nothing where there is no frame.
std::optional<int> findFirstFrame(GifFileType* gif) {
    int transparent = -1;
    while (true) {
        GifRecordType record = UNDEFINED_RECORD_TYPE;
        if (DGifGetRecordType(gif, &record) != GIF_OK || record == TERMINATE_RECORD_TYPE) return std::nullopt;
        if (record == IMAGE_DESC_RECORD_TYPE) {
            if (DGifGetImageDesc(gif) != GIF_OK) return std::nullopt;
            return transparent;
        }
        if (record != EXTENSION_RECORD_TYPE) continue;
        int code = 0;
        GifByteType* extension = nullptr;
        if (DGifGetExtension(gif, &code, &extension) != GIF_OK) return std::nullopt;
        while (extension != nullptr) {
            if (code == GRAPHICS_EXT_FUNC_CODE) transparent = transparentColour(extension, transparent);
            if (DGifGetExtensionNext(gif, &extension) != GIF_OK) return std::nullopt;
        }
    }
}

// Rows of an interlaced picture in the order in which they are stored (GIF89a, appendix E).
std::vector<int> rowOrder(int height, bool interlaced) {
    std::vector<int> rows;
    if (!interlaced) {
        for (int y = 0; y < height; ++y) rows.push_back(y);
        return rows;
    }
    constexpr int kPasses[4][2] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
    for (const auto& [start, step] : kPasses) {
        for (int y = start; y < height; y += step) rows.push_back(y);
    }
    return rows;
}

void writePixel(const ColorMapObject* colours, int index, std::uint8_t* rgb) {
    if (colours == nullptr) {  // without a palette Pillow shows the indices as grey
        rgb[0] = rgb[1] = rgb[2] = static_cast<std::uint8_t>(index);
    } else if (index < colours->ColorCount) {
        const GifColorType& colour = colours->Colors[index];
        rgb[0] = colour.Red;
        rgb[1] = colour.Green;
        rgb[2] = colour.Blue;
    } else {
        rgb[0] = rgb[1] = rgb[2] = 0;
    }
}

}  // namespace

Result<Picture> decodeGif(const EncodedPicture& encoded) {
    Input input{encoded.bytes};
    int reason = 0;
    const std::unique_ptr<GifFileType, decltype(&closeGif)> gif(DGifOpen(&input, readInput, &reason), &closeGif);
    if (!gif) return damaged(encoded, "GIF", "its header cannot be read");
    const auto transparent = findFirstFrame(gif.get());
    if (!transparent) return damaged(encoded, "GIF", "it holds no complete frame");

    const GifImageDesc& frame = gif->Image;
    RETURN_IF_ERROR(checkSize(encoded, frame.Width, frame.Height));
    // A frame that leaves the screen makes the picture larger.
    ASSIGN_OR_RETURN(Picture picture, newPicture(encoded, "GIF", std::max(gif->SWidth, frame.Left + frame.Width),
                                                 std::max(gif->SHeight, frame.Top + frame.Height)));
    const ColorMapObject* colours = frame.ColorMap != nullptr ? frame.ColorMap : gif->SColorMap;
    std::uint8_t around[3];
    writePixel(colours, std::max(*transparent, 0), around);
    for (std::size_t i = 0; i < picture.rgb.size(); i += 3) std::memcpy(picture.rgb.data() + i, around, 3);

    std::vector<GifPixelType> row(static_cast<std::size_t>(frame.Width));
    for (const int y : rowOrder(frame.Height, frame.Interlace)) {
        if (DGifGetLine(gif.get(), row.data(), frame.Width) != GIF_OK)
            return damaged(encoded, "GIF", "the data ends too early");
        std::uint8_t* rgb = picture.rgb.data() + ((frame.Top + y) * picture.width + frame.Left) * 3;
        for (const GifPixelType index : row) {
            writePixel(colours, index, rgb);
            rgb += 3;
        }
    }
    return picture;
}

}  // namespace lapidary::image::detail
