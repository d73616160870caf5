#include "core/data/scenes/draw.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/data/scenes/canvas.h"
#include "core/data/scenes/font.h"

namespace lapidary::scenes {
namespace {

constexpr std::array<Rgb, 4> kPlates{{{250, 250, 250}, {255, 188, 206}, {160, 232, 242}, {200, 240, 120}}};
constexpr Rgb kInk{18, 18, 18};
constexpr Rgb kFrame{88, 88, 88};

// Five points of a star and the corners between them, radius 1, upright; inner radius 0.45.
constexpr std::array<Point, 10> kStar{{{0.0, -1.0},
                                       {0.264503, -0.364058},
                                       {0.951057, -0.309017},
                                       {0.427975, 0.139058},
                                       {0.587785, 0.809017},
                                       {0.0, 0.45},
                                       {-0.587785, 0.809017},
                                       {-0.427975, 0.139058},
                                       {-0.951057, -0.309017},
                                       {-0.264503, -0.364058}}};
constexpr std::array<Point, 3> kTriangle{{{0.0, -0.95}, {0.95, 0.75}, {-0.95, 0.75}}};
constexpr double kArm = 0.3;  // half a cross's arm
constexpr std::array<Point, 12> kCross{{{-kArm, -0.95},
                                        {kArm, -0.95},
                                        {kArm, -kArm},
                                        {0.95, -kArm},
                                        {0.95, kArm},
                                        {kArm, kArm},
                                        {kArm, 0.95},
                                        {-kArm, 0.95},
                                        {-kArm, kArm},
                                        {-0.95, kArm},
                                        {-0.95, -kArm},
                                        {-kArm, -kArm}}};

template <std::size_t n>
void drawCorners(Canvas& canvas, const std::array<Point, n>& form, const SceneObject& object) {
    std::array<Point, n> corners{};
    std::transform(form.begin(), form.end(), corners.begin(), [&](const Point& point) {
        return Point{object.x + point.x * object.radius, object.y + point.y * object.radius};
    });
    canvas.polygon(corners, object.rgb);
}

void drawObject(Canvas& canvas, const SceneObject& object) {
    const Point centre{object.x, object.y};
    switch (object.shape) {
        case Shape::Circle: canvas.ring(centre, 0.95 * object.radius, 0.0, object.rgb); break;
        case Shape::Ring: canvas.ring(centre, 0.97 * object.radius, 0.52 * object.radius, object.rgb); break;
        case Shape::Square: {
            const double half = 0.82 * object.radius;
            canvas.rectangle(object.x - half, object.y - half, object.x + half, object.y + half, object.rgb);
            break;
        }
        case Shape::Triangle: drawCorners(canvas, kTriangle, object); break;
        case Shape::Star: drawCorners(canvas, kStar, object); break;
        case Shape::Cross: drawCorners(canvas, kCross, object); break;
    }
}

void drawSign(Canvas& canvas, const Sign& sign) {
    const double frame = 0.06 * sign.capHeight;
    canvas.rectangle(sign.left, sign.top, sign.right, sign.bottom, kFrame);
    canvas.rectangle(sign.left + frame, sign.top + frame, sign.right - frame, sign.bottom - frame,
                     kPlates[indexOf(sign.plate)]);
    const double radius = kStrokeRadius * sign.capHeight;
    const double scaleX = (sign.glyphWidth - 2.0 * radius) / kGlyphGridWidth;
    const double scaleY = (sign.capHeight - 2.0 * radius) / kGlyphGridHeight;
    for (std::size_t i = 0; i < sign.text.size(); ++i) {
        const double left = sign.textLeft + static_cast<double>(i) * sign.advance + radius;
        const double top = sign.textTop + radius;
        std::vector<Segment> lines = glyphLines(sign.text[i]);
        for (Segment& line : lines) {
            for (Point* end : {&line.from, &line.to}) *end = {left + end->x * scaleX, top + end->y * scaleY};
        }
        canvas.strokes(lines, radius, kInk);
    }
}

image::Picture pictureOf(const Scene& scene, Canvas& canvas) {
    image::Picture picture;
    picture.width = picture.storedWidth = scene.width;
    picture.height = picture.storedHeight = scene.height;
    picture.rgb = canvas.takePixels();
    return picture;
}

}  // namespace

image::Picture drawScene(const Scene& scene) {
    Canvas canvas(scene.width, scene.height, scene.background);
    for (const SceneObject& object : scene.objects) drawObject(canvas, object);
    for (const Sign& sign : scene.signs) drawSign(canvas, sign);
    return pictureOf(scene, canvas);
}

image::Picture blankPicture(const Scene& scene) {
    Canvas canvas(scene.width, scene.height, scene.background);
    return pictureOf(scene, canvas);
}

}  // namespace lapidary::scenes
