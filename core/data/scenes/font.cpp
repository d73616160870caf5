#include "core/data/scenes/font.h"

#include <array>
#include <string_view>

namespace lapidary::scenes {
namespace {

// Lines separated by ";", their points as "xy" with x 0-4 and y 0-8.
constexpr std::array<std::string_view, 26> kCapitals{
    "08 20 48;15 35",                     // A
    "00 08 38 47 45 34 04;34 43 41 30 00",  // B
    "41 30 10 01 07 18 38 47",            // C
    "00 08 28 46 42 20 00",               // D
    "40 00 08 48;04 34",                  // E
    "40 00 08;04 34",                     // F
    "41 30 10 01 07 18 38 47 44 24",      // G
    "00 08;40 48;04 44",                  // H
    "20 28",                              // I
    "40 47 38 18 07 06",                  // J
    "00 08;40 04;13 48",                  // K
    "00 08 48",                           // L
    "08 00 24 40 48",                     // M
    "08 00 48 40",                        // N
    "10 01 07 18 38 47 41 30 10",         // O
    "08 00 30 41 43 34 04",               // P
    "10 01 07 18 38 47 41 30 10;26 48",   // Q
    "08 00 30 41 43 34 04;24 48",         // R
    "41 30 10 01 03 14 34 45 47 38 18 07",  // S
    "00 40;20 28",                        // T
    "00 07 18 38 47 40",                  // U
    "00 28 40",                           // V
    "00 18 23 38 40",                     // W
    "00 48;40 08",                        // X
    "00 24 40;24 28",                     // Y
    "00 40 08 48",                        // Z
};
constexpr std::array<std::string_view, 10> kDigitLines{
    "10 01 07 18 38 47 41 30 10",                            // 0
    "02 20 28;08 48",                                        // 1
    "01 10 30 41 43 08 48",                                  // 2
    "01 10 30 41 43 34 45 47 38 18 07;34 24",                // 3
    "38 30 05 45",                                           // 4
    "40 00 03 33 44 47 38 18 07",                            // 5
    "41 30 10 01 07 18 38 47 45 34 14 05",                   // 6
    "00 40 18",                                              // 7
    "10 01 03 14 34 45 47 38 18 07 05 14;34 43 41 30 10",    // 8
    "07 18 38 47 41 30 10 01 03 14 34 43",                   // 9
};

std::string_view linesOf(char character) {
    if (character >= 'A' && character <= 'Z') return kCapitals[static_cast<std::size_t>(character - 'A')];
    if (character >= '0' && character <= '9') return kDigitLines[static_cast<std::size_t>(character - '0')];
    return {};
}

}  // namespace

std::vector<Segment> glyphLines(char character) {
    std::vector<Segment> segments;
    const std::string_view lines = linesOf(character);
    for (std::size_t at = 0; at + 1 < lines.size(); at += 3) {
        const Point point{static_cast<double>(lines[at] - '0'), static_cast<double>(lines[at + 1] - '0')};
        const bool continues = at > 0 && lines[at - 1] == ' ';
        if (continues) segments.back().to = point;
        const bool goesOn = at + 2 < lines.size() && lines[at + 2] == ' ';
        if (goesOn) segments.push_back({point, point});
    }
    return segments;
}

}  // namespace lapidary::scenes
