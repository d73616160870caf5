// The parts of `lapidary dataset`, one file each: every one is a verb of its own below the verb.
#pragma once

#include <memory>

#include "app/lapidary/verb.h"

namespace lapidary::app {

std::unique_ptr<Verb> makeDatasetCheckVerb();
std::unique_ptr<Verb> makeDatasetPreviewVerb();
// `dataset make MAKER`, from local copies.
std::unique_ptr<Verb> makeDatasetCopyVerb(const std::string& maker);
// `dataset make scenes`, from numbers.
std::unique_ptr<Verb> makeDatasetScenesVerb();

}  // namespace lapidary::app
