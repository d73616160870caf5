// Questions about a scene, as a person would type them, with the one answer that counts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/scenes/random.h"
#include "core/data/scenes/scene.h"

namespace lapidary::scenes {

enum class Kind : std::uint8_t {
    Shape,       // "what shape is the red object?"            "circle"
    Colour,      // "what colour is the circle?"               "red"
    Count,       // "how many circles are there?"              "0" … "5"
    Position,    // "where is the red circle?"                 "top left", "top", … "middle", …
    Size,        // "what size is the red circle?"             "small", "large"
    Exist,       // "is there a red circle?"                   "yes", "no"
    Relation,    // "is the circle left of the star?"          "yes", "no"
    Compare,     // "which is larger, A or B?"                 "red circle"
    CmpCount,    // "are there more circles than stars?"       "yes", "no"
    NSign,       // "how many signs are there?"                "0", "1", "2"
    Print,       // "what does the sign say?" in a square      "KEB", "47"
    SmallPrint,  // … in a wide picture: two or three pixels a letter in the whole, legible in a crop alone
    Cell,        // practice: "what is in the top left?"       "large red circle", "nothing"
    String,      // practice: print, but any characters        "X", "W2" never: "WB", "307"
    Side,  // practice: "which is higher, A or B?"       "red circle"; what a relation compares, with an answer that tells more
};
inline constexpr std::size_t kKindCount = 15;
// The kinds that the model promises; the others are practice.
inline constexpr std::size_t kPromisedKinds = 12;
inline constexpr std::array<std::string_view, kKindCount> kKindNames{"shape", "colour",      "count",   "position", "size",
                                                                     "exist", "relation",    "compare", "cmpcount", "nsign",
                                                                     "print", "small-print", "cell",    "string",   "side"};
constexpr std::string_view nameOf(Kind kind) { return kKindNames[indexOf(kind)]; }
std::optional<Kind> kindOf(std::string_view name);

struct Question {
    Kind kind = Kind::Shape;
    std::string text;  // all lower case
    std::string answer;  // lower case, but what is printed
    bool operator==(const Question&) const = default;
};

// How often each kind is tried; 0: never.
using KindWeights = std::array<double, kKindCount>;

// A question of that kind whose answer is certain, or nothing where the scene has none.  Among the scene's questions rare answers
// are drawn more often, so that over many scenes no answer is a good guess.
std::optional<Question> ask(const Scene& scene, Kind kind, Random& random);

// Up to `count` different questions, their kinds drawn by weight.
std::vector<Question> askSeveral(const Scene& scene, const KindWeights& weights, int count, Random& random);

// Everything that questions and answers can hold, one entry a word or name: what the vocabulary is made from.
std::vector<std::string> everyPhrase();

}  // namespace lapidary::scenes
