// What belongs to the test set and is never trained on (a rule, not a list): one eighth of all printed strings, one eighth of all
// combinations of coloured shapes and strings, and half of all keys.  Both directions are enforced in make_scene.cpp: training
// takes nothing reserved, the test set nothing that is not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/data/scenes/scene.h"

namespace lapidary::scenes {

enum class Split : std::uint8_t { Train, Test };
constexpr std::string_view nameOf(Split split) { return split == Split::Train ? "train" : "test"; }

// The key of scene `index` of a run with `seed`.  Its highest bit is the split, so that no seed and no index of training meets one
// of the test set.
std::uint64_t sceneKey(Split split, std::uint64_t seed, std::uint64_t index);
Split splitOfKey(std::uint64_t key);

// Strings of two characters and more; single characters cannot be held out.
bool isReservedText(std::string_view text);

// "black star|red circle|KEB": the coloured shapes of a scene in order, each once, then what is printed.
std::string combinationOf(const Scene& scene);
bool isReservedCombination(const Scene& scene);

}  // namespace lapidary::scenes
