// A JSON value as Donut's tag sequence, the answers of the receipts data set (specification 6.2).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/shared/base/json.h"

namespace lapidary::dataset {

// Objects: <s_key>…</s_key> for each key in reverse code point order, or the value alone where "text_sequence" is the only key; lists:
// elements joined by <sep/>; all else as Python's str() writes it (None, True, 1.0, 1e+16).  Nothing is escaped.
std::string jsonToTokens(const Json& value);

}  // namespace lapidary::dataset
