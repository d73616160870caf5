// Decisions that all ranks share.
#include "core/engine/distributed/agreement.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "core/engine/distributed/local_group.h"
#include "tests/support/run_ranks.h"

namespace lapidary::distributed {
namespace {

using test::runRanks;

template <class T>
T value(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().toString());
    return std::move(*result);
}

std::string textOf(const Result<void>& result) {
    return result ? "fine" : std::string(errorCodeName(result.error().code)) + "|" + result.error().toString();
}

TEST(Agreement, OneRankPaysNothing) {
    LocalGroup group;
    EXPECT_EQ(value(sumOverRanks(group, {3, 4})), (std::vector<std::int64_t>{3, 4}));
    EXPECT_EQ(value(gatherTexts(group, "a")), std::vector<std::string>{"a"});
    EXPECT_EQ(textOf(agree(group, Error{ErrorCode::Io, "no", "here"})), "io|here: no");
    EXPECT_EQ(value(byFirstRank(group, [] { return Result<std::string>(std::string("done")); })), "done");
}

TEST(Agreement, TextsOfEveryLength) {
    const auto ends = runRanks(3, [](ProcessGroup& group) {
        const auto texts = value(gatherTexts(group, std::string(static_cast<std::size_t>(group.rank()) * 3, 'x')));
        std::string all;
        for (const std::string& text : texts) all += text + ",";
        all += value(gatherTexts(group, "")).at(2);
        return all;
    });
    for (const auto& end : ends) EXPECT_EQ(end.text, ",xxx,xxxxxx,");
}

TEST(Agreement, TheFirstErrorIsEverybodys) {
    const auto ends = runRanks(3, [](ProcessGroup& group) {
        std::string text = textOf(agree(group, Result<void>())) + "; ";
        Result<void> mine;
        if (group.rank() > 0) mine = Error{ErrorCode::OutOfMemory, "asked for " + std::to_string(group.rank()), "step 3"};
        text += textOf(agree(group, mine));
        return text + (value(anyRank(group, group.rank() == 2)) ? " yes" : " no") +
               (value(anyRank(group, false)) ? " yes" : " no");
    });
    for (const auto& end : ends) EXPECT_EQ(end.text, "fine; out_of_memory|rank 1: step 3: asked for 1 yes no");
}

// Twice the group's timeout: the others hear every second that rank 0 lives.
TEST(Agreement, TheFirstRankMayWorkForLong) {
    const auto ends = runRanks(
        2,
        [](ProcessGroup& group) {
            int calls = 0;
            std::string text = value(byFirstRank(group, [&]() -> Result<std::string> {
                ++calls;
                std::this_thread::sleep_for(std::chrono::seconds(7));
                return std::string("path\0with zero", 14);
            }));
            const auto failed = byFirstRank(group, [&]() -> Result<std::string> {
                ++calls;
                return Error{ErrorCode::Io, "disk full", "run"};
            });
            return text + "|" + failed.error().toString() + "|" + std::to_string(calls);
        },
        std::chrono::seconds(3));
    EXPECT_EQ(ends[0].text, std::string("path\0with zero", 14) + "|run: disk full|2");
    EXPECT_EQ(ends[1].text, std::string("path\0with zero", 14) + "|run: disk full|0");
}

TEST(Agreement, AnExceptionOfTheFirstRankReachesTheOthersAsAnError) {
    const auto ends = runRanks(2, [](ProcessGroup& group) {
        const auto result = byFirstRank(group, []() -> Result<std::string> { throw std::runtime_error("a bug"); });
        return result.error().toString();
    });
    EXPECT_EQ(ends[0].code, 1);
    EXPECT_EQ(ends[0].text, "a bug");
    EXPECT_EQ(ends[1].text, "rank 0 failed");
}

TEST(Agreement, BucketsSumWhatTensorsSum) {
    const auto ends = runRanks(2, [](ProcessGroup& group) {
        std::vector<at::Tensor> tensors;
        for (int i = 0; i < 12; ++i) {
            const at::ScalarType type = i % 4 == 3 ? at::kBFloat16 : at::kFloat;
            tensors.push_back(at::full({i + 1, 3}, i + 10.0 * group.rank(), at::TensorOptions(type)));
        }
        tensors.push_back(at::full({1000}, group.rank(), at::TensorOptions(at::kFloat)));  // larger than a bucket
        const auto result = allReduceInBuckets(group, tensors, 200);
        if (!result) return result.error().toString();
        for (int i = 0; i < 12; ++i) {
            if (!tensors[static_cast<std::size_t>(i)].eq(2.0 * i + 10.0).all().item<bool>())
                return "tensor " + std::to_string(i);
        }
        return std::string(tensors.back().eq(1.0).all().item<bool>() ? "right" : "the large one");
    });
    for (const auto& end : ends) EXPECT_EQ(end.text, "right");
}

}  // namespace
}  // namespace lapidary::distributed
