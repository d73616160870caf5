// What signs say: pronounceable words of 3 or 4 capitals, numbers of 2 or 3 digits, and (to practise reading) random strings.
// O, I and Q are left out of words: at ten pixels they are 0, 1 and 0.
#pragma once

#include <string>
#include <string_view>

#include "core/data/scenes/held_out.h"
#include "core/data/scenes/random.h"

namespace lapidary::scenes {

inline constexpr std::string_view kLetters = "ABCDEFGHJKLMNPRSTUVWXYZ";
inline constexpr std::string_view kDigits = "0123456789";

// Reserved ones for the test set, all others for training.
std::string randomWord(Random& random, Split split);
std::string randomNumber(Random& random, Split split);
// `length` >= 1 letters or (one time in three) digits, never both; at length 1 there is nothing to hold out.
std::string randomString(Random& random, Split split, int length);

}  // namespace lapidary::scenes
