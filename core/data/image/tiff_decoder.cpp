// TIFF through libtiff itself, sample by sample: OpenCV applies the orientation behind our back and converts CMYK and alpha
// differently from Pillow.  First directory only.
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "core/data/image/orientation.h"
#include "core/data/image/picture_decoders.h"

namespace lapidary::image::detail {
namespace {

// Compressed tiles are unpacked whole; real ones are 128 to 1024 pixels a side.
constexpr tmsize_t kMaxTileBytes = tmsize_t{256} << 20;

struct Input {
    std::span<const std::byte> bytes;
    std::uint64_t at = 0;
    std::string problem;
};

tmsize_t readInput(thandle_t handle, void* target, tmsize_t count) {
    auto& input = *static_cast<Input*>(handle);
    if (count < 0 || input.at >= input.bytes.size()) return 0;
    const std::size_t available = input.bytes.size() - static_cast<std::size_t>(input.at);
    const std::size_t wanted = std::min(static_cast<std::size_t>(count), available);
    std::memcpy(target, input.bytes.data() + input.at, wanted);
    input.at += wanted;
    return static_cast<tmsize_t>(wanted);
}

tmsize_t refuseWrite(thandle_t /*handle*/, void* /*source*/, tmsize_t /*count*/) { return 0; }

toff_t seekInput(thandle_t handle, toff_t offset, int whence) {
    auto& input = *static_cast<Input*>(handle);
    if (whence == SEEK_SET) input.at = offset;
    if (whence == SEEK_CUR) input.at += offset;
    if (whence == SEEK_END) input.at = input.bytes.size() + offset;
    return input.at;
}

int closeInput(thandle_t /*handle*/) { return 0; }

toff_t sizeOfInput(thandle_t handle) { return static_cast<Input*>(handle)->bytes.size(); }

int keepError(TIFF* /*tiff*/, void* data, const char* /*module*/, const char* format, va_list arguments) {
    char text[256];
    std::vsnprintf(text, sizeof text, format, arguments);
    auto& problem = *static_cast<std::string*>(data);
    if (problem.empty()) problem = text;
    return 1;  // handled: nothing is printed
}

int dropWarning(TIFF* /*tiff*/, void* /*data*/, const char* /*module*/, const char* /*format*/, va_list /*arguments*/) {
    return 1;
}

using TiffHandle = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

TiffHandle openTiff(Input& input) {
    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    TIFFOpenOptionsSetErrorHandlerExtR(options, keepError, &input.problem);
    TIFFOpenOptionsSetWarningHandlerExtR(options, dropWarning, nullptr);
    // "m": no memory mapping, all reads through our functions.
    TIFF* tiff = TIFFClientOpenExt("picture", "rm", &input, readInput, refuseWrite, seekInput, closeInput, sizeOfInput, nullptr,
                                   nullptr, options);
    TIFFOpenOptionsFree(options);
    return {tiff, &TIFFClose};
}

struct Layout {
    std::int64_t width = 0;
    std::int64_t height = 0;
    int bits = 1;
    int samples = 1;  // a pixel
    int colours = 1;  // of them, without alpha
    std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
    bool planar = false;
    bool premultiplied = false;
};

std::uint16_t shortField(TIFF* tiff, std::uint32_t tag, std::uint16_t otherwise) {
    std::uint16_t value = otherwise;
    return TIFFGetFieldDefaulted(tiff, tag, &value) == 1 ? value : otherwise;
}

Error unsupported(const EncodedPicture& encoded, const std::string& what) {
    return Error{ErrorCode::Unsupported, "'" + encoded.name + "' is a TIFF with " + what + ", which Lapidary does not read",
                 ""};
}

Result<Layout> readLayout(TIFF* tiff, const EncodedPicture& encoded) {
    Layout layout;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    RETURN_IF_ERROR(checkSize(encoded, width, height));
    layout.width = width;
    layout.height = height;
    layout.bits = shortField(tiff, TIFFTAG_BITSPERSAMPLE, 1);
    layout.samples = shortField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    layout.planar = shortField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
    if (TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric) != 1)
        return damaged(encoded, "TIFF", "its colour kind is missing");

