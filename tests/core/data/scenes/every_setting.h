// The settings that scenes are made with, for tests that walk through all of them.
#pragma once

#include <vector>

#include "core/data/scenes/make_scene.h"

namespace lapidary::scenes {

inline std::vector<SceneSettings> everySetting() {
    std::vector<SceneSettings> all;
    for (const Layout layout : {Layout::Mixed, Layout::Cells, Layout::Strings, Layout::Tokens}) {
        SceneSettings settings;
        settings.layout = layout;
        all.push_back(settings);
    }
    for (const Form form : {Form::Wide, Form::Tall}) {
        for (int squares = 2; squares <= 4; ++squares) {
            SceneSettings settings;
            settings.form = form;
            settings.squares = squares;
            all.push_back(settings);
        }
    }
    return all;
}

}  // namespace lapidary::scenes
