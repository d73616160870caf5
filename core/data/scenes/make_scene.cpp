#include "core/data/scenes/make_scene.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/data/scenes/words.h"

namespace lapidary::scenes {
namespace {

constexpr int kShortSideLow = 224;  // pixels
constexpr int kShortSideHigh = 288;

constexpr std::array<Rgb, 7> kColours{
    {{214, 40, 40}, {38, 156, 58}, {38, 76, 214}, {242, 206, 28}, {246, 128, 18}, {132, 48, 172}, {28, 26, 28}}};

// Measures of signs in view pixels (112 a square).  A letter takes 0.73 of its height: 7.3 to 8.8 pixels in a crop.
constexpr double kGlyphWidth = 0.56;
constexpr double kAdvance = 0.73;
constexpr double kSideMargin = 3.4;
constexpr double kTopMargin = 2.5;
constexpr double kCellInView = static_cast<double>(kViewSize) / 3.0;
constexpr double kTokenInView = static_cast<double>(kViewSize) / kTokensPerSide;

class SceneMaker {
public:
    SceneMaker(Random random, Split split, const SceneSettings& settings)
        : m_random(random), m_split(split), m_settings(settings) {}

    Scene make() {
        chooseSize();
        m_free.assign(static_cast<std::size_t>(m_scene.columns()) * static_cast<std::size_t>(m_scene.rows()), true);
        switch (m_settings.layout) {
            case Layout::Mixed: makeMixed(); break;
            case Layout::Cells: makeCells(); break;
            case Layout::Strings: makeStrings(); break;
            case Layout::Tokens: makeTokens(); break;
        }
        return std::move(m_scene);
    }

private:
    void chooseSize() {
        const bool isLong = m_settings.layout == Layout::Mixed && m_settings.form != Form::Square;
        m_scene.form = isLong ? m_settings.form : Form::Square;
        m_scene.squares = isLong ? std::clamp(m_settings.squares, 2, 4) : 1;
        const std::int64_t shortSide = m_random.between(kShortSideLow, kShortSideHigh);
        // One crop's extent along the long side.  A whole number of pixels: all crops are then equal.
        const double ratio = isLong ? 1.0 + m_random.between(-0.3, 0.3) / m_scene.squares : m_random.between(0.9, 1.1);
        const auto extent = std::lround(static_cast<double>(shortSide) * ratio);
        const std::int64_t longSide = extent * m_scene.squares;
        m_scene.width = m_scene.form == Form::Tall ? shortSide : longSide;
        m_scene.height = m_scene.form == Form::Tall ? longSide : shortSide;
        const int light = m_random.between(208, 236);
        m_scene.background =
            jittered({static_cast<std::uint8_t>(light), static_cast<std::uint8_t>(light), static_cast<std::uint8_t>(light)}, 8);
    }

    void makeMixed() {
        const int signs = m_scene.mayHaveSigns() ? m_random.between(0, m_settings.maxSigns) : 0;
        for (int i = 0; i < signs; ++i)
            addSign(m_random.chance(0.6) ? randomWord(m_random, m_split) : randomNumber(m_random, m_split));
        const int objects = m_random.between(m_settings.minObjects, m_settings.maxObjects);
        // Counts and "more of" need pictures where a shape or a colour comes several times.
        const int theme = m_random.below(4);
        const auto commonShape = static_cast<Shape>(m_random.below(kShapeNames.size()));
        const auto commonColour = static_cast<Colour>(m_random.below(kColourNames.size()));
        for (int i = 0; i < objects; ++i) {
            for (int attempt = 0; attempt < 100; ++attempt) {
                const bool follow = m_random.chance(0.75);
                const Shape shape = theme == 0 && follow ? commonShape : static_cast<Shape>(m_random.below(kShapeNames.size()));
                const Colour colour =
                    theme == 1 && follow ? commonColour : static_cast<Colour>(m_random.below(kColourNames.size()));
                if (isThere(shape, colour)) continue;
                addObject(shape, colour);
                break;
            }
        }
    }

    void makeCells() {
        for (int i = m_random.between(0, 2); i > 0; --i) addSign(practiceString());
        for (int cell = 0; cell < 9; ++cell) {
            if (!m_free[static_cast<std::size_t>(cell)] || m_random.chance(0.25)) continue;
            Shape shape{};
            Colour colour{};
            do {
                shape = static_cast<Shape>(m_random.below(kShapeNames.size()));
                colour = static_cast<Colour>(m_random.below(kColourNames.size()));
            } while (isThere(shape, colour));
            placeObject(shape, colour, cell % 3, cell / 3);
        }
    }

    void makeStrings() {
        for (int i = m_random.between(1, 3); i > 0; --i) addSign(practiceString());
    }

