// From a picture to what the vision tower sees: the whole picture and its crops, each stretched to size x size
// (specification 5.1 c-f, 5.3).  Rectangles come from rules::panAndScanCrops or from the caller.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/image/image_reader.h"
#include "core/shared/base/result.h"
#include "core/shared/rules/pan_and_scan.h"

namespace lapidary::image {

// preprocessor_config.json / processor_config.json as resolved; the defaults are those of the Gemma 3 hub checkpoints
// (4B, 12B, 27B).
struct ImageProcessorSettings {
    std::int64_t size = 896;  // pixels; height = width
    double rescaleFactor = 0.00392156862745098;
    std::array<double, 3> mean{0.5, 0.5, 0.5};
    std::array<double, 3> standardDeviation{0.5, 0.5, 0.5};
    std::int64_t tokensPerView = 256;  // image_seq_length
    bool panAndScanByDefault = false;  // do_pan_and_scan
    rules::PanAndScanSettings panAndScan;
};

enum class CropMode {
    None,        // the whole picture alone
    PanAndScan,  // the crops of specification 5.3
    Given,       // the caller's own rectangles
};

struct ViewSettings {
    CropMode mode = CropMode::None;
    rules::PanAndScanSettings panAndScan;
    std::vector<rules::CropBox> boxes;  // CropMode::Given; pixels of the oriented picture
};

// At most so many own crops for one picture: each costs a pass of the vision tower.
inline constexpr std::size_t kMaxGivenCrops = 64;
// Upper bound of max_num_crops (the reference's slow tests use 448).
inline constexpr std::size_t kMaxPanAndScanCrops = 1024;

struct View {
    rules::CropBox box;   // pixels of the oriented picture
    bool whole = true;    // the whole picture, always the first view
    std::int64_t size = 0;
    std::vector<std::uint8_t> rgb;  // [size, size, 3] after the resize
    std::string sha256;             // of `rgb`, 64 hexadecimal digits: the pixel hash
};

class ImageProcessor {
public:
    // Errors: InvalidData (size outside 1…4096, a deviation or factor that is 0 or not finite).
    static Result<ImageProcessor> create(const ImageProcessorSettings& settings);

    [[nodiscard]] const ImageProcessorSettings& settings() const { return m_settings; }

    // Rectangles of the views in model order: whole picture first, then the crops.
    // Errors: InvalidData (an own crop outside the picture, empty, or too many; limits that are not positive).
    [[nodiscard]] Result<std::vector<rules::CropBox>> boxes(std::int64_t width, std::int64_t height,
                                                            const ViewSettings& views) const;

    // The views, resized and hashed.  Polls `stop` per crop.  Errors: as boxes(), and Cancelled.
    [[nodiscard]] Result<std::vector<View>> views(const Picture& picture, const ViewSettings& views,
                                                  std::stop_token stop = {}) const;

    // out: [3, size, size] float32, channel-first: (u8 - mean') / deviation' in float32 with mean' = mean / rescale_factor
    // (specification 5.1 e, the fused form); for the hub's settings (u8 - 127.5) / 127.5, so 0 → -1 and 255 → 1.
    void normalise(const View& view, float* out) const;

private:
    explicit ImageProcessor(const ImageProcessorSettings& settings) : m_settings(settings) {}

    ImageProcessorSettings m_settings;
};

// --crops F.json: a list of [left, top, right, bottom] (right and bottom exclusive), or {"crops": [...]}.
// Errors: InvalidData naming the entry; unknown keys are refused.
Result<std::vector<rules::CropBox>> parseCrops(std::string_view json, const std::string& source);

// PNG of 8-bit RGB pixels [height, width, 3].
Result<std::string> encodePng(std::span<const std::uint8_t> rgb, std::int64_t width, std::int64_t height);
// The picture scaled (never enlarged) so that its longer side is at most `maxSide`, as PNG bytes: lists and previews.
Result<std::string> encodeThumbnail(const Picture& picture, std::int64_t maxSide);

// Lower-case hexadecimal SHA-256.
std::string sha256Hex(std::span<const std::uint8_t> bytes);

}  // namespace lapidary::image
