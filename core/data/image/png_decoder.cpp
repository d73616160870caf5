// PNG through libpng itself: called by OpenCV it prints its complaints on standard error.  It hands over the samples as stored;
// what they become is decided here, as Pillow's convert("RGB").
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/data/image/byte_reader.h"
#include "core/data/image/orientation.h"
#include "core/data/image/picture_decoders.h"

namespace lapidary::image::detail {
namespace {

// libpng reports an error by a call that may not return: we leave by longjmp, so between setjmp and it no C++ object with a
// destructor may live in these functions.
struct Session {
    png_structp png = nullptr;
    png_infop info = nullptr;
    int passes = 1;  // 7 of an interlaced picture
    std::span<const std::byte> left;
    std::jmp_buf leave{};
    char message[256] = {};
};

[[noreturn]] void onError(png_structp png, const char* text) {
    Session& session = *static_cast<Session*>(png_get_error_ptr(png));
    std::snprintf(session.message, sizeof session.message, "%s", text);
    std::longjmp(session.leave, 1);
}

void onWarning(png_structp /*png*/, const char* /*text*/) {}

void onRead(png_structp png, png_bytep target, std::size_t count) {
    Session& session = *static_cast<Session*>(png_get_io_ptr(png));
    if (count > session.left.size()) png_error(png, "the data ends too early");
    std::memcpy(target, session.left.data(), count);
    session.left = session.left.subspan(count);
}

bool readHeader(Session& session) {
    if (setjmp(session.leave) != 0) return false;
    session.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, onError, onWarning);
    if (session.png != nullptr) session.info = png_create_info_struct(session.png);
    if (session.info == nullptr) {
        std::snprintf(session.message, sizeof session.message, "libpng cannot be used");
        return false;
    }
    png_set_read_fn(session.png, &session, onRead);
    png_read_info(session.png, session.info);
    // Each for its own kind alone: both would turn a colour that is named transparent into alpha, which is not asked for.
    const int kind = png_get_color_type(session.png, session.info);
    if (kind == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(session.png);
    if (kind == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(session.png);
    session.passes = png_set_interlace_handling(session.png);
    png_read_update_info(session.png, session.info);
    return true;
}

// samples: [height, rowBytes]
bool readPixels(Session& session, std::uint8_t* samples, std::size_t rowBytes, std::size_t height) {
    if (setjmp(session.leave) != 0) return false;
    for (int pass = 0; pass < session.passes; ++pass) {
        for (std::size_t y = 0; y < height; ++y) png_read_row(session.png, samples + y * rowBytes, nullptr);
    }
    png_read_end(session.png, nullptr);
    return true;
}

// A row [width, channels] as stored, the high byte of 16-bit samples first → rgb [width, 3].
// 16-bit grey is clipped at 255 (Pillow's mode I;16), other 16-bit samples lose their low byte, alpha is dropped.
void convertRow(const std::uint8_t* row, std::int64_t width, int channels, int sampleBytes, std::uint8_t* rgb) {
    const bool deepGrey = channels == 1 && sampleBytes == 2;
    for (std::int64_t x = 0; x < width; ++x, row += channels * sampleBytes, rgb += 3) {
        for (int channel = 0; channel < 3; ++channel) {
            const std::uint8_t level = row[channels < 3 ? 0 : channel * sampleBytes];
            rgb[channel] = !deepGrey ? level : level != 0 ? std::uint8_t{255} : row[1];
        }
    }
}

Result<Picture> decodeWith(Session& session, const EncodedPicture& encoded) {
    if (!readHeader(session)) return damaged(encoded, "PNG", session.message);
    ASSIGN_OR_RETURN(Picture picture, newPicture(encoded, "PNG", png_get_image_width(session.png, session.info),
                                                 png_get_image_height(session.png, session.info)));
    const std::size_t rowBytes = png_get_rowbytes(session.png, session.info);
    const auto height = static_cast<std::size_t>(picture.height);
    std::vector<std::uint8_t> samples(rowBytes * height);
    if (!readPixels(session, samples.data(), rowBytes, height)) return damaged(encoded, "PNG", session.message);
    const int channels = png_get_channels(session.png, session.info);
    const int sampleBytes = png_get_bit_depth(session.png, session.info) / 8;
    for (std::size_t y = 0; y < height; ++y) {
        convertRow(samples.data() + y * rowBytes, picture.width, channels, sampleBytes,
                   picture.rgb.data() + y * static_cast<std::size_t>(picture.width) * 3);
    }
    picture.exifOrientation = orientationOf(metadataOfPng(encoded.bytes));
    return picture;
}

}  // namespace

Result<Picture> decodePng(const EncodedPicture& encoded) {
    const ByteReader reader(encoded.bytes, ByteOrder::Big);
    const auto width = reader.u32(16);
    const auto height = reader.u32(20);
    if (!width || !height || !reader.startsWith("IHDR", 12)) return damaged(encoded, "PNG", "it has no header chunk");
    RETURN_IF_ERROR(checkSize(encoded, *width, *height));  // libpng's limits are others
    Session session;
    session.left = encoded.bytes;
    auto picture = decodeWith(session, encoded);
    png_destroy_read_struct(&session.png, &session.info, nullptr);
    return picture;
}

}  // namespace lapidary::image::detail
