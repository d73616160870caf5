#include "core/data/scenes/scorer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lapidary::scenes {
namespace {

TEST(Scorer, AnAnswerIsRightAsAWhole) {
    EXPECT_TRUE(isRight("red circle", " red circle\n"));
    EXPECT_FALSE(isRight("red circle", "red"));
    EXPECT_FALSE(isRight("KEB", "keb"));
    EXPECT_FALSE(isRight("1", "11"));
}

TEST(Scorer, CountsByKind) {
    Scorer scorer;
    EXPECT_EQ(scorer.accuracy(), 0.0);
    scorer.add({Kind::Print, "", "KEB"}, "KEB");
    scorer.add({Kind::Print, "", "KEB"}, "KEP");
    scorer.add(Kind::Shape, true);
    Scorer other;
    other.add(Kind::Shape, true);
    scorer.add(other);
    EXPECT_EQ(scorer.asked(), 4);
    EXPECT_EQ(scorer.asked(Kind::Print), 2);
    EXPECT_DOUBLE_EQ(scorer.accuracy(), 0.75);
    EXPECT_DOUBLE_EQ(scorer.accuracy(Kind::Print), 0.5);
    EXPECT_DOUBLE_EQ(scorer.accuracy(Kind::Shape), 1.0);
    const auto json = scorer.toJson();
    EXPECT_EQ(json["asked"], 4);
    EXPECT_EQ(json["kinds"].size(), 2U);
    EXPECT_EQ(json["kinds"]["print"]["accuracy"], 0.5);
}

// `right` of 100 questions of every promised kind.
Scorer scored(int right, int smallPrint) {
    Scorer scorer;
    for (std::size_t kind = 0; kind < kPromisedKinds; ++kind) {
        const int limit = static_cast<Kind>(kind) == Kind::SmallPrint ? smallPrint : right;
        for (int i = 0; i < 100; ++i) scorer.add(static_cast<Kind>(kind), i < limit);
    }
    return scorer;
}

TEST(Scorer, PromisesAreKeptOrNamed) {
    EXPECT_TRUE(brokenPromises({scored(95, 90), scored(70, 10), scored(30, 0)}).empty());
    EXPECT_EQ(brokenPromises({scored(85, 90), scored(70, 10), scored(30, 0)}).size(), 1U) << "overall";
    EXPECT_EQ(brokenPromises({scored(95, 79), scored(70, 10), scored(30, 0)}).size(), 1U) << "one kind";
    EXPECT_EQ(brokenPromises({scored(95, 90), scored(70, 41), scored(30, 0)}).size(), 1U) << "gain";
    EXPECT_EQ(brokenPromises({scored(95, 90), scored(70, 10), scored(60, 0)}).size(), 1U) << "blank";
    EXPECT_EQ(brokenPromises({}).size(), 1U + kPromisedKinds + 2U) << "nothing asked keeps no promise";
}

TEST(Scorer, TableHasALineAKind) {
    Scores scores{scored(95, 90), scored(70, 10), {}};
    const std::string table = scoreTable(scores);
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3 + static_cast<long>(kPromisedKinds));
    EXPECT_NE(table.find("small-print      100           90.0         10.0        -\n"), std::string::npos) << table;
    EXPECT_TRUE(table.ends_with("Small print: 90.0 % right with pan & scan, 10.0 % without it: 80.0 points gained.\n"))
        << table;
    const std::string markdown = scoreMarkdown(scores);
    EXPECT_NE(markdown.find("\n| small-print | 100 | 90.0 | 10.0 | - |\n"), std::string::npos) << markdown;
    EXPECT_NE(markdown.find("\n| all | 1200 | 94.6 | 65.0 | - |\n"), std::string::npos) << markdown;
    EXPECT_EQ(scoreTable({scored(95, 90), {}, {}}).find("gained"), std::string::npos) << "nothing to compare with";
}

TEST(Scorer, JsonHasTheThreeWaysOfShowing) {
    const auto json = Scores{scored(95, 90), scored(70, 10), scored(30, 0)}.toJson();
    EXPECT_DOUBLE_EQ(json["small_print_gain"].get<double>(), 0.8);
    EXPECT_EQ(json["whole_only"]["kinds"]["small-print"]["accuracy"], 0.1);
    EXPECT_EQ(json["blank"]["asked"], 1200);
    EXPECT_EQ(json["pan_and_scan"]["kinds"].size(), kPromisedKinds);
}

}  // namespace
}  // namespace lapidary::scenes
