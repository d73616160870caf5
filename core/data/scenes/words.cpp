#include "core/data/scenes/words.h"

#include <array>

namespace lapidary::scenes {
namespace {

constexpr std::string_view kVowels = "AEUY";
constexpr std::string_view kConsonants = "BCDFGHJKLMNPRSTVWXZ";

// v: a vowel, c: a consonant.
constexpr std::array<std::string_view, 8> kPatterns{"cvc", "vcv", "cvv", "vcc", "cvcv", "vcvc", "cvcc", "ccvc"};

// Draws until the string lies on the right side of the rule: eight draws on average for the test set.
template <class Draw>
std::string onSide(Split split, const Draw& draw) {
    for (;;) {
        std::string text = draw();
        if (isReservedText(text) == (split == Split::Test)) return text;
    }
}

}  // namespace

std::string randomWord(Random& random, Split split) {
    return onSide(split, [&] {
        std::string word;
        for (const char kind : random.pick(kPatterns)) word += random.pick(kind == 'v' ? kVowels : kConsonants);
        return word;
    });
}

std::string randomNumber(Random& random, Split split) {
    return onSide(split,
                  [&] { return std::to_string(random.chance(0.4) ? random.between(10, 99) : random.between(100, 999)); });
}

std::string randomString(Random& random, Split split, int length) {
    const auto draw = [&] {
        const std::string_view characters = random.chance(1.0 / 3.0) ? kDigits : kLetters;
        std::string text;
        for (int i = 0; i < length; ++i) text += random.pick(characters);
        return text;
    };
    return length == 1 ? draw() : onSide(split, draw);
}

}  // namespace lapidary::scenes
