#include "core/engine/generate/stop_strings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace lapidary::generate {
namespace {

TEST(StopStrings, HoldsBackWhatCouldBeABeginning) {
    StopStrings stops({"###"});
    EXPECT_EQ(stops.push("one #"), "one ");
    EXPECT_EQ(stops.push("#"), "");
    EXPECT_EQ(stops.push(" two"), "## two");
    EXPECT_FALSE(stops.found());
    EXPECT_EQ(stops.push("##"), "");
    EXPECT_EQ(stops.finish(), "##");
}

TEST(StopStrings, EndsBeforeAStopStringThatSpansPieces) {
    StopStrings stops({"STOP"});
    EXPECT_EQ(stops.push("a S"), "a ");
    EXPECT_EQ(stops.push("TO"), "");
    EXPECT_EQ(stops.push("P and more"), "");
    EXPECT_TRUE(stops.found());
    EXPECT_EQ(stops.push("nothing"), "");
    EXPECT_EQ(stops.finish(), "");
}

// "aab" begins anew inside itself: after "aa" another "a" releases only the first.
TEST(StopStrings, OverlappingBeginnings) {
    StopStrings stops({"aab"});
    EXPECT_EQ(stops.push("aa"), "");
    EXPECT_EQ(stops.push("a"), "a");
    EXPECT_EQ(stops.push("b"), "");
    EXPECT_TRUE(stops.found());
}

TEST(StopStrings, TheEarliestOfSeveralWins) {
    StopStrings stops({"later", "now"});
    EXPECT_EQ(stops.push("x now later"), "x ");
}

TEST(StopStrings, EmptyStringsAreNoStopStrings) {
    StopStrings stops({""});
    EXPECT_EQ(stops.push("text"), "text");
    EXPECT_FALSE(stops.found());
}

// However the text is cut: joined pieces equal the text up to the first stop string.
TEST(StopStrings, AnyCuttingGivesTheSameText) {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (std::size_t i = 0; i < random() % 30; ++i) text += static_cast<char>('a' + random() % 2);
        std::vector<std::string> strings;
        for (std::size_t i = 0; i < 1 + random() % 3; ++i) {
            std::string stop;
            for (std::size_t k = 0; k < 1 + random() % 5; ++k) stop += static_cast<char>('a' + random() % 2);
            strings.push_back(stop);
        }
        std::size_t end = text.size();
        for (const auto& stop : strings) end = std::min(end, text.find(stop));
        // Of two stop strings that end at different places, the one that is complete first ends the text: pieces decide.
        StopStrings whole(strings);
        std::string once = whole.push(text);
        once += whole.finish();
        EXPECT_EQ(once, text.substr(0, end));
        StopStrings cut(strings);
        std::string joined;
        for (const char letter : text) joined += cut.push(std::string(1, letter));
        joined += cut.finish();
        EXPECT_EQ(cut.found(), end != text.size() || whole.found());
        EXPECT_EQ(joined.substr(0, end), once.substr(0, joined.size() < end ? joined.size() : end)) << text;
        for (const auto& stop : strings) EXPECT_EQ(joined.find(stop), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace lapidary::generate
