// What a stage of training sees and is asked: the recipe's `dataset.scenes`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/data/scenes/make_scene.h"
#include "core/data/scenes/question.h"
#include "core/shared/base/result.h"

namespace lapidary::scenes {

// How often each kind of picture comes, relative to each other.
struct PictureWeights {
    double tokens = 0.0;   // Layout::Tokens, for the tower alone
    double cells = 0.0;    // Layout::Cells
    double strings = 0.0;  // Layout::Strings
    double square = 1.0;   // scenes in a square
    double two = 0.4;      // wide or tall scenes of two squares, three, four
    double three = 0.8;
    double four = 0.8;
    bool operator==(const PictureWeights&) const = default;
};

struct SceneMix {
    PictureWeights pictures;
    // Share of wide and tall pictures that are shown as one squeezed view, without crops; small print is not asked for then.
    double wholeOnly = 0.33;
    int questions = 8;  // about one picture, packed behind it
    int minObjects = 1;
    int maxObjects = 5;
    int maxSigns = 2;
    int minLetters = 1;  // of practice strings
    int maxLetters = 4;
    KindWeights kinds = promisedKinds();
    bool operator==(const SceneMix&) const = default;

    // All promised kinds; those that need more to be learnt more often.
    static KindWeights promisedKinds();

    // {"pictures": {"square": 1, …}, "whole_only": 0.33, "questions": 8, "min_objects": 1, "max_objects": 5, "max_signs": 2,
    //  "min_letters": 1, "max_letters": 4, "kinds": {"shape": 1, …}}; what is absent keeps its default, but where "pictures" or
    // "kinds" is given, what it does not name is 0.  Errors: InvalidData naming the key (unknown ones with the nearest known).
    static Result<SceneMix> fromJson(const nlohmann::json& root);
    [[nodiscard]] nlohmann::json toJson() const;
};

// What one picture of the mix is.
struct PictureChoice {
    SceneSettings settings;
    bool wholeOnly = false;
};
PictureChoice choosePicture(const SceneMix& mix, Random& random);

}  // namespace lapidary::scenes
