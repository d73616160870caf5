// Strings that end an answer.  One may span tokens, so text is held back while it could still be the beginning of one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lapidary::generate {

class StopStrings {
public:
    // Empty strings are left out: they would end every answer before it began.
    explicit StopStrings(std::vector<std::string> strings);

    // Takes the next piece; returns the text that no stop string can begin in any more.  After found(), nothing more.
    std::string push(std::string_view piece);
    // The answer ended: what was held back (nothing after found()).
    std::string finish();

    // A stop string was met; it and what follows it are not part of the text.
    [[nodiscard]] bool found() const { return m_found; }

private:
    std::vector<std::string> m_strings;
    std::string m_held;
    bool m_found = false;
};

}  // namespace lapidary::generate
