#include "core/shared/rules/pan_and_scan.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "core/shared/base/json.h"
#include "tests/support/temp_dir.h"

namespace lapidary::rules {
namespace {

TEST(PanAndScan, VectorsOfTheReference) {
    const Json file = *parseJson(test::goldenText("pan-and-scan-vectors.json"), "vectors");
    ASSERT_EQ(file["cases"].size(), 36U);
    for (const Json& entry : file["cases"]) {
        std::vector<CropBox> expected;
        for (const Json& box : entry["boxes_ltrb"]) {
            expected.push_back({box[0].get<std::int64_t>(), box[1].get<std::int64_t>(), box[2].get<std::int64_t>(),
                                box[3].get<std::int64_t>()});
        }
        EXPECT_EQ(panAndScanCrops(entry["width"].get<std::int64_t>(), entry["height"].get<std::int64_t>()), expected)
            << entry["width"] << " x " << entry["height"];
    }
}

TEST(PanAndScan, ExamplesOfTheSpecification) {
    EXPECT_TRUE(panAndScanCrops(1199, 1000).empty());
    EXPECT_EQ(panAndScanCrops(1200, 1000).size(), 2U) << "exactly the ratio activates";
    EXPECT_EQ(panAndScanCrops(2500, 1000),
              (std::vector<CropBox>{{0, 0, 834, 1000}, {834, 0, 1668, 1000}, {1668, 0, 2500, 1000}}));
    EXPECT_EQ(panAndScanCrops(1000, 3001),
              (std::vector<CropBox>{{0, 0, 1000, 1001}, {0, 1001, 1000, 2002}, {0, 2002, 1000, 3001}}));
    EXPECT_TRUE(panAndScanCrops(308, 256).empty());
    EXPECT_TRUE(panAndScanCrops(255, 1000).empty());
}

TEST(PanAndScan, OwnSettings) {
    // transformers' slow tests: 448 crops at most, 32 pixels at least, ratio 0.3.
    EXPECT_EQ(panAndScanCrops(1000, 1000, {32, 448, 0.3}).size(), 2U);
    EXPECT_EQ(panAndScanCrops(2000, 200, {100, 4, 1.2}).size(), 4U);
    EXPECT_EQ(panAndScanCrops(2000, 1000, {256, 1, 1.2}), (std::vector<CropBox>{{0, 0, 2000, 1000}}));
    EXPECT_TRUE(panAndScanCrops(2000, 1000, {256, 0, 1.2}).empty());
    EXPECT_EQ(panAndScanCrops(5, 1, {1, 4, 1.2}), (std::vector<CropBox>{{0, 0, 2, 1}, {2, 0, 4, 1}, {4, 0, 5, 1}}))
        << "none is empty";
}

// The crops tile the picture: side by side without gap or overlap, from corner to corner.
TEST(PanAndScan, CropsTileThePicture) {
    std::mt19937 random(53);
    int cut = 0;
    for (int round = 0; round < 2000; ++round) {
        const auto width = static_cast<std::int64_t>(1 + random() % 5000);
        const auto height = static_cast<std::int64_t>(1 + random() % 5000);
        const auto crops = panAndScanCrops(width, height);
        if (crops.empty()) continue;
        ++cut;
        ASSERT_LE(crops.size(), 4U);
        const bool wide = width >= height;
        std::int64_t edge = 0;
        for (const CropBox& crop : crops) {
            ASSERT_EQ(wide ? crop.left : crop.top, edge);
            edge = wide ? crop.right : crop.bottom;
            ASSERT_EQ(wide ? crop.top : crop.left, 0);
            ASSERT_EQ(wide ? crop.bottom : crop.right, wide ? height : width);
            ASSERT_LT(wide ? crop.left : crop.top, edge) << "no crop is empty";
        }
        ASSERT_EQ(edge, wide ? width : height) << width << " x " << height;
    }
    EXPECT_GT(cut, 1000);
}

TEST(PanAndScan, ExtremeSizesNeitherOverflowNorHang) {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    EXPECT_TRUE(panAndScanCrops(most, 1).empty());
    EXPECT_TRUE(panAndScanCrops(1, most).empty());
    EXPECT_TRUE(panAndScanCrops(0, 100).empty());
    EXPECT_TRUE(panAndScanCrops(-5, 100).empty());
    const auto crops = panAndScanCrops(most, 256);
    ASSERT_EQ(crops.size(), 4U);
    EXPECT_EQ(crops.back().right, most);
    EXPECT_EQ(panAndScanCrops(most, most - 1).size(), 0U);
}

}  // namespace
}  // namespace lapidary::rules
