#include "core/data/scenes/question.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/data/scenes/wording.h"

namespace lapidary::scenes {
namespace {

using detail::fullName;
using detail::namesOf;
using detail::Tells;
using detail::worded;

// How much rarer answers are asked for: counts of four and five need pictures that have so many.
constexpr std::array<double, 6> kCountWeights{0.55, 0.6, 1.0, 1.6, 2.4, 3.2};

class Asker {
public:
    Asker(const Scene& scene, Random& random) : m_scene(scene), m_random(random) {}

    std::optional<Question> ask(Kind kind) {
        m_kind = kind;
        switch (kind) {
            case Kind::Shape: return attribute(Tells::NotShape, detail::shapeWordings());
            case Kind::Colour: return attribute(Tells::NotColour, detail::colourWordings());
            case Kind::Size: return attribute(Tells::Anything, detail::sizeWordings());
            case Kind::Count: return count();
            case Kind::Position: return position();
            case Kind::Exist: return exist();
            case Kind::Relation: return relation();
            case Kind::Compare: return compare();
            case Kind::CmpCount: return compareCounts();
            case Kind::NSign: return signCount();
            case Kind::Print: return m_scene.form == Form::Square ? print() : std::nullopt;
            case Kind::SmallPrint: return m_scene.form == Form::Square ? std::nullopt : print();
            case Kind::Cell: return cell();
            case Kind::String: return print();
            case Kind::Side: return side();
        }
        return std::nullopt;
    }

private:
    Question made(std::string text, std::string_view answer) const { return {m_kind, std::move(text), std::string(answer)}; }

    [[nodiscard]] std::string_view answerOf(const SceneObject& object) const {
        if (m_kind == Kind::Shape) return nameOf(object.shape);
        if (m_kind == Kind::Colour) return nameOf(object.colour);
        return nameOf(object.size);
    }

    std::optional<Question> attribute(Tells tells, std::span<const std::string_view> wordings) {
        std::vector<const SceneObject*> askable;
        for (const SceneObject& object : m_scene.objects) {
            if (!namesOf(m_scene, object, tells).empty()) askable.push_back(&object);
        }
        if (askable.empty()) return std::nullopt;
        const SceneObject& object = *m_random.pick(askable);
        return made(worded(m_random, wordings, m_random.pick(namesOf(m_scene, object, tells))), answerOf(object));
    }

    std::string nameFor(const SceneObject& object) { return m_random.pick(namesOf(m_scene, object, Tells::Anything)); }

    std::optional<Question> position() {
        std::map<std::string_view, std::vector<const SceneObject*>> byAnswer;
        for (const SceneObject& object : m_scene.objects) {
            if (const auto ninth = detail::ninthOf(m_scene, object)) byAnswer[detail::nameOf(*ninth)].push_back(&object);
        }
        if (byAnswer.empty()) return std::nullopt;
        const auto& [answer, objects] = *std::next(byAnswer.begin(), m_random.below(byAnswer.size()));
        return made(worded(m_random, detail::positionWordings(), nameFor(*m_random.pick(objects))), answer);
    }

    // Things that can be counted: by shape, by colour.  "circles", "red objects".
    struct Group {
        std::string name;
        int members = 0;
    };
    std::vector<Group> groups(bool byShape) {
        std::vector<Group> result;
        const std::string_view noun = m_random.chance(0.5) ? " objects" : " shapes";
        for (std::size_t i = 0; i < (byShape ? kShapeNames.size() : kColourNames.size()); ++i) {
            const auto members = std::count_if(m_scene.objects.begin(), m_scene.objects.end(), [&](const SceneObject& object) {
                return i == (byShape ? indexOf(object.shape) : indexOf(object.colour));
            });
            std::string name(byShape ? kShapePlurals[i] : kColourNames[i]);
            if (!byShape) name += noun;
            result.push_back({std::move(name), static_cast<int>(members)});
        }
        return result;
    }

    std::optional<Question> count() {
        std::map<int, std::vector<std::string>> byAnswer;  // "" stands for all objects
        const auto all = static_cast<int>(m_scene.objects.size());
        if (all > 5) return std::nullopt;
        byAnswer[all].emplace_back();
        for (const bool byShape : {true, false}) {
            for (const Group& group : groups(byShape)) byAnswer[group.members].push_back(group.name);
        }
        std::array<double, 6> weights{};
        for (const auto& [answer, names] : byAnswer)
            weights[static_cast<std::size_t>(answer)] = kCountWeights[static_cast<std::size_t>(answer)];
        const auto answer = static_cast<int>(m_random.weighted(weights));
        const std::string& name = m_random.pick(byAnswer[answer]);
        return made(
            name.empty() ? worded(m_random, detail::countAllWordings()) : worded(m_random, detail::countSomeWordings(), name),
            std::to_string(answer));
    }

