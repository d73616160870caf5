#include "core/shared/protocol/event.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/shared/protocol/json_lines.h"
#include "tests/core/shared/protocol/random_text.h"

namespace lapidary::protocol {
namespace {

TEST(Event, LinesAsAClientReadsThem) {
    EXPECT_EQ(printEvent({3, WarningEvent{"a \"b\"\n"}}), R"({"id":3,"message":"a \"b\"\n","type":"warning"})");
    EXPECT_EQ(printEvent({3, TokenEvent{106, "", std::nullopt, {}}}),
              R"({"alternatives":[],"id":3,"text":"","token":106,"type":"token"})");
    EXPECT_EQ(printEvent({std::nullopt, ErrorEvent{"invalid_data", "m"}}),
              R"({"code":"invalid_data","message":"m","type":"error"})");
    EXPECT_EQ(printEvent(refusalEvent(3, {ErrorCode::InvalidData, "m", ""})),
              R"({"code":"invalid_data","message":"m","refused_id":3,"type":"error"})");
}

TEST(Event, AnAdapterReadsBackAsItWasPrinted) {
    const Event event{7, AdapterEvent{"poet", "/a/poet", "dora", "google/gemma-3-4b-it", 238, 1000000, {"w"}}};
    EXPECT_EQ(parseEvent(printEvent(event)).value(), event);
    EXPECT_FALSE(endsRequest(event.body));
}

TEST(Event, UnknownFieldsAreIgnoredUnknownTypesAreErrors) {
    EXPECT_TRUE(parseEvent(R"({"id":1,"type":"done","future":1})"));
    EXPECT_EQ(parseEvent(R"({"id":1,"type":"applause"})").error().code, ErrorCode::Unsupported);
}

TEST(Event, EveryEventButHelloAndErrorNeedsAnId) {
    EXPECT_TRUE(parseEvent(R"({"type":"hello","protocol":1})"));
    EXPECT_TRUE(parseEvent(R"({"type":"error","code":"internal"})"));
    for (const char* line :
         {R"({"type":"done"})", R"({"type":"token","token":1})", R"({"type":"loading"})", R"({"type":"warning"})"}) {
        EXPECT_FALSE(parseEvent(line)) << line;
    }
}

TEST(Fault61, EventsThatCannotBeMeant) {
    for (const char* line :
         {"", "[]", "{}", R"({"type":"hello"})", R"({"id":-1,"type":"done"})", R"({"id":1,"type":"token"})",
          R"({"id":1,"type":"token","token":-1})", R"({"id":1,"type":"token","token":1,"alternatives":[3]})",
          R"({"id":1,"type":"token","token":1,"logprob":"x"})", R"({"id":1,"type":"error"})",
          R"({"id":1,"type":"preview","views":[{"box":[1,2,3]}]})", R"({"id":1,"type":"forecast","parts":[{}]})"}) {
        EXPECT_FALSE(parseEvent(line)) << line;
    }
}

TEST(Event, OnlyDoneAndErrorEndARequest) {
    EXPECT_TRUE(endsRequest(DoneEvent{}));
    EXPECT_TRUE(endsRequest(ErrorEvent{}));
    EXPECT_FALSE(endsRequest(TokenEvent{}));
    EXPECT_FALSE(endsRequest(LoadedEvent{}));
    EXPECT_FALSE(endsRequest(PreviewEvent{}));
}

TEST(Event, ErrorsCarryCodeAndContext) {
    const Event event = errorEvent(4, Error{ErrorCode::OutOfMemory, "no room", "load"});
    EXPECT_EQ(event.id, 4);
    EXPECT_EQ(std::get<ErrorEvent>(event.body), (ErrorEvent{"out_of_memory", "load: no room"}));
}

// JSON has no infinity: an alternative of probability zero comes back as minus infinity.
TEST(Event, LogprobOfZeroProbability) {
    const double never = -std::numeric_limits<double>::infinity();
    const Event event{1, TokenEvent{5, "x", -0.5, {{5, "x", -0.5}, {6, "y", never}}}};
    EXPECT_NE(printEvent(event).find("\"logprob\":null"), std::string::npos);
    EXPECT_EQ(*parseEvent(printEvent(event)), event);
}

TEST(Event, LineThatWouldBeTooLongBecomesAnError) {
    EXPECT_LE(printEvent({1, WarningEvent{std::string(kMaxLineBytes - 100, 'x')}}).size(), kMaxLineBytes);
    EXPECT_TRUE(std::holds_alternative<WarningEvent>(
        parseEvent(printEvent({1, WarningEvent{std::string(kMaxLineBytes - 100, 'x')}}))->body));
    const std::string line = printEvent({1, WarningEvent{std::string(kMaxLineBytes, 'x')}});
    EXPECT_LT(line.size(), 1000U);
    const auto event = parseEvent(line);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->id, 1);
    EXPECT_EQ(std::get<ErrorEvent>(event->body).code, "internal");
}

