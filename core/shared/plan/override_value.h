// Values of Hydra's override grammar (specification megatron 5.4; hydra.cc "Basic Override syntax"): null, true, 1, 1e-4, text,
// 'quoted', [list], {key: value}.  The reader of YAML takes its plain scalars from here, so that a value means the same in both.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/shared/base/result.h"

namespace lapidary::plan {

// An empty text is the empty string; a bare text keeps its inner spaces.  Errors: InvalidData naming `place` and the byte: what is
// not closed or not expected, duplicate keys, numbers that no double or 64-bit integer holds, nan and inf, more than 32 levels,
// interpolations (${…}), sweeps (a,b), and bytes that are not UTF-8.
Result<nlohmann::json> parseOverrideValue(std::string_view text, const std::string& place);

// A plain scalar ("1e-4", "null", "True", "a b") as the value it means.  Errors: as above.
Result<nlohmann::json> plainScalar(std::string_view text, const std::string& place);

// Whether all of `text` is well-formed UTF-8.
bool isUtf8(std::string_view text);

}  // namespace lapidary::plan
