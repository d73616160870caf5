// The real Gemma 3 270M (label `real`): its GGUF opens fast, without private memory, with the sizes of specification 1.1.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "core/data/checkpoint/non_finite.h"
#include "core/shared/config/released_sizes.h"
#include "core/shared/plan/parameter_table.h"
#include "tests/core/data/checkpoint/checkpoint_fixture.h"
#include "tests/support/places.h"

namespace lapidary::checkpoint {
namespace {

// Private anonymous memory of this process in KiB.
std::int64_t anonymousKib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) return std::stoll(line.substr(8));
    }
    throw std::runtime_error("no RssAnon in /proc/self/status");
}

TEST(RealCheckpoint, OpensAsDescribed) {
    const std::int64_t before = anonymousKib();
    const auto start = std::chrono::steady_clock::now();
    const Checkpoint checkpoint = opened(test::realModelPath());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 3.0);
    EXPECT_LT(anonymousKib() - before, 50 * 1024);  // the vocabulary and the norms; no weight

    config::Gemma3Config wanted = *config::releasedConfig("270m");
    wanted.text.eosTokenIds = {1};  // a base model
    EXPECT_TRUE(checkpoint.config == wanted);
    EXPECT_TRUE(checkpoint.warnings.empty());
    EXPECT_FALSE(checkpoint.untiedHead);
    EXPECT_FALSE(checkpoint.tokenizer.chatTemplate);

    std::map<kernels::BlockFormat, int> formats;
    for (const std::string& name : checkpoint.tensors->names()) ++formats[checkpoint.tensors->tensor(name)->format];
    using kernels::BlockFormat;
    const std::map<BlockFormat, int> expected{{BlockFormat::F32, 109},
                                              {BlockFormat::Q5_0, 81},
                                              {BlockFormat::Q4_K, 27},
                                              {BlockFormat::Q8_0, 10},
                                              {BlockFormat::Q6_K, 9}};
    EXPECT_EQ(formats, expected);
    EXPECT_TRUE(findNonFinite(*checkpoint.tensors)->empty());

    ASSERT_NE(checkpoint.tokenizer.gguf, nullptr);
    EXPECT_EQ(checkpoint.tokenizer.gguf->pieces.size(), 262144U);
    EXPECT_EQ(checkpoint.tokenizer.gguf->pieces[106], "<end_of_turn>");
    EXPECT_EQ(std::count(checkpoint.tokenizer.gguf->types.begin(), checkpoint.tokenizer.gguf->types.end(), 3), 6249);
}

}  // namespace
}  // namespace lapidary::checkpoint
