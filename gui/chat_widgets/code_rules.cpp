#include "gui/chat_widgets/code_rules.h"

#include <algorithm>
#include <array>

namespace lapidary::gui {
namespace {

using Word = std::u16string_view;

// Keywords as the languages' references list them, with the literals (true, null) and, for C++, the fundamental types.
constexpr auto kCpp = std::to_array<Word>(
    {u"alignas",       u"alignof",     u"asm",      u"auto",      u"bool",       u"break",     u"case",
     u"catch",         u"char",        u"char16_t", u"char32_t",  u"char8_t",    u"class",     u"co_await",
     u"co_return",     u"co_yield",    u"concept",  u"const",     u"const_cast", u"consteval", u"constexpr",
     u"constinit",     u"continue",    u"decltype", u"default",   u"delete",     u"do",        u"double",
     u"dynamic_cast",  u"else",        u"enum",     u"explicit",  u"export",     u"extern",    u"false",
     u"final",         u"float",       u"for",      u"friend",    u"goto",       u"if",        u"inline",
     u"int",           u"long",        u"mutable",  u"namespace", u"new",        u"noexcept",  u"nullptr",
     u"operator",      u"override",    u"private",  u"protected", u"public",     u"register",  u"reinterpret_cast",
     u"requires",      u"restrict",    u"return",   u"short",     u"signed",     u"sizeof",    u"static",
     u"static_assert", u"static_cast", u"struct",   u"switch",    u"template",   u"this",      u"thread_local",
     u"throw",         u"true",        u"try",      u"typedef",   u"typeid",     u"typename",  u"union",
     u"unsigned",      u"using",       u"virtual",  u"void",      u"volatile",   u"wchar_t",   u"while"});

constexpr auto kPython = std::to_array<Word>(
    {u"False",  u"None",     u"True",   u"and", u"as",    u"assert", u"async",  u"await",    u"break", u"case",
     u"class",  u"continue", u"def",    u"del", u"elif",  u"else",   u"except", u"finally",  u"for",   u"from",
     u"global", u"if",       u"import", u"in",  u"is",    u"lambda", u"match",  u"nonlocal", u"not",   u"or",
     u"pass",   u"raise",    u"return", u"try", u"while", u"with",   u"yield"});

constexpr auto kJavaScript = std::to_array<Word>(
    {u"abstract",   u"any",       u"as",       u"async",      u"await",     u"boolean",   u"break",  u"case",      u"catch",
     u"class",      u"const",     u"continue", u"debugger",   u"declare",   u"default",   u"delete", u"do",        u"else",
     u"enum",       u"export",    u"extends",  u"false",      u"finally",   u"for",       u"from",   u"function",  u"if",
     u"implements", u"import",    u"in",       u"instanceof", u"interface", u"keyof",     u"let",    u"namespace", u"never",
     u"new",        u"null",      u"number",   u"of",         u"private",   u"protected", u"public", u"readonly",  u"return",
     u"static",     u"string",    u"super",    u"switch",     u"this",      u"throw",     u"true",   u"try",       u"type",
     u"typeof",     u"undefined", u"unknown",  u"var",        u"void",      u"while",     u"with",   u"yield"});

constexpr auto kRust = std::to_array<Word>(
    {u"Self", u"as",   u"async",  u"await",  u"bool", u"break",  u"char",   u"const",  u"continue", u"crate", u"dyn",
     u"else", u"enum", u"extern", u"f32",    u"f64",  u"false",  u"fn",     u"for",    u"i128",     u"i16",   u"i32",
     u"i64",  u"i8",   u"if",     u"impl",   u"in",   u"isize",  u"let",    u"loop",   u"match",    u"mod",   u"move",
     u"mut",  u"pub",  u"ref",    u"return", u"self", u"static", u"str",    u"struct", u"super",    u"trait", u"true",
     u"type", u"u128", u"u16",    u"u32",    u"u64",  u"u8",     u"unsafe", u"use",    u"usize",    u"where", u"while"});

constexpr auto kGo = std::to_array<Word>(
    {u"any",  u"bool",    u"break",       u"byte",   u"case",    u"chan",    u"const",  u"continue",  u"default", u"defer",
     u"else", u"error",   u"fallthrough", u"false",  u"float32", u"float64", u"for",    u"func",      u"go",      u"goto",
     u"if",   u"import",  u"int",         u"int16",  u"int32",   u"int64",   u"int8",   u"interface", u"iota",    u"map",
     u"nil",  u"package", u"range",       u"return", u"rune",    u"select",  u"string", u"struct",    u"switch",  u"true",
     u"type", u"uint",    u"uint16",      u"uint32", u"uint64",  u"uint8",   u"var"});

constexpr auto kJava = std::to_array<Word>(
    {u"abstract",  u"assert",       u"boolean", u"break",  u"byte",   u"case",      u"catch",      u"char",     u"class",
     u"const",     u"continue",     u"default", u"do",     u"double", u"else",      u"enum",       u"extends",  u"false",
     u"final",     u"finally",      u"float",   u"for",    u"goto",   u"if",        u"implements", u"import",   u"instanceof",
     u"int",       u"interface",    u"long",    u"native", u"new",    u"null",      u"package",    u"permits",  u"private",
     u"protected", u"public",       u"record",  u"return", u"sealed", u"short",     u"static",     u"strictfp", u"super",
     u"switch",    u"synchronized", u"this",    u"throw",  u"throws", u"transient", u"true",       u"try",      u"var",
     u"void",      u"volatile",     u"while",   u"yield"});

constexpr auto kBash = std::to_array<Word>(
    {u"break",  u"case",   u"cd",  u"continue", u"declare",  u"do",   u"done", u"echo",  u"elif",   u"else", u"esac",
     u"exit",   u"export", u"fi",  u"for",      u"function", u"if",   u"in",   u"local", u"printf", u"read", u"readonly",
     u"return", u"select", u"set", u"shift",    u"source",   u"then", u"trap", u"unset", u"until",  u"while"});

constexpr auto kJson = std::to_array<Word>({u"false", u"null", u"true"});
constexpr auto kYaml = std::to_array<Word>({u"false", u"no", u"null", u"off", u"on", u"true", u"yes"});

constexpr auto kSql = std::to_array<Word>(
    {u"add",     u"all",       u"alter",   u"and",       u"as",          u"asc",        u"begin",  u"between",  u"by",
     u"cascade", u"case",      u"check",   u"column",    u"commit",      u"constraint", u"create", u"cross",    u"database",
     u"default", u"delete",    u"desc",    u"distinct",  u"drop",        u"else",       u"end",    u"except",   u"exists",
     u"false",   u"foreign",   u"from",    u"full",      u"group",       u"having",     u"if",     u"in",       u"index",
     u"inner",   u"insert",    u"integer", u"intersect", u"into",        u"is",         u"join",   u"key",      u"left",
     u"like",    u"limit",     u"not",     u"null",      u"offset",      u"on",         u"or",     u"order",    u"outer",
     u"over",    u"partition", u"primary", u"real",      u"references",  u"returning",  u"right",  u"rollback", u"select",
     u"set",     u"table",     u"text",    u"then",      u"transaction", u"trigger",    u"true",   u"union",    u"unique",
     u"update",  u"using",     u"values",  u"varchar",   u"view",        u"when",       u"where",  u"with"});

static_assert(std::ranges::is_sorted(kCpp) && std::ranges::is_sorted(kPython) && std::ranges::is_sorted(kJavaScript) &&
              std::ranges::is_sorted(kRust) && std::ranges::is_sorted(kGo) && std::ranges::is_sorted(kJava) &&
              std::ranges::is_sorted(kBash) && std::ranges::is_sorted(kJson) && std::ranges::is_sorted(kYaml) &&
              std::ranges::is_sorted(kSql));

constexpr auto kPlainQuotes = std::to_array<QuoteRule>({{u"\""}, {u"'"}});
constexpr auto kPythonQuotes = std::to_array<QuoteRule>({{u"\"\"\"", true, true}, {u"'''", true, true}, {u"\""}, {u"'"}});
constexpr auto kJavaScriptQuotes = std::to_array<QuoteRule>({{u"\""}, {u"'"}, {u"`", true, true}});
constexpr auto kRustQuotes = std::to_array<QuoteRule>({{u"\"", true, true}});
constexpr auto kGoQuotes = std::to_array<QuoteRule>({{u"\""}, {u"'"}, {u"`", false, true}});
constexpr auto kJavaQuotes = std::to_array<QuoteRule>({{u"\"\"\"", true, true}, {u"\""}, {u"'"}});
constexpr auto kBashQuotes = std::to_array<QuoteRule>({{u"\"", true, true}, {u"'", false, true}});
constexpr auto kJsonQuotes = std::to_array<QuoteRule>({{u"\""}});
constexpr auto kYamlQuotes = std::to_array<QuoteRule>({{u"\""}, {u"'", false}});
constexpr auto kSqlQuotes = std::to_array<QuoteRule>({{u"'", false, true}, {u"\"", false}});

constexpr CodeRules kNoRules{};
constexpr CodeRules kCppRules{.keywords = kCpp,
                              .lineComment = u"//",
                              .blockOpen = u"/*",
                              .blockClose = u"*/",
                              .quotes = kPlainQuotes,
                              .rawStrings = RawStrings::Cpp,
                              .directives = true};
constexpr CodeRules kPythonRules{.keywords = kPython, .lineComment = u"#", .quotes = kPythonQuotes};
constexpr CodeRules kJavaScriptRules{
    .keywords = kJavaScript, .lineComment = u"//", .blockOpen = u"/*", .blockClose = u"*/", .quotes = kJavaScriptQuotes};
constexpr CodeRules kRustRules{.keywords = kRust,
                               .lineComment = u"//",
                               .blockOpen = u"/*",
                               .blockClose = u"*/",
                               .nested = true,
                               .quotes = kRustQuotes,
                               .rawStrings = RawStrings::Rust,
                               .lifetimes = true};
constexpr CodeRules kGoRules{
    .keywords = kGo, .lineComment = u"//", .blockOpen = u"/*", .blockClose = u"*/", .quotes = kGoQuotes};
constexpr CodeRules kJavaRules{
    .keywords = kJava, .lineComment = u"//", .blockOpen = u"/*", .blockClose = u"*/", .quotes = kJavaQuotes};
constexpr CodeRules kBashRules{.keywords = kBash, .lineComment = u"#", .commentNeedsSpace = true, .quotes = kBashQuotes};
constexpr CodeRules kJsonRules{
    .keywords = kJson, .lineComment = u"//", .blockOpen = u"/*", .blockClose = u"*/", .quotes = kJsonQuotes, .keys = true};
constexpr CodeRules kYamlRules{
    .keywords = kYaml, .lineComment = u"#", .commentNeedsSpace = true, .quotes = kYamlQuotes, .keys = true};
constexpr CodeRules kSqlRules{
    .keywords = kSql, .lineComment = u"--", .blockOpen = u"/*", .blockClose = u"*/", .quotes = kSqlQuotes, .ignoreCase = true};

struct Name {
    std::u16string_view name;
    CodeLanguage language;
};

constexpr auto kNames = std::to_array<Name>({{u"c", CodeLanguage::Cpp},
                                             {u"h", CodeLanguage::Cpp},
                                             {u"cc", CodeLanguage::Cpp},
                                             {u"cpp", CodeLanguage::Cpp},
                                             {u"c++", CodeLanguage::Cpp},
                                             {u"cxx", CodeLanguage::Cpp},
                                             {u"hpp", CodeLanguage::Cpp},
                                             {u"cuda", CodeLanguage::Cpp},
                                             {u"py", CodeLanguage::Python},
                                             {u"python", CodeLanguage::Python},
                                             {u"python3", CodeLanguage::Python},
                                             {u"js", CodeLanguage::JavaScript},
                                             {u"jsx", CodeLanguage::JavaScript},
                                             {u"ts", CodeLanguage::JavaScript},
                                             {u"tsx", CodeLanguage::JavaScript},
                                             {u"javascript", CodeLanguage::JavaScript},
                                             {u"typescript", CodeLanguage::JavaScript},
                                             {u"rs", CodeLanguage::Rust},
                                             {u"rust", CodeLanguage::Rust},
                                             {u"go", CodeLanguage::Go},
                                             {u"golang", CodeLanguage::Go},
                                             {u"java", CodeLanguage::Java},
                                             {u"sh", CodeLanguage::Bash},
                                             {u"bash", CodeLanguage::Bash},
                                             {u"zsh", CodeLanguage::Bash},
                                             {u"shell", CodeLanguage::Bash},
                                             {u"console", CodeLanguage::Bash},
                                             {u"json", CodeLanguage::Json},
                                             {u"jsonc", CodeLanguage::Json},
                                             {u"jsonl", CodeLanguage::Json},
                                             {u"yaml", CodeLanguage::Yaml},
                                             {u"yml", CodeLanguage::Yaml},
                                             {u"html", CodeLanguage::Markup},
                                             {u"xml", CodeLanguage::Markup},
                                             {u"svg", CodeLanguage::Markup},
                                             {u"xhtml", CodeLanguage::Markup},
                                             {u"sql", CodeLanguage::Sql},
                                             {u"sqlite", CodeLanguage::Sql},
                                             {u"postgresql", CodeLanguage::Sql},
                                             {u"mysql", CodeLanguage::Sql}});

}  // namespace

CodeLanguage codeLanguage(QStringView name) {
    const auto found = std::find_if(kNames.begin(), kNames.end(), [name](const Name& entry) {
        return name.compare(QStringView(entry.name), Qt::CaseInsensitive) == 0;
    });
    return found == kNames.end() ? CodeLanguage::None : found->language;
}

const CodeRules& codeRules(CodeLanguage language) {
    switch (language) {
        case CodeLanguage::Cpp: return kCppRules;
        case CodeLanguage::Python: return kPythonRules;
        case CodeLanguage::JavaScript: return kJavaScriptRules;
        case CodeLanguage::Rust: return kRustRules;
        case CodeLanguage::Go: return kGoRules;
        case CodeLanguage::Java: return kJavaRules;
        case CodeLanguage::Bash: return kBashRules;
        case CodeLanguage::Json: return kJsonRules;
        case CodeLanguage::Yaml: return kYamlRules;
        case CodeLanguage::Sql: return kSqlRules;
        case CodeLanguage::Markup:
        case CodeLanguage::None: break;
    }
    return kNoRules;
}

}  // namespace lapidary::gui
