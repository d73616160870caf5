// YAML from outside as JSON values: the core schema (null, booleans, numbers, texts), block and flow style.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/shared/base/result.h"

namespace lapidary::files {

// The one document in `text`, at most 1 MiB.  An empty document is an empty object.  Numbers as Hydra reads them ("1e-4" is one).
// Errors: InvalidData with line and column: what is not YAML; anchors, aliases and tags (with which a small text grows without end, or
// makes objects); duplicate keys and keys that are no texts; nan, inf and numbers that do not fit; more than 64 levels or 100 000
// values; a second document; bytes that are not UTF-8.
Result<nlohmann::json> parseYaml(std::string_view text, const std::string& source);

}  // namespace lapidary::files
