#include "core/shared/rules/prompt_layout.h"

#include <gtest/gtest.h>

namespace lapidary::rules {
namespace {

const std::string kFullOfTwo = "\n\n<start_of_image><image_soft_token><image_soft_token><end_of_image>\n\n";

TEST(PromptLayout, OnePictureWithoutCrops) {
    const auto pieces = imageLayout(0, 256);
    using Kind = LayoutPiece::Kind;
    EXPECT_EQ(pieces, (std::vector<LayoutPiece>{{Kind::Text, "\n\n", 0},
                                                {Kind::Markup, "<start_of_image>", 0},
                                                {Kind::SoftTokens, "", 256},
                                                {Kind::Markup, "<end_of_image>", 0},
                                                {Kind::Text, "\n\n", 0}}));
    EXPECT_EQ(layoutText(imageLayout(0, 2)), kFullOfTwo);
}

TEST(PromptLayout, CropsFollowThePicture) {
    const std::string start =
        "Here is the original image " + kFullOfTwo + " and here are some crops to help you see better " + kFullOfTwo;
    EXPECT_EQ(layoutText(imageLayout(1, 2)), start);
    EXPECT_EQ(layoutText(imageLayout(3, 2)), start + " " + kFullOfTwo + " " + kFullOfTwo);
}

// Neighbouring texts are one piece: a tokenizer that saw "\n\n" and " " apart would give other ids.
TEST(PromptLayout, NoTwoTextsInARow) {
    for (std::int64_t crops = 0; crops < 5; ++crops) {
        const auto pieces = imageLayout(crops, 4);
        std::int64_t views = 0;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (pieces[i].kind == LayoutPiece::Kind::SoftTokens) ++views;
            const bool textAgain =
                i > 0 && pieces[i].kind == LayoutPiece::Kind::Text && pieces[i - 1].kind == LayoutPiece::Kind::Text;
            EXPECT_FALSE(textAgain);
        }
        EXPECT_EQ(views, 1 + crops);
    }
}

TEST(ExpandPrompt, MarkersBecomeLayoutsInOrder) {
    const std::vector<std::int64_t> crops{1, 0};
    const auto expanded = expandPrompt("A<start_of_image>B<start_of_image>C", crops, 2);
    ASSERT_TRUE(expanded);
    EXPECT_EQ(*expanded, "A" + layoutText(imageLayout(1, 2)) + "B" + kFullOfTwo + "C");
    EXPECT_EQ(*expandPrompt("no pictures", {}, 2), "no pictures");
}

TEST(ExpandPrompt, NumbersMustAgree) {
    const std::vector<std::int64_t> two{0, 0};
    EXPECT_EQ(expandPrompt("<start_of_image>", two, 2).error().message,
              "Prompt contained 1 image tokens but received 2 images.");
    EXPECT_FALSE(expandPrompt("<start_of_image>", {}, 2));
}

TEST(PromptOfImages, MarkersJoinedBySpaces) {
    EXPECT_EQ(promptOfImages(0), "");
    EXPECT_EQ(promptOfImages(2), "<start_of_image> <start_of_image>");
}

}  // namespace
}  // namespace lapidary::rules
