// How things are called and questions are put.  Private to this folder's sources.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/scenes/random.h"
#include "core/data/scenes/scene.h"

namespace lapidary::scenes::detail {

// One of the patterns with {a} and {b} replaced.
std::string worded(Random& random, std::span<const std::string_view> patterns, std::string_view a = {},
                   std::string_view b = {});

// "red circle"
std::string fullName(Colour colour, Shape shape);
std::string fullName(const SceneObject& object);
// "a red circle", "an orange star"
std::string withArticle(const std::string& name);

// Thirds of the picture, exact: 0, 1 or 2 from the left or from above.
struct Ninth {
    int column = 0;
    int row = 0;
    bool operator==(const Ninth&) const = default;
};
// Nothing where the thing's cell lies so near to a third's border that a person would hesitate: its middle nearer than an
// eighteenth of the side.
std::optional<Ninth> ninthOf(const Scene& scene, const SceneObject& object);
std::string_view nameOf(Ninth ninth);         // "top left", "top", …, "middle"
std::string_view placePhrase(Ninth ninth);    // "in the top left", "at the top", …

// What a phrase may give away: never what is asked for.
enum class Tells : std::uint8_t { Anything, NotColour, NotShape };

// Ways to name one object of the scene so that only it can be meant ("the red circle", "the circle", "the red object", and in
// squares "the object in the top left"); empty where there is none.
std::vector<std::string> namesOf(const Scene& scene, const SceneObject& object, Tells tells);
std::vector<std::string> namesOf(const Scene& scene, const Sign& sign);

// The patterns, by what is asked.
std::span<const std::string_view> shapeWordings();
std::span<const std::string_view> colourWordings();
std::span<const std::string_view> positionWordings();
std::span<const std::string_view> sizeWordings();
std::span<const std::string_view> countAllWordings();
std::span<const std::string_view> countSomeWordings();
std::span<const std::string_view> existWordings();
std::span<const std::string_view> relationWordings(int direction);  // left, right, above, below
std::span<const std::string_view> sideWordings(int direction);
std::span<const std::string_view> largerWordings();
std::span<const std::string_view> smallerWordings();
std::span<const std::string_view> moreWordings();
std::span<const std::string_view> fewerWordings();
std::span<const std::string_view> signCountWordings();
std::span<const std::string_view> printWordings();
std::span<const std::string_view> wordWordings();
std::span<const std::string_view> numberWordings();
std::span<const std::string_view> cellWordings();
std::vector<std::string_view> allPatterns();
std::vector<std::string_view> allReferenceWords();

}  // namespace lapidary::scenes::detail
