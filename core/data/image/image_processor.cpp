#include "core/data/image/image_processor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/data/image/pillow_resize.h"
#include "core/shared/base/json.h"

namespace lapidary::image {
namespace {

using rules::CropBox;

std::string describeBox(const CropBox& box) {
    return "[" + std::to_string(box.left) + ", " + std::to_string(box.top) + ", " + std::to_string(box.right) + ", " +
           std::to_string(box.bottom) + "]";
}

// [height of the box, width of the box, 3]
std::vector<std::uint8_t> cut(const Picture& picture, const CropBox& box) {
    const auto rowBytes = static_cast<std::size_t>((box.right - box.left) * 3);
    std::vector<std::uint8_t> pixels(rowBytes * static_cast<std::size_t>(box.bottom - box.top));
    for (std::int64_t row = box.top; row < box.bottom; ++row) {
        const std::uint8_t* source = picture.rgb.data() + (row * picture.width + box.left) * 3;
        std::memcpy(pixels.data() + static_cast<std::size_t>(row - box.top) * rowBytes, source, rowBytes);
    }
    return pixels;
}

Result<void> checkGivenBoxes(const std::vector<CropBox>& boxes, std::int64_t width, std::int64_t height) {
    if (boxes.size() > kMaxGivenCrops) {
        return Error{ErrorCode::InvalidData,
                     std::to_string(boxes.size()) + " crops for one picture; at most " + std::to_string(kMaxGivenCrops) +
                         " are accepted",
                     ""};
    }
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const CropBox& box = boxes[i];
        const bool inside = box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height;
        if (inside && box.left < box.right && box.top < box.bottom) continue;
        return Error{ErrorCode::InvalidData,
                     "crop " + std::to_string(i + 1) + " is " + describeBox(box) +
                         "; expected left < right and top < bottom inside the picture of " + std::to_string(width) + " x " +
                         std::to_string(height) + " pixels",
                     ""};
    }
    return {};
}

Result<void> checkLimits(const rules::PanAndScanSettings& limits) {
    if (limits.minCropSize >= 1 && limits.maxNumCrops >= 1 &&
        static_cast<std::uint64_t>(limits.maxNumCrops) <= kMaxPanAndScanCrops && std::isfinite(limits.minRatioToActivate) &&
        limits.minRatioToActivate >= 0.0) {
        return {};
    }
    return Error{ErrorCode::InvalidData,
                 "pan & scan: expected a minimum crop size of at least 1, 1 to " + std::to_string(kMaxPanAndScanCrops) +
                     " crops and a ratio of at least 0; found " + std::to_string(limits.minCropSize) + ", " +
                     std::to_string(limits.maxNumCrops) + " and " + std::to_string(limits.minRatioToActivate),
                 ""};
}

Result<CropBox> parseBox(const Json& value, const std::string& where) {
    const auto bad = [&](const Json& found) {
        return Error{ErrorCode::InvalidData,
                     "expected [left, top, right, bottom] in whole pixels, found " + describeJson(found), where};
    };
    if (!value.is_array() || value.size() != 4) return bad(value);
    std::array<std::int64_t, 4> edges{};
    for (std::size_t i = 0; i < 4; ++i) {
        const Json& edge = value[i];
        const bool fits = edge.is_number_integer() && !(edge.is_number_unsigned() && edge.get<std::uint64_t>() > INT64_MAX);
        if (!fits) return bad(edge);
        edges[i] = edge.get<std::int64_t>();
    }
    return CropBox{edges[0], edges[1], edges[2], edges[3]};
}

}  // namespace

Result<ImageProcessor> ImageProcessor::create(const ImageProcessorSettings& settings) {
    const auto bad = [](const std::string& what) { return Error{ErrorCode::InvalidData, what, "image processor settings"}; };
    if (settings.size < 1 || settings.size > 4096) {
        return bad("size: expected 1 to 4096 pixels, found " + std::to_string(settings.size));
    }
    if (!std::isfinite(settings.rescaleFactor) || settings.rescaleFactor <= 0.0)
        return bad("rescale_factor: expected a positive number");
    if (settings.tokensPerView < 1)
        return bad("image_seq_length: expected at least 1, found " + std::to_string(settings.tokensPerView));
    for (std::size_t channel = 0; channel < 3; ++channel) {
        if (!std::isfinite(settings.mean[channel])) return bad("image_mean: expected three finite numbers");
        const double deviation = settings.standardDeviation[channel];
        if (!std::isfinite(deviation) || deviation == 0.0) return bad("image_std: expected three finite numbers other than 0");
    }
    return ImageProcessor(settings);
}

