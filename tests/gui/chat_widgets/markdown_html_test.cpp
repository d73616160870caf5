#include "gui/chat_widgets/markdown_html.h"

#include <gtest/gtest.h>

#include <QRegularExpression>
#include <QString>
#include <QXmlStreamReader>
#include <random>
#include <thread>

namespace lapidary::gui {
namespace {

// Without what is the same everywhere.
std::string html(const char* markdown) {
    QString text = markdownHtml(QString::fromUtf8(markdown));
    text.remove(QStringLiteral(" dir=\"auto\"")).remove(u'\n');
    return text.toStdString();
}

TEST(MarkdownHtml, Inline) {
    EXPECT_EQ(html("A **bold**, *slanted*, ~~gone~~, `x < y` and [a link](https://example.org/?a=1&b=\"2\").\nNext"),
              "<p>A <strong>bold</strong>, <em>slanted</em>, <del>gone</del>, <code>x &lt; y</code> and "
              "<a rel=\"noreferrer\" href=\"https://example.org/?a=1&amp;b=&quot;2&quot;\">a link</a>.<br>Next</p>");
}

TEST(MarkdownHtml, HeadingsBeginBelowThoseOfThePage) {
    EXPECT_EQ(html("# One\n\n## Two\n\n###### Six"), "<h3>One</h3><h4>Two</h4><h6>Six</h6>");
}

TEST(MarkdownHtml, ListsAreListsAndCountOn) {
    EXPECT_EQ(html("- a\n- b\n\n  3. c\n  4. d\n\n1) x\n"),
              "<ul><li><p>a</p></li><li><p>b</p><ol start=\"3\"><li><p>c</p></li><li><p>d</p></li></ol></li></ul>"
              "<ol start=\"1\"><li><p>x</p></li></ol>");
    EXPECT_EQ(html("- [ ] open\n- [x] done"),
              "<ul><li class=\"task\" data-box=\"☐\"><p>open</p></li><li class=\"task\" data-box=\"☑\"><p>done</p></li></ul>");
}

TEST(MarkdownHtml, TablesQuotesRulesCode) {
    EXPECT_EQ(html("| a | b |\n|:-:|--:|\n| 1 | **2** |\n\n> q\n> > r\n\n---"),
              "<table><tr><th>a</th><th>b</th></tr><tr><td style=\"text-align: center\">1</td><td style=\"text-align: "
              "right\"><strong>2</strong></td></tr></table>"
              "<blockquote><p>q</p><blockquote><p>r</p></blockquote></blockquote><hr>");
    EXPECT_EQ(markdownHtml(QStringLiteral("```cpp\nint a = 1;  // <b>\n\n  x\n```")).toStdString(),
              "<pre><code><span class=\"k\">int</span> a = <span class=\"n\">1</span>;  <span class=\"c\">// "
              "&lt;b&gt;</span>\n\n  x\n"
              "</code></pre>\n");
}

TEST(MarkdownHtml, CellsThatAreNotWrittenAreEmpty) {
    EXPECT_EQ(html("| a | b |\n|---|---|\n| one |\n"),
              "<table><tr><th>a</th><th>b</th></tr><tr><td>one</td><td></td></tr></table>");
}

// A list of Arabic is one of Arabic, its marks included.
TEST(MarkdownHtml, TheDirectionIsThatOfEachPart) {
    const QString made = markdownHtml(QStringLiteral("- عنصر\n\n> - x\n\ntext\n"));
    EXPECT_TRUE(made.startsWith(QStringLiteral("<ul dir=\"auto\">\n<li><p>"))) << made.toStdString();
    EXPECT_TRUE(made.contains(QStringLiteral("<blockquote dir=\"auto\"><ul>\n<li><p>x"))) << made.toStdString();
    EXPECT_EQ(made.count(QStringLiteral("dir=\"auto\"")), 3);
}

TEST(MarkdownHtml, NothingRunsAndNothingIsFetched) {
    EXPECT_EQ(html("<script>alert(1)</script>"), "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>");
    EXPECT_EQ(html("![a picture](https://tracker.example/a.png)"), "<p>a picture</p>");
    EXPECT_EQ(html("[press](javascript:alert(1)) [file](file:///etc/passwd)"), "<p>press file</p>");
    EXPECT_EQ(html("```\n</code></pre><img src=x>\n```"), "<pre><code>&lt;/code&gt;&lt;/pre&gt;&lt;img src=x&gt;</code></pre>");
}

// Whatever is written: elements are closed in order, and there are none but ours.
TEST(MarkdownHtml, IsWellFormedForAnyText) {
    static const QStringList kPieces{
        "- ", "1. ", "> ",    "# ", "```\n", "**", "*", "`",     "~~", "[a](https://b.c)", "| a |\n|---|\n", "\n", "\n\n",
        "  ", "<i>", "&amp;", "\"", "'",     "ü",  "a", "---\n", "\t"};
    static const QStringList kKnown{"all",    "p",     "h3",  "h4", "h5",         "h6",  "ul",   "ol",
                                    "li",     "table", "tr",  "th", "td",         "pre", "code", "span",
                                    "strong", "em",    "del", "a",  "blockquote", "hr",  "br"};
    std::mt19937 random(7);
    for (int round = 0; round < 400; ++round) {
        QString text;
        for (auto left = random() % 40; left > 0; --left) text += kPieces[static_cast<int>(random() % kPieces.size())];
        QString made = markdownHtml(text);
        made.replace(QStringLiteral("<br>"), QStringLiteral("<br/>")).replace(QStringLiteral("<hr>"), QStringLiteral("<hr/>"));
        QXmlStreamReader reader(QStringLiteral("<all>") + made + QStringLiteral("</all>"));
        while (!reader.atEnd()) {
            if (reader.readNext() != QXmlStreamReader::StartElement) continue;
            EXPECT_TRUE(kKnown.contains(reader.name().toString())) << reader.name().toString().toStdString();
        }
        EXPECT_FALSE(reader.hasError()) << reader.errorString().toStdString() << "\n"
                                        << text.toStdString() << "\n"
                                        << made.toStdString();
    }
    EXPECT_FALSE(markdownHtml(QString(5000, u'>')).isEmpty());
}

// The history writes its files on a thread of its own, while the window renders.
TEST(MarkdownHtml, IsTheSameOnAnyThread) {
    const QString text = QStringLiteral("# One\n\n- a `b`\n\n| a |\n|---|\n| **1** |\n");
    const QString here = markdownHtml(text);
    std::vector<QString> there(4);
    {
        std::vector<std::jthread> threads;
        for (QString& made : there) {
            threads.emplace_back([&made, &text] {
                for (int i = 0; i < 50; ++i) made = markdownHtml(text);
            });
        }
        for (int i = 0; i < 50; ++i) EXPECT_EQ(markdownHtml(text), here);
    }
    for (const QString& made : there) EXPECT_EQ(made, here);
}

}  // namespace
}  // namespace lapidary::gui
