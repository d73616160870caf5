// Every question is read again by a small parser of its own, which looks at where things lie in pixels: the answer must be the only
// one that a person could give.
#include "core/data/scenes/question.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "core/data/text/tokenizer.h"
#include "tests/core/data/scenes/every_setting.h"

namespace lapidary::scenes {
namespace {

using Words = std::vector<std::string>;

Words wordsOf(const std::string& text) {
    std::string plain = text;
    for (char& c : plain) {
        if (c == '?' || c == ',') c = ' ';
    }
    std::istringstream stream(plain);
    Words words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

bool has(const Words& words, const std::string& word) { return std::find(words.begin(), words.end(), word) != words.end(); }

template <class Names>
std::optional<std::size_t> nameIn(const Words& words, const Names& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (has(words, std::string(names[i]))) return i;
    }
    return std::nullopt;
}

// 0, 1, 2 along an axis, from pixels.
int third(double at, std::int64_t side) { return std::min(2, static_cast<int>(3.0 * at / static_cast<double>(side))); }

// The objects that a phrase can mean: by colour, by shape (also in the plural), by place.
std::vector<const SceneObject*> meant(const Scene& scene, const Words& words, bool byPlace = false) {
    auto shape = nameIn(words, kShapeNames);
    if (!shape) shape = nameIn(words, kShapePlurals);
    const auto colour = nameIn(words, kColourNames);
    std::vector<const SceneObject*> objects;
    for (const SceneObject& object : scene.objects) {
        if (shape && indexOf(object.shape) != *shape) continue;
        if (colour && indexOf(object.colour) != *colour) continue;
        if (byPlace) {
            const int row = has(words, "top") ? 0 : has(words, "bottom") ? 2 : 1;
            const int column = has(words, "left") ? 0 : has(words, "right") ? 2 : 1;
            if (third(object.y, scene.height) != row || third(object.x, scene.width) != column) continue;
        }
        objects.push_back(&object);
    }
    return objects;
}

bool namesPlace(const Words& words) {
    for (const char* place : {"top", "bottom", "left", "right", "middle"}) {
        if (has(words, place)) return true;
    }
    return false;
}

// The words before and after `middle`.
std::pair<Words, Words> split(const Words& words, const std::string& middle) {
    const auto at = std::find(words.begin(), words.end(), middle);
    return {Words(words.begin(), at), at == words.end() ? Words() : Words(at + 1, words.end())};
}

std::string answerAttribute(const Scene& scene, const Question& question, const Words& words) {
    const bool byPlace = question.kind != Kind::Size && namesPlace(words);
    const auto objects = meant(scene, words, byPlace);
    if (objects.size() != 1) return "ambiguous";
    if (question.kind == Kind::Shape) return std::string(nameOf(objects[0]->shape));
    if (question.kind == Kind::Colour) return std::string(nameOf(objects[0]->colour));
    return std::string(nameOf(objects[0]->size));
}

std::string answerPosition(const Scene& scene, const Words& words) {
    const auto objects = meant(scene, words);
    if (objects.size() != 1) return "ambiguous";
    const std::array<std::string, 3> rows{"top", "", "bottom"};
    const std::array<std::string, 3> columns{"left", "", "right"};
    const std::string& row = rows[static_cast<std::size_t>(third(objects[0]->y, scene.height))];
    const std::string& column = columns[static_cast<std::size_t>(third(objects[0]->x, scene.width))];
    if (row.empty() && column.empty()) return "middle";
    return row + (row.empty() || column.empty() ? "" : " ") + column;
}

std::string answerRelation(const Scene& scene, const Words& words) {
    // "is the red circle to the left of the star": what is before the direction, what is after it.
    std::string direction;
    for (const char* word : {"left", "right", "above", "below", "higher", "lower"}) {
        if (has(words, word)) direction = word;
    }
    const auto [before, after] = split(words, direction);
    const auto a = meant(scene, before);
    const auto b = meant(scene, after);
    if (a.size() != 1 || b.size() != 1) return "ambiguous";
    if (direction == "left") return a[0]->x < b[0]->x ? "yes" : "no";
    if (direction == "right") return a[0]->x > b[0]->x ? "yes" : "no";
    const bool up = direction == "above" || direction == "higher";
    return (up ? a[0]->y < b[0]->y : a[0]->y > b[0]->y) ? "yes" : "no";
}

std::string answerCompare(const Scene& scene, const Words& words) {
    const auto [before, after] = split(words, "or");
    const auto a = meant(scene, before);
    const auto b = meant(scene, after);
    if (a.size() != 1 || b.size() != 1) return "ambiguous";
    const bool larger = !has(words, "smaller");
    const SceneObject& answer = (a[0]->radius > b[0]->radius) == larger ? *a[0] : *b[0];
    return std::string(nameOf(answer.colour)) + " " + std::string(nameOf(answer.shape));
}

std::string answerSide(const Scene& scene, const Words& words) {
    const auto [before, after] = split(words, "or");
    const auto a = meant(scene, before);
    const auto b = meant(scene, after);
    if (a.size() != 1 || b.size() != 1) return "ambiguous";
    const bool sideways = has(words, "left") || has(words, "right");
    const bool smaller = has(words, "left") || has(words, "higher");
    const bool isFirst = (sideways ? a[0]->x < b[0]->x : a[0]->y < b[0]->y) == smaller;
    const SceneObject& answer = isFirst ? *a[0] : *b[0];
    return std::string(nameOf(answer.colour)) + " " + std::string(nameOf(answer.shape));
}

std::string answerCompareCounts(const Scene& scene, const Words& words) {
    const auto [before, after] = split(words, "than");
    const auto a = meant(scene, before).size();
    const auto b = meant(scene, after).size();
    if (a == b) return "ambiguous";
    return (a > b) == has(words, "more") ? "yes" : "no";
}

std::string answerPrint(const Scene& scene, const Words& words) {
    std::vector<const Sign*> signs;
    const auto plate = nameIn(words, kPlateNames);
    for (const Sign& sign : scene.signs) {
        const auto isEvery = [&](const auto& holds) {
            return std::all_of(scene.signs.begin(), scene.signs.end(), [&](const Sign& s) { return &s == &sign || holds(s); });
        };
        if (plate && indexOf(sign.plate) != *plate) continue;
        if ((has(words, "top") || has(words, "upper")) && !isEvery([&](const Sign& s) { return sign.bottom < s.top; }))
            continue;
        if ((has(words, "bottom") || has(words, "lower")) && !isEvery([&](const Sign& s) { return sign.top > s.bottom; }))
            continue;
        if (has(words, "left") && !isEvery([&](const Sign& s) { return sign.right < s.left; })) continue;
        if (has(words, "right") && !isEvery([&](const Sign& s) { return sign.left > s.right; })) continue;
        if (has(words, "middle") && !isEvery([&](const Sign& s) { return s.bottom < sign.top || s.top > sign.bottom; }))
            continue;
        if (has(words, "middle") && (sign.row != 1)) continue;
        signs.push_back(&sign);
    }
    if (signs.size() != 1) return "ambiguous";
    if (has(words, "number") && !signs[0]->isNumber()) return "ambiguous";
    if (has(words, "word") && signs[0]->isNumber()) return "ambiguous";
    return signs[0]->text;
}

std::string answerCell(const Scene& scene, const Words& words) {
    const auto objects = meant(scene, words, true);
    if (objects.size() > 1) return "ambiguous";
    if (objects.empty()) return "nothing";
    const SceneObject& object = *objects[0];
    return std::string(nameOf(object.size)) + " " + std::string(nameOf(object.colour)) + " " +
           std::string(nameOf(object.shape));
}

std::string restated(const Scene& scene, const Question& question) {
    const Words words = wordsOf(question.text);
    switch (question.kind) {
        case Kind::Shape:
        case Kind::Colour:
        case Kind::Size: return answerAttribute(scene, question, words);
        case Kind::Count: return std::to_string(meant(scene, words).size());
        case Kind::Position: return answerPosition(scene, words);
        case Kind::Exist: return meant(scene, words).empty() ? "no" : "yes";
        case Kind::Relation: return answerRelation(scene, words);
        case Kind::Compare: return answerCompare(scene, words);
        case Kind::CmpCount: return answerCompareCounts(scene, words);
        case Kind::NSign: return std::to_string(scene.signs.size());
        case Kind::Print:
        case Kind::SmallPrint:
        case Kind::String: return answerPrint(scene, words);
        case Kind::Cell: return answerCell(scene, words);
        case Kind::Side: return answerSide(scene, words);
    }
    return "";
}

TEST(Questions, HaveTheOneAnswerThatThePictureGives) {
    std::map<Kind, int> asked;
    Random random(11);
    for (const SceneSettings& settings : everySetting()) {
        if (settings.layout == Layout::Tokens) continue;
        for (std::uint64_t index = 0; index < 300; ++index) {
            const Scene scene = makeScene(sceneKey(Split::Train, 1, index), settings);
            for (std::size_t kind = 0; kind < kKindCount; ++kind) {
                const auto question = ask(scene, static_cast<Kind>(kind), random);
                if (!question) continue;
                EXPECT_EQ(question->kind, static_cast<Kind>(kind));
                EXPECT_EQ(question->answer, restated(scene, *question)) << question->text << "\n" << combinationOf(scene);
                ++asked[question->kind];
            }
        }
    }
    for (std::size_t kind = 0; kind < kKindCount; ++kind) EXPECT_GT(asked[static_cast<Kind>(kind)], 200) << kKindNames[kind];
}

TEST(Questions, GiveNothingAwayAndAreTypedInLowerCase) {
    Random random(12);
    for (std::uint64_t index = 0; index < 500; ++index) {
        const Scene scene = makeScene(sceneKey(Split::Train, 1, index), {});
        for (const Kind kind : {Kind::Shape, Kind::Colour, Kind::Size, Kind::Print, Kind::Position}) {
            const auto question = ask(scene, kind, random);
            if (!question) continue;
            EXPECT_EQ(question->text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ{}"), std::string::npos) << question->text;
            const Words words = wordsOf(question->text);
            if (kind == Kind::Shape || kind == Kind::Colour) {
                EXPECT_FALSE(has(words, question->answer)) << question->text;
            }
        }
    }
}

TEST(Questions, PrintIsSmallInLongPicturesAlone) {
    Random random(13);
    for (const SceneSettings& settings : everySetting()) {
        for (std::uint64_t index = 0; index < 50; ++index) {
            const Scene scene = makeScene(sceneKey(Split::Train, 1, index), settings);
            const bool square = scene.form == Form::Square;
            if (square) {
                EXPECT_FALSE(ask(scene, Kind::SmallPrint, random));
            }
            if (!square) {
                EXPECT_FALSE(ask(scene, Kind::Print, random));
            }
            if (scene.form == Form::Tall || scene.squares == 2) {
                EXPECT_FALSE(ask(scene, Kind::NSign, random)) << "the form would give it away";
            }
        }
    }
}

TEST(Questions, OfOnePictureAreAllDifferent) {
    Random random(14);
    KindWeights weights;
    weights.fill(1.0);
    for (std::uint64_t index = 0; index < 100; ++index) {
        const Scene scene = makeScene(sceneKey(Split::Train, 1, index), {});
        std::set<std::string> texts;
        const auto questions = askSeveral(scene, weights, 8, random);
        for (const Question& question : questions) texts.insert(question.text);
        EXPECT_EQ(texts.size(), questions.size());
        EXPECT_LE(questions.size(), 8U);
    }
    EXPECT_TRUE(askSeveral(makeScene(sceneKey(Split::Train, 1, 1), {}), {}, 8, random).empty());
}

TEST(Questions, NoAnswerIsMuchMoreLikelyThanTheOthers) {
    Random random(15);
    std::map<Kind, std::map<std::string, int>> answers;
    for (std::uint64_t index = 0; index < 6000; ++index) {
        const auto settings = everySetting();
        const Scene scene =
            makeScene(sceneKey(Split::Train, 1, index), index % 2 == 0 ? settings[0] : settings[4 + index / 2 % 6]);
        for (const Kind kind : {Kind::Shape, Kind::Colour, Kind::Size, Kind::Position, Kind::Exist, Kind::Relation,
                                Kind::CmpCount, Kind::NSign, Kind::Count}) {
            if (const auto question = ask(scene, kind, random)) ++answers[kind][question->answer];
        }
    }
    const std::map<Kind, std::size_t> different{{Kind::Shape, 6},    {Kind::Colour, 7}, {Kind::Size, 2},
                                                {Kind::Position, 9}, {Kind::Exist, 2},  {Kind::Relation, 2},
                                                {Kind::CmpCount, 2}, {Kind::NSign, 3},  {Kind::Count, 6}};
    for (const auto& [kind, count] : different) {
        ASSERT_EQ(answers[kind].size(), count) << nameOf(kind);
        int all = 0;
        int most = 0;
        for (const auto& [answer, times] : answers[kind]) {
            all += times;
            most = std::max(most, times);
        }
        const double fair = 1.0 / static_cast<double>(count);
        EXPECT_LT(most / static_cast<double>(all), kind == Kind::Count ? 1.6 * fair : 1.25 * fair) << nameOf(kind);
    }
}

TEST(Questions, KindsHaveNames) {
    for (std::size_t kind = 0; kind < kKindCount; ++kind) EXPECT_EQ(kindOf(kKindNames[kind]), static_cast<Kind>(kind));
    EXPECT_FALSE(kindOf("color"));
}

}  // namespace
}  // namespace lapidary::scenes
