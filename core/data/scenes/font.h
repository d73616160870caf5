// Our own letters: bold, condensed, capitals and digits only, as lines of even thickness.
#pragma once

#include <vector>

#include "core/data/scenes/canvas.h"

namespace lapidary::scenes {

// Lines of a character's skeleton on a grid of 4 x 8, (0, 0) at its upper left.  A-Z and 0-9; none for anything else.
std::vector<Segment> glyphLines(char character);

inline constexpr double kGlyphGridWidth = 4.0;
inline constexpr double kGlyphGridHeight = 8.0;
// Half of a line's thickness, as a share of the height of capitals.
inline constexpr double kStrokeRadius = 0.088;

}  // namespace lapidary::scenes
