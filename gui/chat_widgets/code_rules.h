// What the lexer knows of each language.
#pragma once

#include <span>
#include <string_view>

#include "gui/chat_widgets/code_lexer.h"

namespace lapidary::gui {

struct QuoteRule {
    std::u16string_view mark{};  // begins and ends the string
    bool escapes = true;
    bool overLines = false;
};

enum class RawStrings : std::uint8_t { None, Cpp, Rust };

struct CodeRules {
    std::span<const std::u16string_view> keywords{};  // sorted
    std::u16string_view lineComment{};
    bool commentNeedsSpace = false;  // `#` within a word is none
    std::u16string_view blockOpen{};
    std::u16string_view blockClose{};
    bool nested = false;
    std::span<const QuoteRule> quotes{};  // longer marks first
    RawStrings rawStrings = RawStrings::None;
    bool lifetimes = false;     // 'a is no string
    bool ignoreCase = false;    // keywords
    bool directives = false;    // # at the beginning of a line
    bool keys = false;          // "key": or key: is coloured as a keyword
};

[[nodiscard]] const CodeRules& codeRules(CodeLanguage language);

}  // namespace lapidary::gui