    // What "is there …?" asks for.
    struct Wanted {
        bool byColour = true;
        bool byShape = true;
        Colour colour = Colour::Red;
        Shape shape = Shape::Circle;
    };
    [[nodiscard]] bool holds(const Wanted& wanted) const {
        return std::any_of(m_scene.objects.begin(), m_scene.objects.end(), [&](const SceneObject& object) {
            return (!wanted.byColour || object.colour == wanted.colour) && (!wanted.byShape || object.shape == wanted.shape);
        });
    }

    std::optional<Question> exist() {
        const bool yes = m_random.chance(0.5);
        for (int attempt = 0; attempt < 50; ++attempt) {
            const SceneObject& one = m_random.pick(m_scene.objects);
            const double what = m_random.unit();
            Wanted wanted{what >= 0.25, what <= 0.75, static_cast<Colour>(m_random.below(kColourNames.size())),
                          static_cast<Shape>(m_random.below(kShapeNames.size()))};
            // Most of the things that are not there share the colour or the shape of one that is.
            if (yes || m_random.chance(0.4)) wanted.colour = one.colour;
            if (yes || m_random.chance(0.4)) wanted.shape = one.shape;
            if (holds(wanted) != yes) continue;
            const std::string name = wanted.byColour && wanted.byShape ? fullName(wanted.colour, wanted.shape)
                                     : wanted.byShape                  ? std::string(nameOf(wanted.shape))
                                                                       : std::string(nameOf(wanted.colour)) + " object";
            return made(worded(m_random, detail::existWordings(), detail::withArticle(name)), yes ? "yes" : "no");
        }
        return std::nullopt;
    }

    // Two objects in random order, or nothing.
    template <class Suits>
    std::optional<std::pair<const SceneObject*, const SceneObject*>> pairOf(const Suits& suits) {
        std::vector<std::pair<const SceneObject*, const SceneObject*>> pairs;
        for (const SceneObject& a : m_scene.objects) {
            for (const SceneObject& b : m_scene.objects) {
                if (&a != &b && suits(a, b)) pairs.emplace_back(&a, &b);
            }
        }
        return pairs.empty() ? std::nullopt : std::optional(m_random.pick(pairs));
    }

    // Clear to the eye: a cell of a square apart, or a sixth of the long side where the whole view squeezes it.
    std::optional<std::pair<const SceneObject*, const SceneObject*>> pairApart(bool sideways) {
        const int cells = sideways ? m_scene.columns() : m_scene.rows();
        const int least = std::max(1, cells / 6);
        return pairOf([&](const SceneObject& a, const SceneObject& b) {
            return std::abs(sideways ? a.column - b.column : a.row - b.row) >= least;
        });
    }

    std::optional<Question> relation() {
        const bool sideways = m_random.chance(0.5);
        const auto pair = pairApart(sideways);
        if (!pair) return std::nullopt;
        const auto& [a, b] = *pair;
        const bool first = sideways ? a->column < b->column : a->row < b->row;
        const bool askFirst = m_random.chance(0.5);
        const int direction = (sideways ? 0 : 2) + (askFirst ? 0 : 1);
        // One after the other: the order in which arguments draw would be the compiler's.
        const std::string nameOfA = nameFor(*a);
        const std::string nameOfB = nameFor(*b);
        return made(worded(m_random, detail::relationWordings(direction), nameOfA, nameOfB), first == askFirst ? "yes" : "no");
    }

    std::optional<Question> side() {
        const bool sideways = m_random.chance(0.5);
        const auto pair = pairApart(sideways);
        if (!pair) return std::nullopt;
        const auto& [a, b] = *pair;
        const bool smaller = m_random.chance(0.5);  // further left, higher
        const bool isFirst = (sideways ? a->column < b->column : a->row < b->row) == smaller;
        return made(worded(m_random, detail::sideWordings((sideways ? 0 : 2) + (smaller ? 0 : 1)), "the " + fullName(*a),
                           "the " + fullName(*b)),
                    fullName(isFirst ? *a : *b));
    }

    std::optional<Question> compare() {
        const auto pair = pairOf([](const SceneObject& a, const SceneObject& b) { return a.size != b.size; });
        if (!pair) return std::nullopt;
        const auto& [a, b] = *pair;
        const bool larger = m_random.chance(0.5);
        const SceneObject& answer = (a->size == Size::Large) == larger ? *a : *b;
        return made(worded(m_random, larger ? detail::largerWordings() : detail::smallerWordings(), "the " + fullName(*a),
                           "the " + fullName(*b)),
                    fullName(answer));
    }

