// A stretch of prompt text and who wrote it.  Only markup may become control tokens; content is what people typed (Fault23).
#pragma once

#include <string>

namespace lapidary::text {

struct Segment {
    bool markup = false;  // written by the chat template or the prompt expansion
    std::string text;
    bool operator==(const Segment&) const = default;
};

}  // namespace lapidary::text
