// Scenes by key: the layout rules of the demo model's pictures.
#pragma once

#include <cstdint>

#include "core/data/scenes/held_out.h"
#include "core/data/scenes/random.h"
#include "core/data/scenes/scene.h"

namespace lapidary::scenes {

// What a scene is for.
enum class Layout : std::uint8_t {
    Mixed,  // objects and signs, as the model is asked about them
    Cells,  // practice: square; every cell drawn for itself, few are empty; up to two signs with random strings
    Strings,  // practice: square; one to three signs with random strings, one a row, and nothing else
    Tokens,  // for the tower alone: square; 4 x 4 cells of one soft token each with an object, a sign of up to 3 characters, or nothing
};

struct SceneSettings {
    Layout layout = Layout::Mixed;
    Form form = Form::Square;  // of Mixed
    int squares = 1;  // k of wide and tall pictures, 2 to 4
    int minObjects = 1;
    int maxObjects = 5;
    int maxSigns = 2;
    int minLetters = 1;  // of random strings
    int maxLetters = 4;
};

// The scene of a key (held_out.h): the same on every machine.  Training keys give no reserved string or combination, test keys
// only reserved ones.  Strings on signs of Mixed scenes are words and numbers; tall pictures and those of two squares have no signs
// (NOTE [Small print] in scene.h).
Scene makeScene(std::uint64_t key, const SceneSettings& settings);

}  // namespace lapidary::scenes
