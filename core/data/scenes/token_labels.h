// What each soft token of a view ought to know: labels for the tower's warm-up, where a linear head for each row of this table
// reads the pooled tower output (16 tokens of 28 x 28 view pixels).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/data/scenes/scene.h"
#include "core/shared/rules/pan_and_scan.h"

namespace lapidary::scenes {

inline constexpr int kTokensPerView = kTokensPerSide * kTokensPerSide;
inline constexpr std::int8_t kNoTokenLabel = -1;  // nothing (certain) to say: no loss there

enum class TokenHead : std::uint8_t {
    Object,   // 0 no part of an object lies in the token, 1 an object that the next three describe
    Colour,   // kColourNames
    Shape,    // kShapeNames
    Size,     // kSizeNames
    Plate,    // kPlateNames, of the sign whose characters lie in the token
    Letters,  // 0 to 4: characters whose middle lies in the token
    Char1,    // the first of them from the left: 0-22 kLetters, 23-32 digits
    Char2,
    Char3,
    Char4,
    Start,   // 0 to 3: place in its string of the first of them
    Row,     // 0 to 3, of the token
    Column,  // 0 to 3
};
inline constexpr std::size_t kTokenHeadCount = 13;
inline constexpr std::array<std::string_view, kTokenHeadCount> kTokenHeadNames{
    "object", "colour", "shape", "size", "plate", "letters", "char1", "char2", "char3", "char4", "start", "row", "column"};
inline constexpr std::array<int, kTokenHeadCount> kTokenHeadClasses{2, 7, 6, 2, 4, 5, 33, 33, 33, 33, 4, 4, 4};

// [head][token], tokens in reading order; a class or kNoTokenLabel.
using TokenLabels = std::array<std::array<std::int8_t, kTokensPerView>, kTokenHeadCount>;

// Labels of the view of `box` (pixels of the scene's picture).  An object belongs to a token that holds a fifth or more of it and
// at least twice as much of it as of any other; a character to the one that holds its middle.  Print of less than
// five view pixels a letter is not labelled, and the count is left open there.
TokenLabels tokenLabels(const Scene& scene, const rules::CropBox& box);

// 0-32, or kNoTokenLabel for what no sign has.
std::int8_t characterClass(char character);

}  // namespace lapidary::scenes
