// The document of `lapidary inspect` for a person.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace lapidary::app {

void printInspection(const nlohmann::ordered_json& document);

}  // namespace lapidary::app
