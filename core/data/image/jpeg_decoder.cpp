// JPEG through libjpeg-turbo itself: OpenCV turns CMYK into RGB by another formula than Pillow.  Default settings (accurate
// integer transform, smooth upsampling) are Pillow's too.
#include <csetjmp>
#include <cstdio>
#include <vector>

// After <cstdio>: the header uses FILE and size_t without including what declares them.
#include <jpeglib.h>

#include "core/data/image/orientation.h"
#include "core/data/image/picture_decoders.h"

namespace lapidary::image::detail {
namespace {

// A progressive file may hold thousands of scans over one picture, each a full pass; real ones have about ten.
constexpr int kMaxScans = 500;

// libjpeg reports an error by a call that may not return: we leave by longjmp, so between setjmp and it no C++ object with a
// destructor may live in these functions.
struct Session {
    jpeg_decompress_struct info{};
    jpeg_error_mgr errors{};
    jpeg_source_mgr source{};
    jpeg_progress_mgr progress{};
    std::jmp_buf leave{};
    char message[JMSG_LENGTH_MAX] = {};
};

Session& sessionOf(j_common_ptr info) { return *static_cast<Session*>(info->client_data); }

[[noreturn]] void fail(Session& session, const char* text) {
    std::snprintf(session.message, sizeof session.message, "%s", text);
    std::longjmp(session.leave, 1);
}

void onError(j_common_ptr info) {
    Session& session = sessionOf(info);
    info->err->format_message(info, session.message);
    std::longjmp(session.leave, 1);
}

void onMessage(j_common_ptr /*info*/) {}

void onProgress(j_common_ptr info) {
    if (info->is_decompressor == 0) return;
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kMaxScans) fail(sessionOf(info), "too many scans");
}

void onStart(j_decompress_ptr /*info*/) {}

boolean onEmpty(j_decompress_ptr info) { fail(sessionOf(reinterpret_cast<j_common_ptr>(info)), "the data ends too early"); }

void onSkip(j_decompress_ptr info, long count) {
    if (count <= 0) return;
    if (static_cast<unsigned long>(count) > info->src->bytes_in_buffer) onEmpty(info);
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= static_cast<std::size_t>(count);
}

void onEnd(j_decompress_ptr /*info*/) {}

void setUp(Session& session, const EncodedPicture& encoded) {
    session.info.err = jpeg_std_error(&session.errors);
    session.errors.error_exit = onError;
    session.errors.output_message = onMessage;
    session.info.client_data = &session;
    jpeg_create_decompress(&session.info);
    session.info.client_data = &session;
    session.progress.progress_monitor = onProgress;
    session.info.progress = &session.progress;
    session.source.init_source = onStart;
    session.source.fill_input_buffer = onEmpty;
    session.source.skip_input_data = onSkip;
    session.source.resync_to_restart = jpeg_resync_to_restart;
    session.source.term_source = onEnd;
    session.source.next_input_byte = reinterpret_cast<const JOCTET*>(encoded.bytes.data());
    session.source.bytes_in_buffer = encoded.bytes.size();
    session.info.src = &session.source;
}

bool readHeader(Session& session, const EncodedPicture& encoded) {
    if (setjmp(session.leave) != 0) return false;
    setUp(session, encoded);
    jpeg_read_header(&session.info, TRUE);
    switch (session.info.num_components) {
        case 1: session.info.out_color_space = JCS_GRAYSCALE; break;
        case 3: session.info.out_color_space = JCS_RGB; break;
        case 4: session.info.out_color_space = JCS_CMYK; break;
        default: fail(session, "only grey, colour and CMYK files are supported");
    }
    return true;
}

// row: [width, components] → rgb: [width, 3]
void convertRow(const std::uint8_t* row, std::int64_t width, int components, std::uint8_t* rgb) {
    for (std::int64_t x = 0; x < width; ++x, row += components, rgb += 3) {
        if (components == 1) {
            rgb[0] = rgb[1] = rgb[2] = row[0];
        } else if (components == 3) {
            rgb[0] = row[0];
            rgb[1] = row[1];
            rgb[2] = row[2];
        } else {
            // Pillow takes every four-channel JPEG as Adobe writes them: inverted.
            std::uint8_t cmyk[4];
            for (int k = 0; k < 4; ++k) cmyk[k] = static_cast<std::uint8_t>(255 - row[k]);
            cmykToRgb(cmyk, rgb);
        }
    }
}

bool readPixels(Session& session, std::uint8_t* row, Picture& picture) {
    if (setjmp(session.leave) != 0) return false;
    jpeg_start_decompress(&session.info);
    while (session.info.output_scanline < session.info.output_height) {
        const std::int64_t y = session.info.output_scanline;
        JSAMPROW rows[1] = {row};
        if (jpeg_read_scanlines(&session.info, rows, 1) != 1) fail(session, "the data ends too early");
        convertRow(row, picture.width, session.info.output_components, picture.rgb.data() + y * picture.width * 3);
    }
    return true;
}

Result<Picture> decodeWith(Session& session, const EncodedPicture& encoded) {
    if (!readHeader(session, encoded)) return damaged(encoded, "JPEG", session.message);
    ASSIGN_OR_RETURN(Picture picture, newPicture(encoded, "JPEG", session.info.image_width, session.info.image_height));
    std::vector<std::uint8_t> row(static_cast<std::size_t>(picture.width) * 4);
    if (!readPixels(session, row.data(), picture)) return damaged(encoded, "JPEG", session.message);
    picture.exifOrientation = orientationOf(metadataOfJpeg(encoded.bytes));
    return picture;
}

}  // namespace

Result<Picture> decodeJpeg(const EncodedPicture& encoded) {
    Session session;
    auto picture = decodeWith(session, encoded);
    jpeg_destroy_decompress(&session.info);
    return picture;
}

}  // namespace lapidary::image::detail
