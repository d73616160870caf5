#include "gui/chat_widgets/code_lexer.h"

#include <gtest/gtest.h>

#include <QStringList>
#include <random>

namespace lapidary::gui {
namespace {

// "K:int C:// x" for readable expectations.
std::string spans(CodeLanguage language, const QString& text) {
    QStringList found;
    for (const CodeSpan& span : lexCode(language, text))
        found << QString(u"KSCN"[static_cast<int>(span.token)]) + u':' + text.mid(span.begin, span.length);
    return found.join(u'|').toStdString();
}

// One letter a character, '.' for none; line ends are nothing's.
QString coloured(const QString& text, const std::vector<CodeSpan>& spans) {
    QString colours(text.size(), u'.');
    for (const CodeSpan& span : spans) {
        for (qsizetype i = span.begin; i < span.begin + span.length; ++i) {
            if (text[i] != u'\n') colours[i] = u"KSCN"[static_cast<int>(span.token)];
        }
    }
    return colours;
}

TEST(CodeLexer, Cpp) {
    EXPECT_EQ(spans(CodeLanguage::Cpp, "#include <x>\nint a = 0x1F + 1'000; // done"),
              "K:#include|K:int|N:0x1F|N:1'000|C:// done");
    EXPECT_EQ(spans(CodeLanguage::Cpp, "auto s = R\"x(a\")\")x\"; char c = '\\'';"), "K:auto|S:R\"x(a\")\")x\"|K:char|S:'\\''");
    EXPECT_EQ(spans(CodeLanguage::Cpp, "/* a\nint */ return 1e-5f;"), "C:/* a\nint */|K:return|N:1e-5f");
    EXPECT_EQ(spans(CodeLanguage::Cpp, "printer(internal)"), "");
}

TEST(CodeLexer, Python) {
    EXPECT_EQ(spans(CodeLanguage::Python, "def f(x):\n    \"\"\"a\n'b\"\"\"\n    return x  # no"),
              "K:def|S:\"\"\"a\n'b\"\"\"|K:return|C:# no");
    EXPECT_EQ(spans(CodeLanguage::Python, "x = 'it\\'s' if True else None"), "S:'it\\'s'|K:if|K:True|K:else|K:None");
}

TEST(CodeLexer, JavaScript) {
    EXPECT_EQ(spans(CodeLanguage::JavaScript, "const a = `x\n${y}`; let $b = 3.5;"), "K:const|S:`x\n${y}`|K:let|N:3.5");
}

TEST(CodeLexer, Rust) {
    EXPECT_EQ(spans(CodeLanguage::Rust, "fn f<'a>(x: &'a str) -> char { 'x' }"), "K:fn|K:str|K:char|S:'x'");
    EXPECT_EQ(spans(CodeLanguage::Rust, "/* a /* b */ c */ let s = r#\"q\"q\"#;"), "C:/* a /* b */ c */|K:let|S:r#\"q\"q\"#");
}

TEST(CodeLexer, GoJavaBash) {
    EXPECT_EQ(spans(CodeLanguage::Go, "func main() { s := `a\\` }"), "K:func|S:`a\\`");
    EXPECT_EQ(spans(CodeLanguage::Java, "public int x = 3; /** doc */"), "K:public|K:int|N:3|C:/** doc */");
    EXPECT_EQ(spans(CodeLanguage::Bash, "for f in a#b; do echo \"$f\" 'x'; done # all"),
              "K:for|K:in|K:do|K:echo|S:\"$f\"|S:'x'|K:done|C:# all");
}

TEST(CodeLexer, JsonYamlSql) {
    EXPECT_EQ(spans(CodeLanguage::Json, "{\"a\": \"b\", \"n\": -1.5, \"t\": true}"),
              "K:\"a\"|S:\"b\"|K:\"n\"|N:1.5|K:\"t\"|K:true");
    EXPECT_EQ(spans(CodeLanguage::Yaml, "name: x # c\n- size: 3\nurl: http://a"), "K:name|C:# c|K:size|N:3|K:url");
    EXPECT_EQ(spans(CodeLanguage::Sql, "SELECT a FROM t WHERE b = 'it''s' -- x"),
              "K:SELECT|K:FROM|K:WHERE|S:'it'|S:'s'|C:-- x");
}

TEST(CodeLexer, Markup) {
    EXPECT_EQ(spans(CodeLanguage::Markup, "<!-- a\nb --><p class=\"x\">a &amp; b</p>"),
              "C:<!-- a\nb -->|K:<p|S:\"x\"|K:>|N:&amp;|K:</p|K:>");
}

TEST(CodeLexer, NamesOfLanguages) {
    EXPECT_EQ(codeLanguage(u"C++"), CodeLanguage::Cpp);
    EXPECT_EQ(codeLanguage(u"TSX"), CodeLanguage::JavaScript);
    EXPECT_EQ(codeLanguage(u"yml"), CodeLanguage::Yaml);
    EXPECT_EQ(codeLanguage(u"brainfuck"), CodeLanguage::None);
    EXPECT_TRUE(lexCode(CodeLanguage::None, u"int x;").empty());
}

// A text line by line gets the colours that it gets whole, spans are in order, and no input hurts.
TEST(CodeLexer, LineByLineIsTheSameAsWhole) {
    const QStringList pieces{"int ",   "\"",  "'",      "\n",  "\\",    "/*",   "*/",   "//",  "#",   "`",
                             "\"\"\"", "'''", "r#\"",   "\"#", "R\"x(", ")x\"", "<!--", "-->", "<a ", ">",
                             "name:",  "- ",  "1.5e-3", "x",   " ",     "é",    "&lt;", "--",  "0x",  "''"};
    std::mt19937 random(5);
    for (int round = 0; round < 3000; ++round) {
        QString text;
        for (unsigned i = 0, n = random() % 24; i < n; ++i) text += pieces[static_cast<qsizetype>(random() % pieces.size())];
        const auto language = static_cast<CodeLanguage>(1 + random() % 11);
        const std::vector<CodeSpan> whole = lexCode(language, text);
        qsizetype end = 0;
        for (const CodeSpan& span : whole) {
            ASSERT_GE(span.begin, end);
            ASSERT_GT(span.length, 0);
            end = span.begin + span.length;
        }
        ASSERT_LE(end, text.size());
        CodeState state;
        QStringList lines;
        for (const QString& line : text.split(u'\n')) lines << coloured(line, lexCode(language, line, state));
        QString expected = coloured(text, whole);
        for (qsizetype i = 0; i < text.size(); ++i) {
            if (text[i] == u'\n') expected[i] = u'\n';
        }
        ASSERT_EQ(lines.join(u'\n').toStdString(), expected.toStdString())
            << text.toStdString() << "\nlanguage " << static_cast<int>(language);
    }
}

}  // namespace
}  // namespace lapidary::gui
