#include "core/data/image/image_processor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/data/image/pillow_resize.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace lapidary;
using image::CropMode;
using image::ImageProcessor;
using image::ImageProcessorSettings;
using image::Picture;
using image::View;
using rules::CropBox;

Picture gradient(std::int64_t width, std::int64_t height) {
    Picture picture;
    picture.width = width;
    picture.height = height;
    for (std::int64_t y = 0; y < height; ++y) {
        for (std::int64_t x = 0; x < width; ++x) {
            picture.rgb.push_back(static_cast<std::uint8_t>(x * 7));
            picture.rgb.push_back(static_cast<std::uint8_t>(y * 5));
            picture.rgb.push_back(static_cast<std::uint8_t>(x + y));
        }
    }
    return picture;
}

ImageProcessor processorOf(std::int64_t size) {
    ImageProcessorSettings settings;
    settings.size = size;
    return *ImageProcessor::create(settings);
}

TEST(ImageProcessor, BoxesOfEveryVector) {
    const auto vectors = nlohmann::json::parse(test::goldenText("pan-and-scan-vectors.json"));
    ASSERT_EQ(vectors.at("cases").size(), 36U);
    const ImageProcessor processor = processorOf(896);
    for (const auto& entry : vectors.at("cases")) {
        const auto width = entry.at("width").get<std::int64_t>();
        const auto height = entry.at("height").get<std::int64_t>();
        std::vector<CropBox> expected{{0, 0, width, height}};
        for (const auto& box : entry.at("boxes_ltrb")) expected.push_back({box.at(0), box.at(1), box.at(2), box.at(3)});
        EXPECT_EQ(*processor.boxes(width, height, {CropMode::PanAndScan, {}, {}}), expected) << width << " x " << height;
        EXPECT_EQ(processor.boxes(width, height, {})->size(), 1U) << "pan & scan is off unless asked for";
    }
}

TEST(ImageProcessor, ViewsAreTheWholeThenTheCropsResized) {
    const Picture picture = gradient(100, 40);
    const ImageProcessor processor = processorOf(16);
    const std::vector<CropBox> boxes{{10, 5, 60, 40}, {99, 39, 100, 40}};
    const auto views = processor.views(picture, {CropMode::Given, {}, boxes});
    ASSERT_TRUE(views) << views.error().toString();
    ASSERT_EQ(views->size(), 3U);
    EXPECT_TRUE(views->at(0).whole);
    EXPECT_EQ(views->at(0).rgb, image::pillowResizeBilinear(picture.rgb, 100, 40, 16, 16));
    EXPECT_FALSE(views->at(1).whole);
    EXPECT_EQ(views->at(1).box, boxes[0]);
    std::vector<std::uint8_t> cut;
    for (std::int64_t y = 5; y < 40; ++y) {
        const auto row = picture.rgb.begin() + (y * 100 + 10) * 3;
        cut.insert(cut.end(), row, row + 50 * 3);
    }
    EXPECT_EQ(views->at(1).rgb, image::pillowResizeBilinear(cut, 50, 35, 16, 16));
    EXPECT_EQ(views->at(1).sha256, image::sha256Hex(views->at(1).rgb));
    EXPECT_EQ(views->at(2).rgb[0], picture.rgb[picture.rgb.size() - 3]) << "a crop of the last pixel";
}

TEST(ImageProcessor, OwnCropsMustLieInside) {
    const ImageProcessor processor = processorOf(16);
    const std::vector<CropBox> bad{{-1, 0, 10, 10}, {0, -1, 10, 10}, {0, 0, 101, 10}, {0, 0, 10, 41},
                                   {5, 0, 5, 10},   {0, 7, 10, 7},   {9, 0, 3, 10},   {0, 9, 10, 3}};
    for (const CropBox& box : bad) {
        const auto boxes = processor.boxes(100, 40, {CropMode::Given, {}, {{0, 0, 1, 1}, box}});
        ASSERT_FALSE(boxes);
        EXPECT_EQ(boxes.error().code, ErrorCode::InvalidData);
        EXPECT_NE(boxes.error().message.find("crop 2"), std::string::npos) << boxes.error().toString();
    }
    EXPECT_TRUE(processor.boxes(100, 40, {CropMode::Given, {}, {{0, 0, 100, 40}}}));
    EXPECT_FALSE(processor.boxes(100, 40, {CropMode::Given, {}, std::vector<CropBox>(65, {0, 0, 1, 1})}))
        << "each crop costs a pass of the tower";
}

TEST(ImageProcessor, LimitsThatMeanNothingAreRefused) {
    const ImageProcessor processor = processorOf(16);
    for (const rules::PanAndScanSettings& limits : {rules::PanAndScanSettings{0, 4, 1.2},
                                                    {256, 0, 1.2},
                                                    {-5, 4, 1.2},
                                                    {256, 4, std::nan("")},
                                                    {256, 4, -1.0},
                                                    {1, 100000, 1.2}}) {
        EXPECT_FALSE(processor.boxes(1000, 100, {CropMode::PanAndScan, limits, {}}));
    }
}

