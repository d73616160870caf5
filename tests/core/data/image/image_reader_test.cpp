// Against Pillow: every picture of tests/golden/images, byte for byte (make_image_vectors.py).
#include "core/data/image/image_reader.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/data/image/image_processor.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace lapidary;

TEST(ImageReader, EveryPictureAsPillowReadsIt) {
    const auto expected = nlohmann::json::parse(test::goldenText("images/expected.json"));
    ASSERT_EQ(expected.at("pictures").size(), 124U);
    for (const auto& entry : expected.at("pictures")) {
        const auto name = entry.at(0).get<std::string>();
        const auto picture = image::readPicture(test::goldenPath("images/" + name));
        ASSERT_TRUE(picture) << name << ": " << picture.error().toString();
        EXPECT_EQ(picture->width, entry.at(1).get<std::int64_t>()) << name;
        EXPECT_EQ(picture->height, entry.at(2).get<std::int64_t>()) << name;
        EXPECT_EQ(image::sha256Hex(picture->rgb), entry.at(3).get<std::string>()) << name;
    }
}

}  // namespace
