#include "gui/chat_widgets/markdown_splitter.h"

#include <gtest/gtest.h>

#include <QStringList>

namespace lapidary::gui {
namespace {

using Kind = MarkdownBlock::Kind;

// "paragraph:Some text|item 1.:foo"
std::string blocks(const QString& source) {
    static const char* const kNames[] = {"p", "h", "rule", "table", "quote", "item", "code", "indented"};
    QStringList found;
    for (const MarkdownBlock& block : splitMarkdown(source)) {
        QString name = QLatin1String(kNames[static_cast<int>(block.kind)]);
        if (block.kind == Kind::ListItem)
            name += block.number < 0 ? QString(block.mark) : QString::number(block.number) + block.mark;
        if (block.kind == Kind::Code) name += u' ' + block.language;
        QString text = source.mid(block.begin, block.end - block.begin).trimmed();
        if (block.kind == Kind::Code) text = source.mid(block.codeBegin, block.codeEnd - block.codeBegin).trimmed();
        found << name + u':' + text.replace(u'\n', u'/');
    }
    return found.join(u'|').toStdString();
}

TEST(MarkdownSplitter, Blocks) {
    EXPECT_EQ(blocks("# A\ntext\nmore\n\n---\n> q\n> r\n\nend"), "h:# A|p:text/more|rule:---|quote:> q/> r|p:end");
    EXPECT_EQ(blocks("Title\n=====\ntext"), "h:Title/=====|p:text");
    EXPECT_EQ(blocks("    indented\n    code\ntext"), "indented:indented/    code|p:text");
    EXPECT_EQ(blocks("#hash\n####### seven"), "p:#hash/####### seven");
    EXPECT_EQ(blocks(""), "");
}

TEST(MarkdownSplitter, Code) {
    EXPECT_EQ(blocks("```cpp\nint a;\n\n# no heading\n```\ntext"), "code cpp:int a;//# no heading|p:text");
    EXPECT_EQ(blocks("~~~~\n~~~\n~~~~"), "code :~~~");
    EXPECT_EQ(blocks("text\n```python title=x\nprint()"), "p:text|code python:print()");
    EXPECT_EQ(blocks("``` a`b"), "p:``` a`b");
}

TEST(MarkdownSplitter, ListsCountOn) {
    EXPECT_EQ(blocks("1. a\n1. b\n\n1. c"), "item1.:1. a|item2.:1. b|item3.:1. c");
    EXPECT_EQ(blocks("1. a\n```\nx\n```\n2. b"), "item1.:1. a|code :x|item2.:2. b");
    EXPECT_EQ(blocks("5) a\n6) b"), "item5):5) a|item6):6) b");
    EXPECT_EQ(blocks("* a\n  * b\n\n  more\n* c\n\ntext"), "item*:* a/  * b//  more|item*:* c|p:text");
    EXPECT_EQ(blocks("- a\nlazy\n- b"), "item-:- a/lazy|item-:- b");
    EXPECT_EQ(blocks("1.  **A:**\n    * b\n    * c"), "item1.:1.  **A:**/    * b/    * c");
    EXPECT_EQ(blocks("- a\n  ```\n- no item\n  ```\n- b"), "item-:- a/  ```|item-:- no item/  ```|item-:- b");
    EXPECT_EQ(blocks("text\n2. no list\n1. a list"), "p:text/2. no list|item1.:1. a list");
}

TEST(MarkdownSplitter, TablesMayFollowText) {
    EXPECT_EQ(blocks("| a | b |\n|---|---|\n| 1 | 2 |\n\ntext"), "table:| a | b |/|---|---|/| 1 | 2 ||p:text");
    EXPECT_EQ(blocks("See:\n| a | b |\n|---|---|\n| 1 | 2 |"), "p:See:|table:| a | b |/|---|---|/| 1 | 2 |");
}

TEST(MarkdownSplitter, WhatIsInside) {
    const QString item = "12.  a\n     - b\n\n     c";
    const std::vector<MarkdownBlock> found = splitMarkdown(item);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(itemContent(found[0], item).toStdString(), "a\n- b\n\nc");
    EXPECT_EQ(quoteContent(u"> a\n>b\n>  c\nlazy").toStdString(), "a\nb\n c\nlazy");
    EXPECT_EQ(withoutIndent(u"\tx", 4).toString().toStdString(), "x");
    EXPECT_EQ(withoutIndent(u"  x", 4).toString().toStdString(), "x");
}

TEST(MarkdownSplitter, UndecidedLinesWait) {
    const MarkdownSplitter splitter;
    for (const char* line : {"-", "#", "1.", "``", "---", "  ", "|--", "12"})
        EXPECT_TRUE(splitter.undecided(QString(line))) << line;
    for (const char* line : {"- a", "a", "1. x", "**b"}) EXPECT_FALSE(splitter.undecided(QString(line))) << line;
}

}  // namespace
}  // namespace lapidary::gui
