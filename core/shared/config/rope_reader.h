// Rotary parameters from every spelling of config.json (specification 1.4, step 4).  Private to this folder's sources.
#pragma once

#include <string>
#include <vector>

#include "core/shared/config/section_reader.h"
#include "core/shared/config/text_config.h"

namespace lapidary::config {

// Fills text.fullRope and text.slidingRope.  Complaints go to `section`, remarks to `warnings`.
void readRope(SectionReader& section, TextConfig& text, std::vector<std::string>& warnings);

}  // namespace lapidary::config