TEST(ImageProcessor, NormalisesChannelFirst) {
    const ImageProcessor processor = processorOf(2);
    View view;
    view.size = 2;
    view.rgb = {0, 127, 255, 128, 1, 2, 3, 4, 5, 6, 7, 8};
    float out[12];
    processor.normalise(view, out);
    for (std::size_t pixel = 0; pixel < 4; ++pixel) {
        for (std::size_t channel = 0; channel < 3; ++channel) {
            const auto level = static_cast<float>(view.rgb[pixel * 3 + channel]);
            EXPECT_EQ(out[channel * 4 + pixel], (level - 127.5F) / 127.5F);
        }
    }
    EXPECT_EQ(out[0], -1.0F);
    EXPECT_EQ(out[8], 1.0F);
    EXPECT_FLOAT_EQ(out[4], -0.00392157F);
}

// Other checkpoints' numbers: against the unfused form, whose two roundings differ by less than 4 of float32's steps.
TEST(ImageProcessor, NormalisesWithOtherMeansAndDeviations) {
    ImageProcessorSettings settings;
    settings.size = 1;
    settings.mean = {0.481, 0.457, 0.408};
    settings.standardDeviation = {0.268, 0.261, 0.275};
    const auto processor = ImageProcessor::create(settings);
    for (int level = 0; level < 256; ++level) {
        View view;
        view.size = 1;
        view.rgb.assign(3, static_cast<std::uint8_t>(level));
        float out[3];
        processor->normalise(view, out);
        for (std::size_t channel = 0; channel < 3; ++channel) {
            const double exact = (level / 255.0 - settings.mean[channel]) / settings.standardDeviation[channel];
            EXPECT_NEAR(out[channel], exact, 4 * 1.2e-7 * 2.2);
        }
    }
}

TEST(ImageProcessor, SettingsThatMeanNothingAreRefused) {
    const auto refused = [](auto change) {
        ImageProcessorSettings settings;
        change(settings);
        return !ImageProcessor::create(settings);
    };
    EXPECT_TRUE(refused([](auto& s) { s.size = 0; }));
    EXPECT_TRUE(refused([](auto& s) { s.size = 1 << 20; }));
    EXPECT_TRUE(refused([](auto& s) { s.rescaleFactor = 0; }));
    EXPECT_TRUE(refused([](auto& s) { s.mean[1] = std::nan(""); }));
    EXPECT_TRUE(refused([](auto& s) { s.standardDeviation[2] = 0; }));
    EXPECT_TRUE(refused([](auto& s) { s.tokensPerView = 0; }));
}

TEST(ImageProcessor, StopsBetweenCrops) {
    std::stop_source source;
    source.request_stop();
    const auto views = processorOf(16).views(gradient(10, 10), {}, source.get_token());
    ASSERT_FALSE(views);
    EXPECT_EQ(views.error().code, ErrorCode::Cancelled);
}

TEST(Crops, BothFormsAndEveryMistake) {
    const std::vector<CropBox> expected{{0, 1, 2, 3}, {4, 5, 6, 7}};
    EXPECT_EQ(*image::parseCrops("[[0,1,2,3],[4,5,6,7]]", "F.json"), expected);
    EXPECT_EQ(*image::parseCrops("{\"crops\": [[0,1,2,3],[4,5,6,7]]}", "F.json"), expected);
    EXPECT_TRUE(image::parseCrops("[]", "F.json")->empty());
    for (const std::string json :
         {"", "{}", "7", "[[1,2,3]]", "[[1,2,3,4,5]]", "[[1,2,3,\"4\"]]", "[[1,2,3,4.5]]", "[[1,2,3,18446744073709551615]]",
          "[7]", "{\"crops\": 7}", "{\"crops\": [], \"boxes\": []}"}) {
        const auto crops = image::parseCrops(json, "F.json");
        ASSERT_FALSE(crops) << json;
        EXPECT_NE(crops.error().toString().find("F.json"), std::string::npos) << crops.error().toString();
    }
    const auto typo = image::parseCrops("{\"crop\": []}", "F.json");
    EXPECT_NE(typo.error().message.find("did you mean 'crops'"), std::string::npos) << typo.error().toString();
}

TEST(PngWriter, ReadsBackAsWritten) {
    const Picture picture = gradient(31, 17);
    const auto png = image::encodePng(picture.rgb, 31, 17);
    ASSERT_TRUE(png);
    const auto back = image::decodePicture(std::as_bytes(std::span(*png)), "png");
    ASSERT_TRUE(back) << back.error().toString();
    EXPECT_EQ(back->rgb, picture.rgb);
}

TEST(PngWriter, ThumbnailsKeepTheShapeAndNeverGrow) {
    const auto sizeOf = [](const Picture& picture, std::int64_t side) {
        const auto png = image::encodeThumbnail(picture, side);
        const auto back = image::decodePicture(std::as_bytes(std::span(*png)), "png");
        return std::pair(back->width, back->height);
    };
    EXPECT_EQ(sizeOf(gradient(100, 40), 50), std::pair(std::int64_t{50}, std::int64_t{20}));
    EXPECT_EQ(sizeOf(gradient(40, 100), 50), std::pair(std::int64_t{20}, std::int64_t{50}));
    EXPECT_EQ(sizeOf(gradient(100, 1), 10), std::pair(std::int64_t{10}, std::int64_t{1}));
    EXPECT_EQ(sizeOf(gradient(30, 20), 50), std::pair(std::int64_t{30}, std::int64_t{20}));
}

TEST(PngWriter, Sha256OfKnownBytes) {
    EXPECT_EQ(image::sha256Hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const std::vector<std::uint8_t> abc{'a', 'b', 'c'};
    EXPECT_EQ(image::sha256Hex(abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
