#include "gui/chat_widgets/probability_tint.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lapidary::gui {
namespace {

std::vector<AnswerToken> tokens(std::initializer_list<const char*> texts) {
    std::vector<AnswerToken> all;
    for (const char* text : texts) all.push_back({{0, QString(text), -0.01}, {}});
    return all;
}

TEST(ProbabilityTint, Levels) {
    EXPECT_EQ(tintLevel(std::log(0.95)), 0);
    EXPECT_EQ(tintLevel(std::log(0.7)), 1);
    EXPECT_EQ(tintLevel(std::log(0.4)), 2);
    EXPECT_EQ(tintLevel(std::log(0.1)), 3);
    EXPECT_EQ(tintLevel(-INFINITY), 3);
}

TEST(ProbabilityTint, TokensLieBehindEachOther) {
    const std::vector<AnswerToken> all = tokens({"A", " cat", "", " is"});
    const std::vector<TokenStretch> expected{{0, 1, 0, 0}, {1, 5, 0, 1}, {5, 8, 0, 3}};
    EXPECT_EQ(tokenStretches(u"A cat is", all, 0, 0), expected);
    EXPECT_EQ(tokenStretches(u"A cat is", all, 3, 5), (std::vector<TokenStretch>{{5, 8, 0, 3}}));
    // Text that came from elsewhere is stepped over, a token that is not there left out.
    EXPECT_EQ(tokenStretches(u"So: A dog is", all, 0, 0), (std::vector<TokenStretch>{{4, 5, 0, 0}, {9, 12, 0, 3}}));
}

std::string aligned(const QString& rendered, const QString& source) {
    QString found;
    for (const qsizetype place : alignToSource(rendered, source)) found += place < 0 ? QChar(u'?') : source[place];
    return found.toStdString();
}

TEST(ProbabilityTint, RenderedTextFindsItsSource) {
    EXPECT_EQ(aligned("bold and code", "**bold** and `code`"), "bold and code");
    EXPECT_EQ(aligned("a link there", "a [link](https://example.org/x-y) there"), "a link there");
    EXPECT_EQ(aligned("1 < 2 & 3", "1 &lt; 2 &amp; 3"), "1 & 2 & 3");
    EXPECT_EQ(aligned("a b", "a\nb"), "a\nb");
    EXPECT_EQ(aligned("*x*", "\\*x\\*"), "*x*");
    EXPECT_EQ(aligned("xyz", ""), "???");
}

}  // namespace
}  // namespace lapidary::gui
