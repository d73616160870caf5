#include "core/shared/protocol/json_lines.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace lapidary::protocol {
namespace {

using Lines = std::vector<JsonLine>;

JsonLine complete(std::string text) { return {JsonLine::Kind::Complete, std::move(text)}; }
const JsonLine kTooLong{JsonLine::Kind::TooLong, ""};

TEST(JsonLineReader, CutsAtNewlines) {
    JsonLineReader reader;
    EXPECT_EQ(reader.push("one\ntwo\nth"), (Lines{complete("one"), complete("two")}));
    EXPECT_EQ(reader.push("ree"), Lines{});
    EXPECT_EQ(reader.push("\n"), Lines{complete("three")});
    EXPECT_EQ(reader.finish(), std::nullopt);
}

TEST(JsonLineReader, EmptyLinesAndCarriageReturns) {
    JsonLineReader reader;
    EXPECT_EQ(reader.push("\n\r\n  \t\na\r\n\n"), Lines{complete("a")});
}

TEST(JsonLineReader, LastLineWithoutNewline) {
    JsonLineReader reader;
    EXPECT_EQ(reader.push("a\nb"), Lines{complete("a")});
    EXPECT_EQ(reader.finish(), complete("b"));
    EXPECT_EQ(reader.finish(), std::nullopt);
}

TEST(JsonLineReader, LimitIsExact) {
    JsonLineReader reader;
    const std::string longest(kMaxLineBytes, 'x');
    EXPECT_EQ(reader.push(longest + "\n"), Lines{complete(longest)});
    EXPECT_EQ(reader.push(longest + "x\n"), Lines{kTooLong});
}

TEST(JsonLineReader, TooLongLineIsReportedOnceAndTheStreamGoesOn) {
    JsonLineReader reader(8);
    EXPECT_EQ(reader.push("123456789"), Lines{kTooLong}) << "at once, not only at its end";
    EXPECT_EQ(reader.push("still the same line"), Lines{});
    EXPECT_EQ(reader.push("end\nnext\n123456789\nlast\n"), (Lines{complete("next"), kTooLong, complete("last")}));
    EXPECT_EQ(reader.push("123456789"), Lines{kTooLong});
    EXPECT_EQ(reader.finish(), std::nullopt);
}

TEST(JsonLineReader, EndlessLineTakesNoMemory) {
    JsonLineReader reader(100);
    std::size_t reported = 0;
    const std::string chunk(1 << 16, 'x');
    for (int i = 0; i < 1000; ++i) reported += reader.push(chunk).size();
    EXPECT_EQ(reported, 1U);
    EXPECT_EQ(reader.push("\nok\n"), Lines{complete("ok")});
}

// However the stream is cut into chunks, the lines are the same.
TEST(JsonLineReader, ChunksDoNotMatter) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::string stream;
        const std::string letters = "ab{\"\\ \r\n\n\xC3\xA9";
        for (int i = 0; i < 300; ++i) stream += letters[random() % letters.size()];
        JsonLineReader whole(20);
        Lines expected = whole.push(stream);
        if (auto last = whole.finish()) expected.push_back(*last);
        JsonLineReader pieces(20);
        Lines found;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t length = 1 + random() % 30;
            for (JsonLine& line : pieces.push(std::string_view(stream).substr(at, length))) found.push_back(std::move(line));
            at += length;
        }
        if (auto last = pieces.finish()) found.push_back(*last);
        ASSERT_EQ(found, expected) << "round " << round;
    }
}

}  // namespace
}  // namespace lapidary::protocol
