// Regular expressions over module names, as adapters name their targets (Python's `re`, whole match).
// A subset of our own instead of std::regex: expressions come from strangers' files, and std::regex backtracks (exponential time)
// and recurses (stack).  Here time is length of the name times length of the program, and the program is bounded.
// Read: literals, escapes, . \d \w \s \D \W \S [sets], groups, |, * + ? {m,n} and their lazy forms (the same whole matches),
// ^ $ \A \Z \b \B.  Refused by name: look-around, back-references, flags.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::plan {

class NamePattern {
public:
    static constexpr std::size_t kMaxLength = 4096;  // peft's own lists of full names become long expressions
    static constexpr std::size_t kMaxProgram = 50'000;  // steps, after {m,n} is written out

    // Errors: InvalidData (position and what is wrong), Unsupported (a construct that is not read).
    static Result<NamePattern> compile(std::string_view expression);

    // Whether the expression matches all of `name` (re.fullmatch).
    [[nodiscard]] bool matches(std::string_view name) const;

    struct Step {
        enum class Kind : std::uint8_t { Set, Split, Begin, End, WordEdge, NotWordEdge, Match };
        Kind kind = Kind::Match;
        std::uint32_t next = 0;
        std::uint32_t other = 0;  // Split: the second way
        std::bitset<256> set;  // Set: bytes that lead on
    };

private:
    std::vector<Step> m_steps;
};

}  // namespace lapidary::plan
