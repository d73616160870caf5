// Colours for code in answers: which stretches are keywords, strings, comments and numbers.  A lexer of a few rules a language, not a
// parser: it must look right on code as people write it and be harmless on everything else.  Pure functions.
#pragma once

#include <QString>
#include <QStringView>
#include <cstdint>
#include <vector>

namespace lapidary::gui {

enum class CodeLanguage : std::uint8_t { None, Cpp, Python, JavaScript, Rust, Go, Java, Bash, Json, Yaml, Markup, Sql };

// The language of a fence's first word ("c++", "py", "tsx"); None where it is not known.
[[nodiscard]] CodeLanguage codeLanguage(QStringView name);

enum class CodeToken : std::uint8_t { Keyword, String, Comment, Number };

struct CodeSpan {
    qsizetype begin = 0;
    qsizetype length = 0;
    CodeToken token = CodeToken::Keyword;
    bool operator==(const CodeSpan&) const = default;
};

// What is still open where a text ended, so that the next line can be read alone.
struct CodeState {
    bool open = false;  // a comment or a string, up to `terminator`
    CodeToken token = CodeToken::Comment;
    QString opener{};  // not empty: nests
    QString terminator{};
    bool escapes = false;  // a backslash hides the character behind it
    int depth = 0;
    bool inTag = false;  // Markup: between < and >
    bool operator==(const CodeState&) const = default;
};

// Spans in order, none empty, none overlapping another.  A text may be given whole or line by line (without the line ends) with one
// state: characters get the same colours.
[[nodiscard]] std::vector<CodeSpan> lexCode(CodeLanguage language, QStringView text, CodeState& state);
[[nodiscard]] std::vector<CodeSpan> lexCode(CodeLanguage language, QStringView text);

}  // namespace lapidary::gui