    // Sizes are those of scenes as far as a token's 28 pixels allow.
    void makeTokens() {
        for (int row = 0; row < kTokensPerSide; ++row) {
            for (int column = 0; column < kTokensPerSide; ++column) {
                const double x = (column + 0.5) * kTokenInView;
                const double y = (row + 0.5) * kTokenInView;
                const double what = m_random.unit();
                if (what < 0.45) addTokenSign(x, y);
                if (what > 0.65) addTokenObject(x, y);
            }
        }
    }

    void addTokenSign(double x, double y) {
        Sign sign;
        sign.text =
            randomString(m_random, m_split, m_random.between(m_settings.minLetters, std::min(m_settings.maxLetters, 3)));
        sign.plate = static_cast<Plate>(m_random.below(kPlateNames.size()));
        sign.column = static_cast<int>(x / kCellInView);
        sign.row = static_cast<int>(y / kCellInView);
        const double cap = m_random.between(10.0, 12.5);
        const double room = kTokenInView - textWidthOf(sign, cap);
        const double width = kTokenInView - m_random.between(0.2, 0.6) * room;
        placePlate(sign, {x + m_random.between(-0.1, 0.1) * room, y + m_random.between(-4.0, 4.0), width, cap});
        m_scene.signs.push_back(std::move(sign));
    }

    void addTokenObject(double x, double y) {
        SceneObject object;
        object.shape = static_cast<Shape>(m_random.below(kShapeNames.size()));
        object.colour = static_cast<Colour>(m_random.below(kColourNames.size()));
        object.size = m_random.chance(0.5) ? Size::Small : Size::Large;
        object.column = static_cast<int>(x / kCellInView);
        object.row = static_cast<int>(y / kCellInView);
        const double radius =
            kCellInView * (object.size == Size::Small ? m_random.between(0.20, 0.24) : m_random.between(0.32, 0.36));
        const double room = 0.5 * kTokenInView - radius;
        const double scaleX = m_scene.cellWidth() / kCellInView;
        const double scaleY = m_scene.cellHeight() / kCellInView;
        object.radius = radius * std::min(scaleX, scaleY);
        object.x = (x + m_random.between(-room, room)) * scaleX;
        object.y = (y + m_random.between(-room, room)) * scaleY;
        object.rgb = jittered(kColours[indexOf(object.colour)], 12);
        m_scene.objects.push_back(object);
    }

    std::string practiceString() {
        return randomString(m_random, m_split, m_random.between(m_settings.minLetters, m_settings.maxLetters));
    }

    [[nodiscard]] bool isThere(Shape shape, Colour colour) const {
        return std::any_of(m_scene.objects.begin(), m_scene.objects.end(),
                           [&](const SceneObject& object) { return object.shape == shape && object.colour == colour; });
    }

    [[nodiscard]] std::size_t cellOf(int column, int row) const {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(m_scene.columns()) + static_cast<std::size_t>(column);
    }

    void addObject(Shape shape, Colour colour) {
        std::vector<std::size_t> cells;
        for (std::size_t cell = 0; cell < m_free.size(); ++cell) {
            if (m_free[cell]) cells.push_back(cell);
        }
        if (cells.empty()) return;
        const auto cell = static_cast<int>(m_random.pick(cells));
        placeObject(shape, colour, cell % m_scene.columns(), cell / m_scene.columns());
    }

    void placeObject(Shape shape, Colour colour, int column, int row) {
        m_free[cellOf(column, row)] = false;
        SceneObject object;
        object.shape = shape;
        object.colour = colour;
        object.size = m_random.chance(0.5) ? Size::Small : Size::Large;
        object.column = column;
        object.row = row;
        const double share = object.size == Size::Small ? m_random.between(0.20, 0.24) : m_random.between(0.40, 0.45);
        const double cellWidth = m_scene.cellWidth();
        const double cellHeight = m_scene.cellHeight();
        object.radius = share * std::min(cellWidth, cellHeight);
        // Half of the room around it at most: a thing is seen to be in the middle of its cell.
        const double roomX = 0.5 * (0.5 * cellWidth - object.radius);
        const double roomY = 0.5 * (0.5 * cellHeight - object.radius);
        object.x = (column + 0.5) * cellWidth + m_random.between(-roomX, roomX);
        object.y = (row + 0.5) * cellHeight + m_random.between(-roomY, roomY);
        object.rgb = jittered(kColours[indexOf(colour)], 12);
        m_scene.objects.push_back(object);
    }

    // A free pair of neighbours inside one crop.  Nothing where none is free.
    std::optional<std::pair<int, int>> freePair() {
        std::vector<std::pair<int, int>> pairs;
        for (int row = 0; row < m_scene.rows(); ++row) {
            for (int column = 0; column + 1 < m_scene.columns(); ++column) {
                if (column % 3 != 2 && m_free[cellOf(column, row)] && m_free[cellOf(column + 1, row)] && rowHasNoSign(row))
                    pairs.emplace_back(column, row);
            }
        }
        return pairs.empty() ? std::nullopt : std::optional(m_random.pick(pairs));
    }

