// WebP through libwebp's animation decoder, as Pillow does: the first frame of the canvas, alpha dropped.
#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "core/data/image/orientation.h"
#include "core/data/image/picture_decoders.h"

namespace lapidary::image::detail {

Result<Picture> decodeWebp(const EncodedPicture& encoded) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(encoded.bytes.data());
    WebPBitstreamFeatures features{};
    if (WebPGetFeatures(data, encoded.bytes.size(), &features) != VP8_STATUS_OK) {
        return damaged(encoded, "WebP", "its header cannot be read");
    }
    ASSIGN_OR_RETURN(Picture picture, newPicture(encoded, "WebP", features.width, features.height));

    WebPAnimDecoderOptions options;
    if (WebPAnimDecoderOptionsInit(&options) == 0) return Error{ErrorCode::Internal, "libwebpdemux has another version", ""};
    options.color_mode = MODE_RGBA;
    const WebPData input{data, encoded.bytes.size()};
    const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&input, &options),
                                                                                     &WebPAnimDecoderDelete);
    if (!decoder) return damaged(encoded, "WebP", "the data ends too early or is not valid");
    WebPAnimInfo info{};
    std::uint8_t* rgba = nullptr;
    int timestamp = 0;
    if (WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 || WebPAnimDecoderGetNext(decoder.get(), &rgba, &timestamp) == 0) {
        return damaged(encoded, "WebP", "its first frame cannot be decoded");
    }
    if (info.canvas_width != static_cast<std::uint32_t>(picture.width) ||
        info.canvas_height != static_cast<std::uint32_t>(picture.height)) {
        return damaged(encoded, "WebP", "two headers disagree on its size");
    }
    const std::size_t pixels = picture.rgb.size() / 3;
    for (std::size_t i = 0; i < pixels; ++i) {
        for (std::size_t channel = 0; channel < 3; ++channel) picture.rgb[i * 3 + channel] = rgba[i * 4 + channel];
    }
    picture.exifOrientation = orientationOf(metadataOfWebp(encoded.bytes));
    return picture;
}

}  // namespace lapidary::image::detail
