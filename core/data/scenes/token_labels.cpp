#include "core/data/scenes/token_labels.h"

#include <algorithm>

#include "core/data/scenes/words.h"

namespace lapidary::scenes {
namespace {

constexpr double kToken = static_cast<double>(kViewSize) / kTokensPerSide;
constexpr double kLeastShare = 0.2;
// A smaller part is not seen as part of an object by the tower either.
constexpr double kTouch = 0.02;
constexpr double kLeastAdvance = 5.0;  // view pixels
constexpr std::size_t kCharHeads = 4;

std::size_t tokenAt(int row, int column) {
    return static_cast<std::size_t>(row) * kTokensPerSide + static_cast<std::size_t>(column);
}

// Length of [a, b] that lies in token number `token`.
double overlap(double a, double b, int token) {
    return std::max(0.0, std::min(b, (token + 1) * kToken) - std::max(a, token * kToken));
}

class Labeller {
public:
    Labeller(const Scene& scene, const rules::CropBox& box)
        : m_scene(scene),
          m_left(static_cast<double>(box.left)),
          m_top(static_cast<double>(box.top)),
          m_scaleX(kViewSize / static_cast<double>(box.right - box.left)),
          m_scaleY(kViewSize / static_cast<double>(box.bottom - box.top)) {
        for (auto& head : m_labels) head.fill(kNoTokenLabel);
        at(TokenHead::Letters).fill(0);
    }

    TokenLabels label() {
        for (int row = 0; row < kTokensPerSide; ++row) {
            for (int column = 0; column < kTokensPerSide; ++column) {
                set(TokenHead::Row, row, column, row);
                set(TokenHead::Column, row, column, column);
                labelObject(row, column);
            }
        }
        for (const Sign& sign : m_scene.signs) labelSign(sign);
        return m_labels;
    }

private:
    std::array<std::int8_t, kTokensPerView>& at(TokenHead head) { return m_labels[static_cast<std::size_t>(head)]; }
    void set(TokenHead head, int row, int column, std::size_t value) {
        at(head)[tokenAt(row, column)] = static_cast<std::int8_t>(value);
    }
    void set(TokenHead head, int row, int column, int value) { set(head, row, column, static_cast<std::size_t>(value)); }

    [[nodiscard]] double viewX(double x) const { return (x - m_left) * m_scaleX; }
    [[nodiscard]] double viewY(double y) const { return (y - m_top) * m_scaleY; }

    void labelObject(int row, int column) {
        const SceneObject* best = nullptr;
        double most = 0.0;
        double second = 0.0;
        for (const SceneObject& object : m_scene.objects) {
            const double width = 2.0 * object.radius * m_scaleX;
            const double height = 2.0 * object.radius * m_scaleY;
            const double inside = overlap(viewX(object.x - object.radius), viewX(object.x + object.radius), column) *
                                  overlap(viewY(object.y - object.radius), viewY(object.y + object.radius), row);
            // Of the token's area; of the object's for the least share.
            second = std::max(second, std::min(inside, most));
            if (inside <= most) continue;
            most = inside;
            best = inside >= kLeastShare * width * height ? &object : nullptr;
        }
        if (most < kTouch * kToken * kToken && best == nullptr) set(TokenHead::Object, row, column, 0);
        if (best == nullptr || second > 0.5 * most) return;
        set(TokenHead::Object, row, column, 1);
        set(TokenHead::Colour, row, column, indexOf(best->colour));
        set(TokenHead::Shape, row, column, indexOf(best->shape));
        set(TokenHead::Size, row, column, indexOf(best->size));
    }

    void labelSign(const Sign& sign) {
        const double middle = viewY(sign.textTop + 0.5 * sign.capHeight);
        const int row = static_cast<int>(middle / kToken);
        if (middle < 0.0 || row >= kTokensPerSide) return;  // another crop's
        const bool legible = sign.advance * m_scaleX >= kLeastAdvance && sign.capHeight * m_scaleY >= kLeastAdvance;
        for (std::size_t i = 0; i < sign.text.size(); ++i) {
            const double x = viewX(sign.centreOf(i));
            const int column = static_cast<int>(x / kToken);
            if (x < 0.0 || column >= kTokensPerSide) continue;
            const std::size_t token = tokenAt(row, column);
            std::int8_t& count = at(TokenHead::Letters)[token];
            if (!legible) {
                count = kNoTokenLabel;
                continue;
            }
            if (count == kNoTokenLabel || static_cast<std::size_t>(count) == kCharHeads) continue;
            if (count == 0) {
                set(TokenHead::Start, row, column, i);
                set(TokenHead::Plate, row, column, indexOf(sign.plate));
            }
            m_labels[static_cast<std::size_t>(TokenHead::Char1) + static_cast<std::size_t>(count)][token] =
                characterClass(sign.text[i]);
            ++count;
        }
    }

    const Scene& m_scene;
    double m_left;
    double m_top;
    double m_scaleX;
    double m_scaleY;
    TokenLabels m_labels{};
};

}  // namespace

TokenLabels tokenLabels(const Scene& scene, const rules::CropBox& box) { return Labeller(scene, box).label(); }

std::int8_t characterClass(char character) {
    const std::size_t letter = kLetters.find(character);
    if (letter != std::string_view::npos) return static_cast<std::int8_t>(letter);
    const std::size_t digit = kDigits.find(character);
    return digit == std::string_view::npos ? kNoTokenLabel : static_cast<std::int8_t>(kLetters.size() + digit);
}

}  // namespace lapidary::scenes