Result<std::vector<CropBox>> ImageProcessor::boxes(std::int64_t width, std::int64_t height, const ViewSettings& views) const {
    if (width < 1 || height < 1) return Error{ErrorCode::InvalidData, "a picture without pixels", ""};
    std::vector<CropBox> result{{0, 0, width, height}};
    if (views.mode == CropMode::PanAndScan) {
        RETURN_IF_ERROR(checkLimits(views.panAndScan));
        const std::vector<CropBox> crops = rules::panAndScanCrops(width, height, views.panAndScan);
        result.insert(result.end(), crops.begin(), crops.end());
    }
    if (views.mode == CropMode::Given) {
        RETURN_IF_ERROR(checkGivenBoxes(views.boxes, width, height));
        result.insert(result.end(), views.boxes.begin(), views.boxes.end());
    }
    return result;
}

Result<std::vector<View>> ImageProcessor::views(const Picture& picture, const ViewSettings& views, std::stop_token stop) const {
    ASSIGN_OR_RETURN(const std::vector<CropBox> rectangles, boxes(picture.width, picture.height, views));
    std::vector<View> result;
    for (const CropBox& box : rectangles) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "stopped while resizing a picture", ""};
        View view;
        view.box = box;
        view.whole = result.empty();
        view.size = m_settings.size;
        const std::int64_t width = box.right - box.left;
        const std::int64_t height = box.bottom - box.top;
        view.rgb = view.whole ? pillowResizeBilinear(picture.rgb, width, height, view.size, view.size)
                              : pillowResizeBilinear(cut(picture, box), width, height, view.size, view.size);
        view.sha256 = sha256Hex(view.rgb);
        result.push_back(std::move(view));
    }
    return result;
}

void ImageProcessor::normalise(const View& view, float* out) const {
    const auto pixels = static_cast<std::size_t>(view.size * view.size);
    for (std::size_t channel = 0; channel < 3; ++channel) {
        // transformers fuses rescaling into mean and deviation, in float32 (image_processing_utils_fast.py).
        const auto perLevel = static_cast<float>(1.0 / m_settings.rescaleFactor);
        const float mean = static_cast<float>(m_settings.mean[channel]) * perLevel;
        const float deviation = static_cast<float>(m_settings.standardDeviation[channel]) * perLevel;
        std::array<float, 256> levels{};
        for (std::size_t level = 0; level < 256; ++level) levels[level] = (static_cast<float>(level) - mean) / deviation;
        float* plane = out + channel * pixels;
        for (std::size_t i = 0; i < pixels; ++i) plane[i] = levels[view.rgb[i * 3 + channel]];
    }
}

Result<std::vector<CropBox>> parseCrops(std::string_view json, const std::string& source) {
    ASSIGN_OR_RETURN(const Json document, parseJson(json, source));
    const Json* list = &document;
    if (document.is_object()) {
        RETURN_IF_ERROR(refuseUnknownKeys(document, {"crops"}, source));
        if (!document.contains("crops")) return Error{ErrorCode::InvalidData, "the key 'crops' is missing", source};
        list = &document.at("crops");
    }
    if (!list->is_array()) {
        return Error{ErrorCode::InvalidData, "expected a list of [left, top, right, bottom], found " + describeJson(*list),
                     source};
    }
    if (list->size() > kMaxGivenCrops) {
        return Error{ErrorCode::InvalidData,
                     std::to_string(list->size()) + " crops; at most " + std::to_string(kMaxGivenCrops) + " are accepted",
                     source};
    }
    std::vector<CropBox> boxes;
    for (const Json& entry : *list) {
        ASSIGN_OR_RETURN(const CropBox box, parseBox(entry, source + ": crop " + std::to_string(boxes.size() + 1)));
        boxes.push_back(box);
    }
    return boxes;
}

}  // namespace lapidary::image