    if (layout.photometric == PHOTOMETRIC_YCBCR) {
        if (shortField(tiff, TIFFTAG_COMPRESSION, 0) != COMPRESSION_JPEG)
            return unsupported(encoded, "YCbCr pixels outside JPEG");
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        layout.photometric = PHOTOMETRIC_RGB;
    }
    const bool grey = layout.photometric == PHOTOMETRIC_MINISBLACK || layout.photometric == PHOTOMETRIC_MINISWHITE;
    const bool palette = layout.photometric == PHOTOMETRIC_PALETTE;
    const bool rgb = layout.photometric == PHOTOMETRIC_RGB;
    if (!grey && !palette && !rgb && layout.photometric != PHOTOMETRIC_SEPARATED) {
        return unsupported(encoded, "colours of kind " + std::to_string(layout.photometric));
    }
    layout.colours = rgb ? 3 : (grey || palette ? 1 : 4);
    const bool small = layout.bits == 1 || layout.bits == 2 || layout.bits == 4;
    const bool bitsFit = layout.bits == 8 || (layout.bits == 16 && !palette) || (small && layout.samples == 1);
    if (!bitsFit || shortField(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT) != SAMPLEFORMAT_UINT) {
        return unsupported(encoded, std::to_string(layout.bits) + "-bit samples of format " +
                                        std::to_string(shortField(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT)));
    }
    if (layout.samples < layout.colours || layout.samples > layout.colours + 2) {
        return unsupported(encoded, std::to_string(layout.samples) + " samples a pixel");
    }
    std::uint16_t extras = 0;
    std::uint16_t* kinds = nullptr;
    if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extras, &kinds) == 1 && extras > 0 && kinds != nullptr) {
        layout.premultiplied = rgb && layout.bits == 8 && kinds[0] == EXTRASAMPLE_ASSOCALPHA;
    }
    return layout;
}

// One sample reduced to 8 bits: 16-bit grey clips at 255 (Pillow's I;16), other 16-bit samples lose their low byte, small grey
// samples are spread over 0…255, palette indices stay.
std::uint8_t sampleAt(const std::uint8_t* row, std::int64_t index, const Layout& layout) {
    if (layout.bits == 8) return row[index];
    if (layout.bits == 16) {
        std::uint16_t value = 0;  // libtiff has swapped it to this machine's order
        std::memcpy(&value, row + index * 2, 2);
        if (layout.colours == 1 && layout.samples == 1) return static_cast<std::uint8_t>(std::min<int>(value, 255));
        return static_cast<std::uint8_t>(value >> 8);
    }
    const std::int64_t bit = index * layout.bits;
    const int top = (1 << layout.bits) - 1;
    const int value = (row[bit / 8] >> (8 - layout.bits - bit % 8)) & top;
    return static_cast<std::uint8_t>(layout.photometric == PHOTOMETRIC_PALETTE ? value : value * 255 / top);
}

// Copies `count` pixels' samples of a row, packed or one plane, into samples: [width, samples].
void takeRow(const std::uint8_t* row, std::int64_t count, const Layout& layout, int plane, std::uint8_t* samples) {
    if (!layout.planar) {
        for (std::int64_t i = 0; i < count * layout.samples; ++i) samples[i] = sampleAt(row, i, layout);
        return;
    }
    for (std::int64_t x = 0; x < count; ++x) samples[x * layout.samples + plane] = sampleAt(row, x, layout);
}

bool readStripped(TIFF* tiff, const Layout& layout, std::uint8_t* samples) {
    const tmsize_t rowBytes = TIFFScanlineSize(tiff);
    const std::int64_t inRow = layout.width * (layout.planar ? 1 : layout.samples);
    if (rowBytes <= 0 || rowBytes < (inRow * layout.bits + 7) / 8) return false;
    std::vector<std::uint8_t> row(static_cast<std::size_t>(rowBytes));
    const int planes = layout.planar ? layout.samples : 1;
    for (int plane = 0; plane < planes; ++plane) {
        for (std::int64_t y = 0; y < layout.height; ++y) {
            if (TIFFReadScanline(tiff, row.data(), static_cast<std::uint32_t>(y), static_cast<std::uint16_t>(plane)) != 1)
                return false;
            takeRow(row.data(), layout.width, layout, plane, samples + y * layout.width * layout.samples);
        }
    }
    return true;
}

bool readTiled(TIFF* tiff, const Layout& layout, std::uint8_t* samples) {
    std::uint32_t tileWidth = 0;
    std::uint32_t tileHeight = 0;
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tileWidth);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tileHeight);
    const tmsize_t tileBytes = TIFFTileSize(tiff);
    const tmsize_t rowBytes = TIFFTileRowSize(tiff);
    if (tileWidth == 0 || tileHeight == 0 || tileBytes <= 0 || tileBytes > kMaxTileBytes || rowBytes <= 0) return false;
    const std::int64_t inRow = std::int64_t{tileWidth} * (layout.planar ? 1 : layout.samples);
    if (rowBytes < (inRow * layout.bits + 7) / 8 || tileBytes / rowBytes < static_cast<tmsize_t>(tileHeight)) return false;
    std::vector<std::uint8_t> tile(static_cast<std::size_t>(tileBytes));
    const int planes = layout.planar ? layout.samples : 1;
    for (int plane = 0; plane < planes; ++plane) {
        for (std::int64_t top = 0; top < layout.height; top += tileHeight) {
            for (std::int64_t left = 0; left < layout.width; left += tileWidth) {
                if (TIFFReadTile(tiff, tile.data(), static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(top), 0,
                                 static_cast<std::uint16_t>(plane)) < 0) {
                    return false;
                }
                const std::int64_t rows = std::min<std::int64_t>(tileHeight, layout.height - top);
                const std::int64_t columns = std::min<std::int64_t>(tileWidth, layout.width - left);
                for (std::int64_t y = 0; y < rows; ++y) {
                    takeRow(tile.data() + y * rowBytes, columns, layout, plane,
                            samples + ((top + y) * layout.width + left) * layout.samples);
                }
            }
        }
    }
    return true;
}

