// A scene as a plan: what stands where, in pixels of the picture that it will be drawn into.
//
// NOTE [Cells]: a square picture has 3 x 3 cells.  A wide one of k squares has 3k x 3, a tall one 3 x 3k, so that every crop of
// pan & scan is again 3 x 3 cells: an object has one cell, a sign two neighbours inside one crop, and nothing crosses a crop's edge.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared/rules/pan_and_scan.h"

namespace lapidary::scenes {

enum class Shape : std::uint8_t { Circle, Square, Triangle, Star, Cross, Ring };
enum class Colour : std::uint8_t { Red, Green, Blue, Yellow, Orange, Purple, Black };
enum class Size : std::uint8_t { Small, Large };
enum class Plate : std::uint8_t { White, Pink, Cyan, Lime };

inline constexpr std::array<std::string_view, 6> kShapeNames{"circle", "square", "triangle", "star", "cross", "ring"};
inline constexpr std::array<std::string_view, 6> kShapePlurals{"circles", "squares", "triangles", "stars", "crosses", "rings"};
inline constexpr std::array<std::string_view, 7> kColourNames{"red", "green", "blue", "yellow", "orange", "purple", "black"};
inline constexpr std::array<std::string_view, 2> kSizeNames{"small", "large"};
inline constexpr std::array<std::string_view, 4> kPlateNames{"white", "pink", "cyan", "lime"};

template <class Enum>
constexpr std::size_t indexOf(Enum value) {
    return static_cast<std::size_t>(value);
}
constexpr std::string_view nameOf(Shape shape) { return kShapeNames[indexOf(shape)]; }
constexpr std::string_view nameOf(Colour colour) { return kColourNames[indexOf(colour)]; }
constexpr std::string_view nameOf(Size size) { return kSizeNames[indexOf(size)]; }
constexpr std::string_view nameOf(Plate plate) { return kPlateNames[indexOf(plate)]; }

struct Rgb {
    std::uint8_t red = 0;
    std::uint8_t green = 0;
    std::uint8_t blue = 0;
};

struct SceneObject {
    Shape shape = Shape::Circle;
    Colour colour = Colour::Red;
    Size size = Size::Large;
    int column = 0;  // cell
    int row = 0;
    double x = 0.0;  // centre, pixels
    double y = 0.0;
    double radius = 0.0;  // of the circle around it, pixels
    Rgb rgb;  // as drawn: the colour with a little variation
};

struct Sign {
    std::string text;  // capitals only, or digits only
    Plate plate = Plate::White;
    int column = 0;  // the left one of its two cells
    int row = 0;
    double left = 0.0;  // the plate, pixels
    double top = 0.0;
    double right = 0.0;
    double bottom = 0.0;
    double textLeft = 0.0;  // character i fills [textLeft + i * advance, … + glyphWidth] x [textTop, textTop + capHeight]
    double textTop = 0.0;
    double glyphWidth = 0.0;
    double advance = 0.0;
    double capHeight = 0.0;

    [[nodiscard]] bool isNumber() const { return !text.empty() && text.front() >= '0' && text.front() <= '9'; }
    [[nodiscard]] double centreOf(std::size_t character) const {
        return textLeft + static_cast<double>(character) * advance + 0.5 * glyphWidth;
    }
};

enum class Form : std::uint8_t { Square, Wide, Tall };

struct Scene {
    Form form = Form::Square;
    int squares = 1;  // k: how many square crops lie beside (or below) each other
    std::int64_t width = 0;
    std::int64_t height = 0;
    Rgb background;
    std::vector<SceneObject> objects;
    std::vector<Sign> signs;

    // NOTE [Small print]: print must be legible in a crop and not in the squeezed whole picture.  Wide pictures of three or four squares
    // leave a letter 2 to 3 view pixels of breadth there; in tall ones, and in two squares, a person can still read it.
    [[nodiscard]] bool mayHaveSigns() const { return form == Form::Square || (form == Form::Wide && squares > 2); }
    [[nodiscard]] int columns() const { return form == Form::Wide ? 3 * squares : 3; }
    [[nodiscard]] int rows() const { return form == Form::Tall ? 3 * squares : 3; }
    [[nodiscard]] double cellWidth() const { return static_cast<double>(width) / columns(); }
    [[nodiscard]] double cellHeight() const { return static_cast<double>(height) / rows(); }
};

// Pan & scan as the demo model's preprocessor_config.json has it: crops from a short side of 224 on (the hub's 256 would switch
// them off), and none in squares.
inline constexpr rules::PanAndScanSettings kPanAndScan{128, 4, 1.2};
// Side of a view and soft tokens along it.
inline constexpr std::int64_t kViewSize = 112;
inline constexpr int kTokensPerSide = 4;

}  // namespace lapidary::scenes
