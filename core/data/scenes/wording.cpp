#include "core/data/scenes/wording.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lapidary::scenes::detail {
namespace {

using Patterns = std::span<const std::string_view>;

constexpr std::array<std::string_view, 3> kShape{"what shape is {a}?", "which shape is {a}?", "what is the shape of {a}?"};
constexpr std::array<std::string_view, 4> kColour{"what colour is {a}?", "what color is {a}?", "which colour is {a}?",
                                                  "what is the colour of {a}?"};
constexpr std::array<std::string_view, 3> kPosition{"where is {a}?", "where in the picture is {a}?",
                                                    "what is the position of {a}?"};
constexpr std::array<std::string_view, 4> kSize{"what size is {a}?", "how big is {a}?", "is {a} large or small?",
                                                "is {a} small or large?"};
constexpr std::array<std::string_view, 5> kCountAll{"how many objects are there?", "how many shapes are there?",
                                                    "how many objects are in the picture?", "how many shapes do you see?",
                                                    "how many objects can you see?"};
constexpr std::array<std::string_view, 4> kCountSome{"how many {a} are there?", "how many {a} do you see?",
                                                     "how many {a} are in the picture?", "how many {a} can you see?"};
constexpr std::array<std::string_view, 4> kExist{"is there {a}?", "do you see {a}?", "is there {a} in the picture?",
                                                 "can you see {a}?"};
constexpr std::array<std::string_view, 2> kLeft{"is {a} left of {b}?", "is {a} to the left of {b}?"};
constexpr std::array<std::string_view, 2> kRight{"is {a} right of {b}?", "is {a} to the right of {b}?"};
constexpr std::array<std::string_view, 2> kAbove{"is {a} above {b}?", "is {a} higher than {b}?"};
constexpr std::array<std::string_view, 2> kBelow{"is {a} below {b}?", "is {a} lower than {b}?"};
// Of words that others bring into the vocabulary: these are not counted for it (allPatterns).
constexpr std::array<std::string_view, 1> kWhichLeft{"which is to the left, {a} or {b}?"};
constexpr std::array<std::string_view, 1> kWhichRight{"which is to the right, {a} or {b}?"};
constexpr std::array<std::string_view, 1> kWhichAbove{"which is higher, {a} or {b}?"};
constexpr std::array<std::string_view, 1> kWhichBelow{"which is lower, {a} or {b}?"};
constexpr std::array<std::string_view, 3> kLarger{"which is larger, {a} or {b}?", "which is bigger, {a} or {b}?",
                                                  "what is larger, {a} or {b}?"};
constexpr std::array<std::string_view, 2> kSmaller{"which is smaller, {a} or {b}?", "what is smaller, {a} or {b}?"};
constexpr std::array<std::string_view, 2> kMore{"are there more {a} than {b}?", "do you see more {a} than {b}?"};
constexpr std::array<std::string_view, 2> kFewer{"are there fewer {a} than {b}?", "do you see fewer {a} than {b}?"};
constexpr std::array<std::string_view, 4> kSignCount{"how many signs are there?", "how many signs do you see?",
                                                     "how many signs are in the picture?", "how many signs can you see?"};
constexpr std::array<std::string_view, 4> kPrint{"what does {a} say?", "what is written on {a}?", "what is printed on {a}?",
                                                 "what can you read on {a}?"};
constexpr std::array<std::string_view, 2> kWord{"what word is on {a}?", "which word is on {a}?"};
constexpr std::array<std::string_view, 2> kNumber{"what number is on {a}?", "which number is on {a}?"};
constexpr std::array<std::string_view, 3> kCell{"what is {a}?", "what do you see {a}?", "what can you see {a}?"};

constexpr std::array<std::string_view, 9> kNinths{"top left", "top",         "top right", "left",        "middle",
                                                  "right",    "bottom left", "bottom",    "bottom right"};
constexpr std::array<std::string_view, 9> kPlaces{"in the top left",    "at the top",    "in the top right",
                                                  "on the left",        "in the middle", "on the right",
                                                  "in the bottom left", "at the bottom", "in the bottom right"};

template <class Has>
bool isOnly(const std::vector<SceneObject>& objects, const Has& has) {
    return std::count_if(objects.begin(), objects.end(), has) == 1;
}

std::string joined(std::string_view a, std::string_view b) { return std::string(a) + std::string(b); }

// Third of `side` in which the middle of cell `cell` lies, or nothing near a border.
std::optional<int> thirdOf(int cell, int cells) {
    const double middle = (cell + 0.5) / cells;
    for (const double border : {1.0 / 3.0, 2.0 / 3.0}) {
        if (std::abs(middle - border) < 1.0 / 18.0 - 1e-9) return std::nullopt;
    }
    return static_cast<int>(middle * 3.0);
}

std::size_t placeOf(Ninth ninth) { return static_cast<std::size_t>(ninth.row) * 3 + static_cast<std::size_t>(ninth.column); }

void replaceAll(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

}  // namespace

std::string worded(Random& random, Patterns patterns, std::string_view a, std::string_view b) {
    std::string text(random.pick(patterns));
    replaceAll(text, "{a}", a);
    replaceAll(text, "{b}", b);
    return text;
}

std::string fullName(Colour colour, Shape shape) { return joined(scenes::nameOf(colour), " ").append(scenes::nameOf(shape)); }
std::string fullName(const SceneObject& object) { return fullName(object.colour, object.shape); }

std::string withArticle(const std::string& name) {
    const bool vowel = std::string_view("aeiou").find(name.front()) != std::string_view::npos;
    return joined(vowel ? "an " : "a ", name);
}

std::optional<Ninth> ninthOf(const Scene& scene, const SceneObject& object) {
    const auto column = thirdOf(object.column, scene.columns());
    const auto row = thirdOf(object.row, scene.rows());
    if (!column || !row) return std::nullopt;
    return Ninth{*column, *row};
}

std::string_view nameOf(Ninth ninth) { return kNinths[placeOf(ninth)]; }
std::string_view placePhrase(Ninth ninth) { return kPlaces[placeOf(ninth)]; }

std::vector<std::string> namesOf(const Scene& scene, const SceneObject& object, Tells tells) {
    std::vector<std::string> names;
    const bool onlyShape = isOnly(scene.objects, [&](const SceneObject& o) { return o.shape == object.shape; });
    const bool onlyColour = isOnly(scene.objects, [&](const SceneObject& o) { return o.colour == object.colour; });
    const std::string colour(scenes::nameOf(object.colour));
    if (tells == Tells::Anything) names.push_back("the " + fullName(object));
    if (tells != Tells::NotShape && onlyShape) names.push_back(joined("the ", scenes::nameOf(object.shape)));
    if (tells != Tells::NotColour && onlyColour) {
        names.push_back("the " + colour + " object");
        names.push_back("the " + colour + (tells == Tells::NotShape ? " thing" : " shape"));
    }
    // In squares a ninth is a cell, so nobody hesitates.
    if (tells != Tells::Anything && scene.form == Form::Square) {
        const auto place = placePhrase({object.column, object.row});
        names.push_back(joined("the object ", place));
        if (tells == Tells::NotColour) names.push_back(joined("the shape ", place));
    }
    return names;
}

std::vector<std::string> namesOf(const Scene& scene, const Sign& sign) {
    if (scene.signs.size() == 1) return {"the sign"};
    std::vector<std::string> names{"the " + std::string(scenes::nameOf(sign.plate)) + " sign"};
    // Signs stand in different rows (make_scene.cpp).
    const auto above = std::count_if(scene.signs.begin(), scene.signs.end(), [&](const Sign& s) { return s.row < sign.row; });
    if (above == 0) names.insert(names.end(), {"the top sign", "the upper sign"});
    if (above + 1 == std::ssize(scene.signs)) names.insert(names.end(), {"the bottom sign", "the lower sign"});
    if (above == 1 && scene.signs.size() == 3) names.emplace_back("the middle sign");
    // Beside each other only where a person sees it at once.
    const auto isLeftOf = [](const Sign& a, const Sign& b) { return a.right < b.left; };
    const auto others = [&](const auto& holds) {
        return std::all_of(scene.signs.begin(), scene.signs.end(), [&](const Sign& s) { return &s == &sign || holds(s); });
    };
    if (others([&](const Sign& s) { return isLeftOf(sign, s); })) names.emplace_back("the left sign");
    if (others([&](const Sign& s) { return isLeftOf(s, sign); })) names.emplace_back("the right sign");
    return names;
}

Patterns shapeWordings() { return kShape; }
Patterns colourWordings() { return kColour; }
Patterns positionWordings() { return kPosition; }
Patterns sizeWordings() { return kSize; }
Patterns countAllWordings() { return kCountAll; }
Patterns countSomeWordings() { return kCountSome; }
Patterns existWordings() { return kExist; }
Patterns relationWordings(int direction) {
    const std::array<Patterns, 4> byDirection{kLeft, kRight, kAbove, kBelow};
    return byDirection[static_cast<std::size_t>(direction)];
}
Patterns sideWordings(int direction) {
    const std::array<Patterns, 4> byDirection{kWhichLeft, kWhichRight, kWhichAbove, kWhichBelow};
    return byDirection[static_cast<std::size_t>(direction)];
}
Patterns largerWordings() { return kLarger; }
Patterns smallerWordings() { return kSmaller; }
Patterns moreWordings() { return kMore; }
Patterns fewerWordings() { return kFewer; }
Patterns signCountWordings() { return kSignCount; }
Patterns printWordings() { return kPrint; }
Patterns wordWordings() { return kWord; }
Patterns numberWordings() { return kNumber; }
Patterns cellWordings() { return kCell; }

std::vector<std::string_view> allPatterns() {
    std::vector<std::string_view> all;
    for (const Patterns patterns :
         {Patterns(kShape),     Patterns(kColour), Patterns(kPosition), Patterns(kSize),   Patterns(kCountAll),
          Patterns(kCountSome), Patterns(kExist),  Patterns(kLeft),     Patterns(kRight),  Patterns(kAbove),
          Patterns(kBelow),     Patterns(kLarger), Patterns(kSmaller),  Patterns(kMore),   Patterns(kFewer),
          Patterns(kSignCount), Patterns(kPrint),  Patterns(kWord),     Patterns(kNumber), Patterns(kCell)}) {
        all.insert(all.end(), patterns.begin(), patterns.end());
    }
    return all;
}

std::vector<std::string_view> allReferenceWords() {
    std::vector<std::string_view> all{"the object", "the shape",      "the thing",     "a", "an", "objects", "shapes",
                                      "the sign",   "the upper sign", "the lower sign"};
    all.insert(all.end(), kNinths.begin(), kNinths.end());
    all.insert(all.end(), kPlaces.begin(), kPlaces.end());
    return all;
}

}  // namespace lapidary::scenes::detail