    std::optional<Question> compareCounts() {
        const auto all = groups(m_random.chance(0.5));
        std::vector<std::pair<std::size_t, std::size_t>> pairs;
        for (std::size_t a = 0; a < all.size(); ++a) {
            for (std::size_t b = 0; b < all.size(); ++b) {
                if (all[a].members != all[b].members && all[a].members + all[b].members > 1) pairs.emplace_back(a, b);
            }
        }
        if (pairs.empty()) return std::nullopt;
        const auto [a, b] = m_random.pick(pairs);
        const bool more = m_random.chance(0.5);
        const bool yes = (all[a].members > all[b].members) == more;
        return made(worded(m_random, more ? detail::moreWordings() : detail::fewerWordings(), all[a].name, all[b].name),
                    yes ? "yes" : "no");
    }

    std::optional<Question> signCount() {
        // Where no picture of the form has signs, the form would give the answer away.
        if (!m_scene.mayHaveSigns()) return std::nullopt;
        return made(worded(m_random, detail::signCountWordings()), std::to_string(m_scene.signs.size()));
    }

    std::optional<Question> print() {
        if (m_scene.signs.empty()) return std::nullopt;
        const Sign& sign = m_random.pick(m_scene.signs);
        const std::string name = m_random.pick(namesOf(m_scene, sign));
        auto wordings = detail::printWordings();
        if (m_kind != Kind::String && m_random.chance(0.25))
            wordings = sign.isNumber() ? detail::numberWordings() : detail::wordWordings();
        return made(worded(m_random, wordings, name), sign.text);
    }

    // Squares only.  A cell under a sign is not asked for.
    std::optional<Question> cell() {
        if (m_scene.form != Form::Square) return std::nullopt;
        std::vector<std::pair<detail::Ninth, std::string>> cells;
        for (int at = 0; at < 9; ++at) {
            const detail::Ninth ninth{at % 3, at / 3};
            const bool underSign = std::any_of(m_scene.signs.begin(), m_scene.signs.end(), [&](const Sign& sign) {
                return sign.row == ninth.row && (sign.column == ninth.column || sign.column + 1 == ninth.column);
            });
            if (underSign) continue;
            const auto object = std::find_if(m_scene.objects.begin(), m_scene.objects.end(), [&](const SceneObject& o) {
                return o.column == ninth.column && o.row == ninth.row;
            });
            const bool empty = object == m_scene.objects.end();
            if (empty && !m_random.chance(0.3)) continue;
            cells.emplace_back(ninth, empty ? "nothing" : std::string(nameOf(object->size)) + ' ' + fullName(*object));
        }
        if (cells.empty()) return std::nullopt;
        const auto& [ninth, answer] = m_random.pick(cells);
        return made(worded(m_random, detail::cellWordings(), detail::placePhrase(ninth)), answer);
    }

    const Scene& m_scene;
    Random& m_random;
    Kind m_kind = Kind::Shape;
};

bool needsObjects(Kind kind) {
    return kind != Kind::NSign && kind != Kind::Print && kind != Kind::SmallPrint && kind != Kind::String && kind != Kind::Cell;
}

}  // namespace

std::optional<Kind> kindOf(std::string_view name) {
    for (std::size_t i = 0; i < kKindCount; ++i) {
        if (kKindNames[i] == name) return static_cast<Kind>(i);
    }
    return std::nullopt;
}

std::optional<Question> ask(const Scene& scene, Kind kind, Random& random) {
    if (needsObjects(kind) && scene.objects.empty()) return std::nullopt;
    return Asker(scene, random).ask(kind);
}

std::vector<Question> askSeveral(const Scene& scene, const KindWeights& weights, int count, Random& random) {
    std::vector<Question> questions;
    // A kind that the scene has no (further) question of costs one try.
    for (int attempt = 0; attempt < 4 * count && std::ssize(questions) < count; ++attempt) {
        const auto kind = static_cast<Kind>(random.weighted(weights));
        if (weights[indexOf(kind)] <= 0.0) break;  // all weights are 0
        auto question = ask(scene, kind, random);
        if (!question) continue;
        const bool asked =
            std::any_of(questions.begin(), questions.end(), [&](const Question& q) { return q.text == question->text; });
        if (!asked) questions.push_back(std::move(*question));
    }
    return questions;
}

std::vector<std::string> everyPhrase() {
    std::vector<std::string> phrases;
    const auto add = [&](const auto& names) { phrases.insert(phrases.end(), names.begin(), names.end()); };
    add(detail::allPatterns());
    add(detail::allReferenceWords());
    add(kShapeNames);
    add(kShapePlurals);
    add(kColourNames);
    add(kSizeNames);
    add(kPlateNames);
    for (const std::string_view word : {"yes", "no", "nothing"}) phrases.emplace_back(word);
    return phrases;
}

}  // namespace lapidary::scenes