// Pillow's unpacking of premultiplied colours (Unpack.c, unpackRGBa).
std::uint8_t unpremultiplied(int colour, int alpha) {
    if (alpha == 255) return static_cast<std::uint8_t>(colour);
    return static_cast<std::uint8_t>(alpha == 0 ? 0 : std::min(255, 255 * colour / alpha));
}

class PixelConverter {
public:
    PixelConverter(TIFF* tiff, const Layout& layout) : m_layout(layout) {
        if (layout.photometric != PHOTOMETRIC_PALETTE) return;
        std::uint16_t* maps[3] = {nullptr, nullptr, nullptr};
        if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &maps[0], &maps[1], &maps[2]) != 1) return;
        const std::size_t count = std::size_t{1} << layout.bits;
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t channel = 0; channel < 3; ++channel) {
                m_palette[i * 3 + channel] = static_cast<std::uint8_t>(maps[channel][i] >> 8);
            }
        }
        m_hasPalette = true;
    }

    [[nodiscard]] bool usable() const { return m_hasPalette || m_layout.photometric != PHOTOMETRIC_PALETTE; }

    void convert(const std::uint8_t* pixel, std::uint8_t* rgb) const {
        switch (m_layout.photometric) {
            case PHOTOMETRIC_PALETTE: std::copy_n(m_palette.data() + pixel[0] * 3, 3, rgb); return;
            case PHOTOMETRIC_SEPARATED: cmykToRgb(pixel, rgb); return;
            case PHOTOMETRIC_MINISWHITE:  // Pillow turns it round up to 8 bits and forgets to at 16
                std::fill_n(rgb, 3, static_cast<std::uint8_t>(m_layout.bits == 16 ? pixel[0] : 255 - pixel[0]));
                return;
            case PHOTOMETRIC_MINISBLACK: std::fill_n(rgb, 3, pixel[0]); return;
            default: break;
        }
        for (int channel = 0; channel < 3; ++channel) {
            rgb[channel] = m_layout.premultiplied ? unpremultiplied(pixel[channel], pixel[3]) : pixel[channel];
        }
    }

private:
    Layout m_layout;
    std::vector<std::uint8_t> m_palette = std::vector<std::uint8_t>(768);
    bool m_hasPalette = false;
};

int orientationOfTiff(TIFF* tiff) {
    std::uint16_t orientation = 0;
    if (TIFFGetField(tiff, TIFFTAG_ORIENTATION, &orientation) == 1)
        return orientation >= 1 && orientation <= 8 ? orientation : 1;
    std::uint32_t length = 0;
    void* packet = nullptr;
    if (TIFFGetField(tiff, TIFFTAG_XMLPACKET, &length, &packet) != 1 || packet == nullptr) return 1;
    return orientationOf({{}, {static_cast<const char*>(packet), length}});
}

}  // namespace

Result<Picture> decodeTiff(const EncodedPicture& encoded) {
    Input input{encoded.bytes, 0, {}};
    const TiffHandle tiff = openTiff(input);
    if (!tiff) return damaged(encoded, "TIFF", input.problem);
    ASSIGN_OR_RETURN(const Layout layout, readLayout(tiff.get(), encoded));
    const PixelConverter converter(tiff.get(), layout);
    if (!converter.usable()) return damaged(encoded, "TIFF", "its palette is missing");
    ASSIGN_OR_RETURN(Picture picture, newPicture(encoded, "TIFF", layout.width, layout.height));

    const std::size_t pixels = picture.rgb.size() / 3;
    std::vector<std::uint8_t> samples(pixels * static_cast<std::size_t>(layout.samples));
    const bool read = TIFFIsTiled(tiff.get()) != 0 ? readTiled(tiff.get(), layout, samples.data())
                                                   : readStripped(tiff.get(), layout, samples.data());
    if (!read) return damaged(encoded, "TIFF", input.problem.empty() ? "its pixels do not fit its header" : input.problem);
    for (std::size_t i = 0; i < pixels; ++i) {
        converter.convert(samples.data() + i * static_cast<std::size_t>(layout.samples), picture.rgb.data() + i * 3);
    }
    picture.exifOrientation = orientationOfTiff(tiff.get());
    return picture;
}

}  // namespace lapidary::image::detail
