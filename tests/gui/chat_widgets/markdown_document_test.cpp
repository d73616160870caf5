#include "gui/chat_widgets/markdown_document.h"

#include <gtest/gtest.h>

#include <QAbstractTextDocumentLayout>
#include <QFile>
#include <QTemporaryDir>
#include <QTextBlock>
#include <QTextTable>
#include <cmath>
#include <random>
#include <utility>

namespace lapidary::gui {
namespace {

MarkdownStyle style() {
    return {QFont(QStringLiteral("DejaVu Sans"), 10), QFont(QStringLiteral("DejaVu Sans Mono"), 10), Theme::lightTheme()};
}

struct Rendered {
    explicit Rendered(const QString& text) : document(MarkdownDocument::Format::Markdown) {
        document.setStyle(style());
        document.append(text);
        document.finish();
    }
    MarkdownDocument document;
    [[nodiscard]] std::string text() const { return document.toPlainText().toStdString(); }
    // The format of the first place where a text stands.
    [[nodiscard]] QTextCharFormat formatOf(const QString& what) const { return document.find(what).charFormat(); }
};

TEST(MarkdownDocument, Inline) {
    const Rendered it("A **bold**, *slanted*, _also_, ~~gone~~, `code_x` and [a link](https://example.org).");
    EXPECT_EQ(it.text(), "A bold, slanted, also, gone, code_x and a link.");
    EXPECT_EQ(it.formatOf("bold").fontWeight(), QFont::Bold);
    EXPECT_TRUE(it.formatOf("slanted").fontItalic());
    EXPECT_TRUE(it.formatOf("also").fontItalic());
    EXPECT_FALSE(it.formatOf("also").fontUnderline());
    EXPECT_TRUE(it.formatOf("gone").fontStrikeOut());
    EXPECT_EQ(it.formatOf("code_x").background().color(), Theme::lightTheme().codeGround);
    EXPECT_EQ(it.formatOf("a link").anchorHref(), "https://example.org");
    EXPECT_FALSE(it.formatOf("A ").isAnchor());
}

TEST(MarkdownDocument, HeadingsListsQuotesRules) {
    const Rendered it(
        "# One\n\ntext\nsecond line\n\n3. three\n4. four\n   - deep\n\n- [ ] open\n- [x] done\n\n> quoted\n> > "
        "twice\n\n---\n\n## Two");
    EXPECT_EQ(it.text(), "One\ntext\nsecond line\n3.\tthree\n4.\tfour\n•\tdeep\n☐\topen\n☑\tdone\nquoted\ntwice\n\nTwo");
    EXPECT_EQ(it.document.find("One").blockFormat().headingLevel(), 1);
    EXPECT_GT(it.formatOf("One").fontPointSize(), it.formatOf("Two").fontPointSize());
    EXPECT_GT(it.document.find("deep").blockFormat().leftMargin(), it.document.find("four").blockFormat().leftMargin());
    EXPECT_EQ(it.document.find("quoted").blockFormat().intProperty(kQuoteLevel), 1);
    EXPECT_EQ(it.document.find("twice").blockFormat().intProperty(kQuoteLevel), 2);
    EXPECT_TRUE(it.document.find("Two").block().previous().blockFormat().boolProperty(kRuleBlock));
}

TEST(MarkdownDocument, Tables) {
    const Rendered it("before\n| a | **b** |\n|:--|--:|\n| 1 | 2 |\n| 3 | 4 |\n\nafter");
    const QTextTable* table = it.document.find("3").currentTable();
    ASSERT_NE(table, nullptr);
    EXPECT_EQ(table->rows(), 3);
    EXPECT_EQ(table->columns(), 2);
    EXPECT_TRUE(table->cellAt(2, 1).firstCursorPosition().blockFormat().alignment() & Qt::AlignRight);
    EXPECT_EQ(table->cellAt(0, 0).firstCursorPosition().block().text(), "a");
    EXPECT_EQ(table->cellAt(0, 0).format().background().color(), Theme::lightTheme().panel);
    EXPECT_EQ(it.document.find("after").currentTable(), nullptr);
}

TEST(MarkdownDocument, CellsThatAreNotWrittenAreEmpty) {
    const Rendered it("| a | b | c |\n|---|---|---|\n| one |\n| two | | |\n");
    const QTextTable* table = it.document.find("one").currentTable();
    ASSERT_NE(table, nullptr);
    for (int row = 1; row < 3; ++row) {
        for (int column = 1; column < 3; ++column)
            EXPECT_EQ(table->cellAt(row, column).firstCursorPosition().block().text(), "") << row << column;
    }
}

// Arabic and Hebrew: nothing stands outside of the page.
TEST(MarkdownDocument, ItemsOfEitherDirectionStayWithin) {
    Rendered it("- عنصر أول\n- item\n\n1. פריט\n");
    it.document.setTextWidth(300);
    it.document.documentLayout()->documentSize();
    int lines = 0;
    for (QTextBlock block = it.document.begin(); block.isValid(); block = block.next()) {
        const QTextLine line = block.layout()->lineAt(0);
        if (!line.isValid() || block.text().isEmpty()) continue;
        ++lines;
        const QRectF used = line.naturalTextRect().translated(block.layout()->position());
        EXPECT_GE(used.left(), -0.5) << block.text().toStdString();
        EXPECT_LE(used.right(), 300.5) << block.text().toStdString();
    }
    EXPECT_EQ(lines, 3);
}

// From where to where a part of the root frame reaches, with the head and the padding of code.
std::pair<qreal, qreal> extent(const MarkdownDocument& document, const QTextFrame::iterator& at) {
    const QAbstractTextDocumentLayout& layout = *document.documentLayout();
    if (auto* const table = qobject_cast<QTextTable*>(at.currentFrame())) {
        // Qt tells the place of the first cell's contents, and a size with the margins.
        const QTextTableFormat format = table->format();
        const QRectF area = layout.frameBoundingRect(table).translated(0, -format.cellPadding() - format.border());
        return {area.top(), area.bottom() - format.topMargin() - format.bottomMargin()};
    }
    const QTextBlock block = at.currentBlock();
    const QRectF area = layout.blockBoundingRect(block);
    std::pair<qreal, qreal> found(area.top(), area.bottom());
    for (const CodeRegion& region : document.codeRegions()) {
        if (document.findBlock(region.begin) == block) found.first -= kCodeHeadHeight;
        if (document.findBlock(region.end) == block) found.second += kCodePadding;
    }
    return found;
}

// Whatever follows whatever: nothing is drawn over what stands before it.
TEST(MarkdownDocument, NoBlockCoversTheOneBefore) {
    const QStringList blocks{"plain text",          "# heading", "- item\n- more",      "> quote",
                             "| a |\n|---|\n| 1 |", "---",       "```cpp\nint a;\n```", "1. one\n   ```\n   code\n   ```"};
    for (const QString& first : blocks) {
        for (const QString& second : blocks) {
            const Rendered it(first + "\n\n" + second + "\n\n" + first);
            it.document.documentLayout()->documentSize();
            qreal before = 0;
            for (auto at = it.document.rootFrame()->begin(); !at.atEnd(); ++at) {
                if (at.currentFrame() == nullptr && at.currentBlock().text().isEmpty()) continue;  // rules, the end of a table
                const auto [top, bottom] = extent(it.document, at);
                EXPECT_GE(top, before) << first.toStdString() << "\nthen\n" << second.toStdString();
                before = bottom;
            }
        }
    }
}

TEST(MarkdownDocument, CodeKeepsEveryLine) {
    const QString code = "int main() {\n\n\n  return 0;  // done\n}";
    const Rendered it("Text:\n```cpp\n" + code + "\n```\n1. item\n   ```python\n   def f():\n\n       pass\n   ```\n");
    ASSERT_EQ(it.document.codeRegions().size(), 2U);
    EXPECT_EQ(it.document.codeOf(it.document.codeRegions()[0]).toStdString(), code.toStdString());
    EXPECT_EQ(it.document.codeRegions()[0].language, "cpp");
    EXPECT_EQ(it.document.codeOf(it.document.codeRegions()[1]).toStdString(), "def f():\n\n    pass");
    EXPECT_EQ(it.formatOf("int").foreground().color(), Theme::lightTheme().codeKeyword);
    EXPECT_EQ(it.formatOf("// done").foreground().color(), Theme::lightTheme().codeComment);
}

TEST(MarkdownDocument, AnUnfinishedFenceIsCode) {
    MarkdownDocument document(MarkdownDocument::Format::Markdown);
    document.setStyle(style());
    document.append("See\n```py\nprint('**x**')\ndef");
    ASSERT_EQ(document.codeRegions().size(), 1U);
    EXPECT_EQ(document.codeOf(document.codeRegions()[0]), "print('**x**')\ndef");
    document.append(" f():\n``");
    EXPECT_EQ(document.codeOf(document.codeRegions()[0]), "print('**x**')\ndef f():");  // the fence may be closing
    document.append("`\nend");
    EXPECT_EQ(document.toPlainText().toStdString(), "See\nprint('**x**')\ndef f():\nend");
}

TEST(MarkdownDocument, HtmlIsText) {
    const Rendered it("<b>x</b> <img src=\"file:///etc/passwd\"> &lt;i&gt; &amp;\n\n<script>alert(1)</script>\n\n<!-- c -->");
    EXPECT_EQ(it.text(), "<b>x</b> <img src=\"file:///etc/passwd\"> <i> &\n<script>alert(1)</script>\n<!-- c -->");
    EXPECT_NE(it.formatOf("x").fontWeight(), QFont::Bold);
}

TEST(MarkdownDocument, ImagesAreTheirAltTextAndNothingIsRead) {
    const QTemporaryDir folder;
    const QString path = folder.filePath("a.png");
    QImage(2, 2, QImage::Format_RGB32).save(path);
    const Rendered it("see ![a **cat**](" + path + ") and ![](" + path + ") here ![dog](https://example.org/d.png)");
    EXPECT_FALSE(it.document.toPlainText().contains(QChar::ObjectReplacementCharacter));
    EXPECT_NE(it.text().find("cat"), std::string::npos) << it.text();
    EXPECT_NE(it.text().find("dog"), std::string::npos) << it.text();
    for (QTextBlock block = it.document.begin(); block.isValid(); block = block.next()) {
        for (auto at = block.begin(); !at.atEnd(); ++at) EXPECT_FALSE(at.fragment().charFormat().isImageFormat());
    }
    EXPECT_FALSE(it.document.resource(QTextDocument::ImageResource, QUrl::fromLocalFile(path)).isValid());
    EXPECT_FALSE(it.document.resource(QTextDocument::StyleSheetResource, QUrl::fromLocalFile(path)).isValid());
}

TEST(MarkdownDocument, OnlyHarmlessLinksAreLinks) {
    const Rendered it("[a](file:///etc/passwd) [b](javascript:alert(1)) [c](data:text/html,x) [d](mailto:x@y.z) https://e.org");
    for (const char* text : {"a", "b", "c"}) EXPECT_FALSE(it.formatOf(text).isAnchor()) << text;
    EXPECT_TRUE(it.formatOf("d").isAnchor());
    EXPECT_EQ(it.formatOf("https://e.org").anchorHref(), "https://e.org");
}

TEST(MarkdownDocument, PlainTextIsNotRead) {
    MarkdownDocument document(MarkdownDocument::Format::Plain);
    document.setStyle(style());
    document.append("# not *a*\n\n  heading <b>\n");
    EXPECT_EQ(document.toPlainText().toStdString(), "# not *a*\n\n  heading <b>\n");
}

const char* const kSample =
    "# Title\n\nSome *text* with `code`\nand a second line.\n\n1. one\n2. two\n   - a\n   - b\n\n```cpp\nint x = 1; /* "
    "open\nstill */ int y;\n\n```\n"
    "Head\n====\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n> quote\n> - in\n>\n> more\n\n***\n- [x] t\n\n  para\n- u\n\nlast "
    "[l](https://x.y)";

// Everything that can be seen, so that two ways to the same text can be compared.
QString look(const QTextDocument& document) {
    QString all;
    for (QTextBlock block = document.begin(); block.isValid(); block = block.next()) {
        all += QStringLiteral("\n[%1 %2 %3 %4]")
                   .arg(block.blockFormat().leftMargin())
                   .arg(block.blockFormat().topMargin())
                   .arg(block.blockFormat().bottomMargin())
                   .arg(block.blockFormat().headingLevel());
        for (auto at = block.begin(); !at.atEnd(); ++at) {
            const QTextCharFormat format = at.fragment().charFormat();
            all += QStringLiteral("{%1 %2 %3 %4}")
                       .arg(format.fontWeight())
                       .arg(format.foreground().color().name(), format.background().color().name(), at.fragment().text());
        }
    }
    return all;
}

TEST(MarkdownDocument, HoweverItArrivesItLooksTheSame) {
    const QString sample = QString(kSample);
    const Rendered whole(sample);
    std::mt19937 random(11);
    for (int round = 0; round < 40; ++round) {
        MarkdownDocument document(MarkdownDocument::Format::Markdown);
        document.setStyle(style());
        const unsigned most = 1 + random() % 12;
        for (qsizetype at = 0; at < sample.size();) {
            const qsizetype length = 1 + static_cast<qsizetype>(random() % most);
            document.append(sample.mid(at, length));
            at += length;
        }
        document.finish();
        ASSERT_EQ(look(document).toStdString(), look(whole.document).toStdString()) << "pieces of up to " << most;
        ASSERT_EQ(document.codeRegions().size(), whole.document.codeRegions().size());
    }
}

TEST(MarkdownDocument, AnotherThemeIsTheSameText) {
    Rendered it{QString(kSample)};
    const std::string before = it.text();
    MarkdownStyle dark = style();
    dark.theme = Theme::darkTheme();
    it.document.setStyle(dark);
    EXPECT_EQ(it.text(), before);
    EXPECT_EQ(it.formatOf("int").foreground().color(), Theme::darkTheme().codeKeyword);
}

TEST(MarkdownDocument, AnAnswerThatGoesOn) {
    Rendered it("- one\n- tw");
    it.document.append("o\n- three");
    it.document.finish();
    EXPECT_EQ(it.text(), "•\tone\n•\ttwo\n•\tthree");
}

// Work for a text that arrives four characters at a time, per character.
double workPerCharacter(const QString& text) {
    MarkdownDocument document(MarkdownDocument::Format::Markdown);
    document.setStyle(style());
    for (qsizetype at = 0; at < text.size(); at += 4) document.append(text.mid(at, 4));
    document.finish();
    return static_cast<double>(document.renderedCharacters()) / static_cast<double>(text.size());
}

// Of many paragraphs, and of one block without an end of each kind: ten times the text is not ten times the work per character.
TEST(MarkdownDocument, WorkDoesNotGrowWithTheSquare) {
    const QString words = "some words that go on ";
    const struct {
        const char* name;
        QString head;
        QString piece;
        double most;  // per character
    } kinds[] = {{"paragraphs", "", words + words + "\n\n", 30},
                 {"code", "```cpp\n", "int value = 1;\n", 4},
                 {"a line of code", "```\n", words, 300},
                 {"a paragraph", "", words, 600},
                 {"a list", "", "- an item of a list\n", 30},
                 {"an item", "- item\n", "  " + words + "\n", 600},
                 {"a table", "| a | b |\n|---|---|\n", "| " + words + words + " | " + words + words + " |\n", 600},
                 {"a quote", "", "> " + words + "\n", 600}};
    for (const auto& kind : kinds) {
        const double less = workPerCharacter(kind.head + kind.piece.repeated(4000 / static_cast<int>(kind.piece.size())));
        const double more = workPerCharacter(kind.head + kind.piece.repeated(40000 / static_cast<int>(kind.piece.size())));
        EXPECT_LT(more, kind.most) << kind.name;
        EXPECT_LT(more, 1.5 * less + 10) << kind.name;
    }
}

// Whatever a model writes.
TEST(MarkdownDocument, NoInputHurts) {
    const QStringList pieces{"- ",
                             "1. ",
                             "> ",
                             "```",
                             "\n",
                             "\n\n",
                             "    ",
                             "| a ",
                             "|---|",
                             "**",
                             "*",
                             "_",
                             "`",
                             "[a](b)",
                             "![x](y)",
                             "<b>",
                             "</b>",
                             "&lt;",
                             "&#0;",
                             "# ",
                             "===",
                             "---",
                             "\\",
                             "text",
                             "  ",
                             "\t",
                             "~~",
                             "[ ] ",
                             "[x] ",
                             "é😀",
                             "https://a.b",
                             "<!--",
                             "\r",
                             QString(QChar(0)),
                             QString(QChar(0xFFFC)),
                             QString(QChar(0xD800)),
                             "|",
                             ":"};
    std::mt19937 random(3);
    for (int round = 0; round < 400; ++round) {
        MarkdownDocument document(MarkdownDocument::Format::Markdown);
        document.setStyle(style());
        QString text;
        for (unsigned i = 0, n = random() % 60; i < n; ++i) {
            const QString& piece = pieces[static_cast<qsizetype>(random() % pieces.size())];
            text += piece;
            document.append(piece);
        }
        document.finish();
        const Rendered whole(text);
        ASSERT_EQ(document.toPlainText().toStdString(), whole.text()) << text.toStdString();
        for (const CodeRegion& region : document.codeRegions()) ASSERT_LE(region.begin, region.end);
    }
    const Rendered deep(QString("> - ").repeated(500) + "x");
    EXPECT_NE(deep.text().find('x'), std::string::npos);
}

TEST(MarkdownDocument, TokensAreFoundInTheRenderedText) {
    MarkdownDocument document(MarkdownDocument::Format::Markdown);
    document.setStyle(style());
    const QString text = "A **bold** cat\n\n- or dog";
    std::vector<AnswerToken> tokens;
    for (const auto& [piece, probability] : std::vector<std::pair<const char*, double>>{{"A", 0.99},
                                                                                        {" **", 0.95},
                                                                                        {"bold", 0.7},
                                                                                        {"**", 0.99},
                                                                                        {" cat", 0.2},
                                                                                        {"\n\n", 0.99},
                                                                                        {"- ", 0.99},
                                                                                        {"or", 0.4},
                                                                                        {" dog", 0.95}})
        tokens.push_back({{0, QString(piece), std::log(probability)}, {}});
    document.addTokens(tokenStretches(text, tokens, 0, 0));
    document.append(text);
    document.finish();
    const Theme theme = Theme::lightTheme();
    const auto at = [&document](const char* what) { return document.tokenAt(document.find(what).selectionStart()); };
    EXPECT_EQ(at("A"), 0);
    EXPECT_EQ(at("bold"), 2);
    EXPECT_EQ(at("cat"), 4);
    EXPECT_EQ(at("or"), 7);
    EXPECT_EQ(at("dog"), 8);
    EXPECT_EQ(document.tokenAt(document.characterCount() - 1), -1);
    EXPECT_EQ(document.find("bold").charFormat().background().color(), theme.tints[0]);
    EXPECT_EQ(document.find("cat").charFormat().background().color(), theme.tints[2]);
    EXPECT_EQ(document.find("cat").charFormat().underlineStyle(), QTextCharFormat::WaveUnderline);
    EXPECT_EQ(document.find("or").charFormat().underlineStyle(), QTextCharFormat::DashUnderline);
    EXPECT_EQ(document.find("dog").charFormat().underlineStyle(), QTextCharFormat::NoUnderline);
    EXPECT_EQ(document.find("bold").charFormat().fontWeight(), QFont::Bold);
    document.clearTokens();
    EXPECT_EQ(at("cat"), -1);
}

}  // namespace
}  // namespace lapidary::gui
