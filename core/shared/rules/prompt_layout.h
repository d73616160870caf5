// What stands in a prompt for a picture and its crops (specification 5.4).
//   no crops   FULL = "\n\n" <start_of_image> soft tokens <end_of_image> "\n\n"
//   n crops    "Here is the original image " FULL " and here are some crops to help you see better " FULL (" " FULL)*(n-1)
// The "\n\n" are ordinary text: they are tokenised together with the text around the picture, so that runs of newlines fuse.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::rules {

constexpr std::string_view kStartOfImage = "<start_of_image>";
constexpr std::string_view kEndOfImage = "<end_of_image>";
constexpr std::string_view kImageSoftToken = "<image_soft_token>";

struct LayoutPiece {
    enum class Kind : std::uint8_t {
        Text,       // ordinary text, to be tokenised with its neighbours
        Markup,     // one special token
        SoftTokens  // the places of one view's features
    };
    Kind kind = Kind::Text;
    std::string text;              // Text, Markup
    std::int64_t softTokens = 0;   // SoftTokens: how many
    bool operator==(const LayoutPiece&) const = default;
};

// The pieces of one picture with `numCrops` >= 0 crops; one SoftTokens piece a view, the whole picture first.
std::vector<LayoutPiece> imageLayout(std::int64_t numCrops, std::int64_t tokensPerImage);

// The pieces as one string, each soft token spelled out.
std::string layoutText(std::span<const LayoutPiece> pieces);

// Replaces each <start_of_image> of `prompt` by its picture's layout, in order.  `numCrops`: one entry a picture.
// Errors: InvalidData where the numbers of markers and pictures differ.
Result<std::string> expandPrompt(std::string_view prompt, std::span<const std::int64_t> numCrops, std::int64_t tokensPerImage);

// The prompt of pictures without any text: markers joined by single spaces.
std::string promptOfImages(std::int64_t images);

}  // namespace lapidary::rules