    // Two signs lie in different rows, so that "the upper sign" always says which.
    [[nodiscard]] bool rowHasNoSign(int row) const {
        return std::none_of(m_scene.signs.begin(), m_scene.signs.end(), [&](const Sign& sign) { return sign.row == row; });
    }

    void addSign(std::string text) {
        const auto place = freePair();
        if (!place) return;
        Sign sign;
        sign.text = std::move(text);
        sign.plate = freshPlate();
        sign.column = place->first;
        sign.row = place->second;
        m_free[cellOf(sign.column, sign.row)] = m_free[cellOf(sign.column + 1, sign.row)] = false;
        placeSign(sign);
        m_scene.signs.push_back(std::move(sign));
    }

    // Each sign another plate: "the pink sign" says which.
    Plate freshPlate() {
        for (;;) {
            const auto plate = static_cast<Plate>(m_random.below(kPlateNames.size()));
            if (std::none_of(m_scene.signs.begin(), m_scene.signs.end(), [&](const Sign& sign) { return sign.plate == plate; }))
                return plate;
        }
    }

    // A plate in view pixels of its own crop: middle, width, and height of its capitals.
    struct Placement {
        double x = 0.0;
        double y = 0.0;
        double width = 0.0;
        double cap = 0.0;
    };

    static double textWidthOf(const Sign& sign, double cap) {
        return cap * (kAdvance * static_cast<double>(sign.text.size() - 1) + kGlyphWidth);
    }

    void placeSign(Sign& sign) {
        const double tallest = m_scene.form == Form::Square ? 13.0 : m_scene.squares == 3 ? 11.0 : 12.0;
        const double cap = m_random.between(10.0, tallest);
        const double wanted = textWidthOf(sign, cap) + 2.0 * kSideMargin + m_random.between(0.0, 6.0);
        const double width = std::min(wanted, 2.0 * kCellInView - 2.0);
        const double first = (sign.column % 3) * kCellInView;
        const double x = m_random.between(first + 1.0 + 0.5 * width, first + 2.0 * kCellInView - 1.0 - 0.5 * width);
        placePlate(sign, {x, textMiddle(sign.row % 3, cap, cap + 2.0 * kTopMargin), width, cap});
    }

    void placePlate(Sign& sign, const Placement& at) const {
        const double textWidth = textWidthOf(sign, at.cap);
        const double height = at.cap + 2.0 * kTopMargin;
        const double scaleX = m_scene.cellWidth() / kCellInView;
        const double scaleY = m_scene.cellHeight() / kCellInView;
        const double originX = (sign.column - sign.column % 3) * m_scene.cellWidth();
        const double originY = (sign.row - sign.row % 3) * m_scene.cellHeight();
        sign.left = originX + (at.x - 0.5 * at.width) * scaleX;
        sign.right = originX + (at.x + 0.5 * at.width) * scaleX;
        sign.top = originY + (at.y - 0.5 * height) * scaleY;
        sign.bottom = originY + (at.y + 0.5 * height) * scaleY;
        sign.textLeft = originX + (at.x - 0.5 * textWidth) * scaleX;
        sign.textTop = originY + (at.y - 0.5 * at.cap) * scaleY;
        sign.glyphWidth = at.cap * kGlyphWidth * scaleX;
        sign.advance = at.cap * kAdvance * scaleX;
        sign.capHeight = at.cap * scaleY;
    }

    // NOTE [Lines of text]: a line of print lies in one row of soft tokens (28 view pixels); half of a letter above a border and half
    // below would have to be put together again by the tower.  The middle cell, which a border cuts, has its line above or below.
    double textMiddle(int row, double cap, double height) {
        const double edge = static_cast<double>(kViewSize);
        const double clear = 0.5 * cap + 0.6;
        const double outer = m_random.between(1.0 + 0.5 * height, kTokenInView - clear);
        if (row == 0) return outer;
        if (row == 2) return edge - outer;
        const double offset = m_random.between(clear, std::max(clear, 0.5 * kCellInView - 0.5 * height - 0.3));
        return 0.5 * edge + (m_random.chance(0.5) ? offset : -offset);
    }

    Rgb jittered(Rgb rgb, int by) {
        const auto moved = [&](std::uint8_t level) {
            return static_cast<std::uint8_t>(std::clamp(level + m_random.between(-by, by), 0, 255));
        };
        return {moved(rgb.red), moved(rgb.green), moved(rgb.blue)};
    }

    Random m_random;
    Split m_split;
    SceneSettings m_settings;
    Scene m_scene;
    std::vector<bool> m_free;  // [rows * columns]
};

}  // namespace

Scene makeScene(std::uint64_t key, const SceneSettings& settings) {
    const Split split = splitOfKey(key);
    const Random random(key);
    for (std::uint64_t attempt = 0;; ++attempt) {
        Scene scene = SceneMaker(random.fork(attempt), split, settings).make();
        if (isReservedCombination(scene) == (split == Split::Test)) return scene;
    }
}

}  // namespace lapidary::scenes
