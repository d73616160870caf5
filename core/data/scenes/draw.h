// A plan turned into pixels.
#pragma once

#include "core/data/image/image_reader.h"
#include "core/data/scenes/scene.h"

namespace lapidary::scenes {

// [scene.height, scene.width, 3], the same bytes on every machine.
image::Picture drawScene(const Scene& scene);

// A picture of that scene's size with nothing on it: what the model says then, it guesses.
image::Picture blankPicture(const Scene& scene);

}  // namespace lapidary::scenes
