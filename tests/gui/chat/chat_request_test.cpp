#include "gui/chat/chat_request.h"

#include <gtest/gtest.h>

namespace lapidary::gui {
namespace {

using Mode = PictureViews::Mode;

Picture pictureWith(Mode mode) {
    Picture picture;
    picture.path = "/a.png";
    picture.views.mode = mode;
    picture.views.panAndScan.maxNumCrops = 3;
    picture.views.crops = {{1, 2, 3, 4}};
    return picture;
}

TEST(ChatRequest, EveryPictureBringsItsOwnViews) {
    Message message;
    for (const Mode mode : {Mode::Model, Mode::On, Mode::Off, Mode::Own}) message.parts.push_back({pictureWith(mode), {}});
    const auto content = chatRequestOf({&message}, {}, {}).messages.at(0).content;
    EXPECT_FALSE(content[0].views.has_value());
    EXPECT_EQ(content[1].views->panAndScan, true);
    EXPECT_EQ(content[1].views->panAndScanMaxNumCrops, 3);
    EXPECT_EQ(content[2].views->panAndScan, false);
    EXPECT_EQ(content[3].views->crops, (std::vector<rules::CropBox>{{1, 2, 3, 4}}));
}

TEST(ChatRequest, APreviewAsksForTheSameViews) {
    EXPECT_EQ(previewRequestOf(pictureWith(Mode::Model)).views, protocol::ViewSettings());
    EXPECT_EQ(previewRequestOf(pictureWith(Mode::On)).views.panAndScanMaxNumCrops, 3);
    EXPECT_EQ(previewRequestOf(pictureWith(Mode::Off)).views.panAndScan, false);
    EXPECT_EQ(previewRequestOf(pictureWith(Mode::Own)).views.crops->at(0), (std::vector<rules::CropBox>{{1, 2, 3, 4}}));
}

TEST(ChatRequest, AnAddressStaysAnAddress) {
    Picture picture;
    picture.url = "https://example.org/a.png";
    EXPECT_EQ(previewRequestOf(picture).url, "https://example.org/a.png");
    EXPECT_TRUE(previewRequestOf(picture).path.empty());
    Message message;
    message.parts.push_back({picture, {}});
    const auto part = chatRequestOf({&message}, {}, {}).messages.at(0).content.at(0);
    EXPECT_EQ(part.url, "https://example.org/a.png");
    EXPECT_TRUE(part.path.empty());
}

}  // namespace
}  // namespace lapidary::gui
