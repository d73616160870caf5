// What a model costs in memory of its own: weights are used where their file is mapped, only what is no weight may be private.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/process/engine_client.h"
#include "tests/support/places.h"

namespace lapidary::test {
namespace {

// The engine is a process that holds a session's model and nothing of the test's.  No chat has begun, so there is no cache yet.
// A private copy of the 247 MB of weights would break the limit: LibTorch and the tokenizer need more than 53 MB.
TEST(Memory, WeightsUsedAsStoredLeaveAtMost300MbPrivate) {
    EngineClient engine;
    const std::int64_t before = engine.child().residentAnonymousBytes();
    const auto events = engine.request({{"id", 1}, {"type", "load"}, {"model", realModelPath().string()}, {"context", 4096}});
    ASSERT_EQ(events.back()["type"], "done") << events.back();
    const std::int64_t weights = events.at(events.size() - 2)["weight_bytes"];
    const std::int64_t after = engine.child().residentAnonymousBytes();
    std::cout << "private: " << before / 1000000 << " MB before, " << after / 1000000 << " MB after opening "
              << weights / 1000000 << " MB of weights\n";
    EXPECT_LE(after, 300'000'000);
    EXPECT_GT(before + weights, 300'000'000) << "the limit no longer tells a copy";
}

}  // namespace
}  // namespace lapidary::test
