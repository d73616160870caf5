// The JSON header of a safetensors file, read as a stream of events: no document tree is ever built, so a hostile header
// costs no more memory than the tensors that are accepted from it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/files/safetensors_file.h"
#include "core/shared/base/result.h"

namespace lapidary::files {

struct SafetensorsHeader {
    std::vector<SafetensorsTensor> tensors;  // as listed; offsets not yet checked against the file
    std::map<std::string, std::string> metadata;
};

// `text` begins at byte 8 of the file; positions in errors count from the start of the file.
Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view text);

// A name as it may appear in a message: at most `maxBytes`, control characters as '?'.
std::string printableName(std::string_view name, std::size_t maxBytes = 80);

}  // namespace lapidary::files