EventBody randomBody(RandomValues& random) {
    const auto count = [&] { return random.integer(0, INT64_MAX); };
    switch (random.integer(0, 11)) {
        case 0: return HelloEvent{random.integer(0, 9), random.text(), count(), random.text(), random.texts(), random.texts()};
        case 1: return LoadingEvent{random.text(), random.number(0, 1)};
        case 2:
            return LoadedEvent{random.text(),
                               random.text(),
                               count(),
                               count(),
                               count(),
                               count(),
                               random.flag(),
                               random.flag(),
                               random.text(),
                               random.text(),
                               random.number(0, 100),
                               random.texts()};
        case 3: return WarningEvent{random.text()};
        case 4: return PrefillEvent{count(), count()};
        case 5: {
            TokenEvent token{count(), random.text(), std::nullopt, {}};
            if (random.flag()) token.logprob = random.number(-100, 0);
            for (std::int64_t i = random.integer(0, 3); i > 0; --i)
                token.alternatives.push_back({count(), random.text(), random.number(-100, 0)});
            return token;
        }
        case 6: {
            PreviewEvent preview{count(), count(), count(), count(), {}, random.texts()};
            for (std::int64_t i = random.integer(0, 3); i > 0; --i) {
                preview.views.push_back(
                    {random.flag(), {1, 2, random.integer(3, 99), 4}, random.text(), random.text(), count()});
            }
            return preview;
        }
        case 7: return ThumbnailEvent{random.text(), count(), count()};
        case 8: return CountEvent{count(), count(), count(), count()};
        case 9: {
            ForecastEvent forecast{{}, count(), count(), count(), random.text()};
            for (std::int64_t i = random.integer(0, 3); i > 0; --i) forecast.parts.push_back({random.text(), count()});
            return forecast;
        }
        case 10: {
            DoneEvent done{random.text(),        count(), count(), count(), count(), count(), random.number(0, 1e6),
                           random.number(0, 1e6)};
            for (std::int64_t i = random.integer(0, 3); i > 0; --i)
                done.viewTimes.push_back({random.text(), random.number(0, 9)});
            return done;
        }
        default:
            return ErrorEvent{random.text(), random.text(),
                              random.flag() ? std::optional(random.integer(0, 99)) : std::nullopt};
    }
}

TEST(Event, ParseOfPrintIsTheSame) {
    RandomValues random(23);
    for (int round = 0; round < 1000; ++round) {
        const Event event{random.integer(0, INT64_MAX), randomBody(random)};
        const std::string line = printEvent(event);
        ASSERT_EQ(line.find('\n'), std::string::npos);
        const auto again = parseEvent(line);
        ASSERT_TRUE(again) << line << "\n" << again.error().toString();
        ASSERT_EQ(*again, event) << line;
    }
}

}  // namespace
}  // namespace lapidary::protocol
