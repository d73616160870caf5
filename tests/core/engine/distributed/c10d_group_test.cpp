// Ranks over Gloo: every operation, and what the others hear of a rank that dies, hangs or goes another way (fault 47).
#include "core/engine/distributed/c10d_group.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "tests/support/run_ranks.h"

namespace lapidary::distributed {
namespace {

using test::RankEnd;
using test::runRanks;

constexpr auto kShort = std::chrono::seconds(5);

void must(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().toString());
}

void must(bool condition, const std::string& what) {
    if (!condition) throw std::runtime_error(what);
}

void expectAllWell(const std::vector<RankEnd>& ends) {
    for (std::size_t rank = 0; rank < ends.size(); ++rank)
        EXPECT_EQ(ends[rank].code, 0) << "rank " << rank << ": " << ends[rank].text;
}

std::string codeAndText(const Error& error) { return std::string(errorCodeName(error.code)) + "|" + error.toString(); }

TEST(C10dGroup, SumsOfEveryType) {
    expectAllWell(runRanks(3, [](ProcessGroup& group) {
        for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kLong, at::kBFloat16}) {
            at::Tensor values = at::arange(5, at::TensorOptions(at::kLong)).to(type) + group.rank();
            must(group.allReduce(values));
            must(values.to(at::kLong).equal(at::tensor(std::vector<std::int64_t>{3, 6, 9, 12, 15})),
                 std::string("sum of ") + c10::toString(type));
        }
        return std::string();
    }));
}

TEST(C10dGroup, SumsWhatIsNotContiguousInPlace) {
    expectAllWell(runRanks(2, [](ProcessGroup& group) {
        const at::Tensor whole = at::full({3, 4}, 1.0 + group.rank(), at::TensorOptions(at::kFloat));
        at::Tensor column = whole.select(1, 2);
        must(group.allReduce(column));
        must(whole.select(1, 2).eq(3.0).all().item<bool>(), "the column is not the sum");
        must(whole.select(1, 1).eq(1.0 + group.rank()).all().item<bool>(), "the next column changed");
        at::Tensor nothing = at::full({0}, 1.0, at::TensorOptions(at::kFloat));
        must(group.allReduce(nothing));
        return std::string();
    }));
}

TEST(C10dGroup, BroadcastsFromEveryRoot) {
    expectAllWell(runRanks(3, [](ProcessGroup& group) {
        for (int root = 0; root < 3; ++root) {
            at::Tensor values = at::full({7}, group.rank(), at::TensorOptions(at::kLong));
            must(group.broadcast(values, root));
            must(values.eq(root).all().item<bool>(), "not the root's values");
        }
        return std::string();
    }));
}

TEST(C10dGroup, GathersByRank) {
    expectAllWell(runRanks(3, [](ProcessGroup& group) {
        const auto found = group.allGather(at::full({2, 2}, group.rank(), at::TensorOptions(at::kFloat)));
        must(found.has_value(), "gather");
        must(found->size() == 3, "three tensors");
        for (int rank = 0; rank < 3; ++rank) {
            must((*found)[static_cast<std::size_t>(rank)].eq(rank).all().item<bool>(), "not by rank");
        }
        return std::string();
    }));
}

TEST(C10dGroup, NobodyPassesABarrierBeforeTheLast) {
    const auto ends = runRanks(2, [](ProcessGroup& group) {
        if (group.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(700));
        const auto begin = std::chrono::steady_clock::now();
        must(group.barrier());
        const bool waited = std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(300);
        return std::string(waited ? "waited" : "passed");
    });
    expectAllWell(ends);
    EXPECT_EQ(ends[0].text, "waited");
    EXPECT_EQ(ends[1].text, "passed");
}

// The text of the first error that rank `who` gets; every rank but `bad` sums until then.
std::string sumUntilError(ProcessGroup& group) {
    for (int i = 0; i < 1000; ++i) {
        at::Tensor values = at::full({1000}, 1.0, at::TensorOptions(at::kFloat));
        const auto result = group.allReduce(values);
        if (result) continue;
        const auto again = group.barrier();
        must(!again && again.error().toString() == result.error().toString(), "the group is over for good");
        return codeAndText(result.error());
    }
    return "no error";
}

TEST(Fault47, ARankThatDiesIsNamedAtOnce) {
    for (const int bad : {0, 2}) {
        const auto begin = std::chrono::steady_clock::now();
        const auto ends = runRanks(
            3,
            [&](ProcessGroup& group) {
                must(group.barrier());
                if (group.rank() == bad) ::raise(SIGKILL);
                return sumUntilError(group);
            },
            std::chrono::seconds(40));
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(25)) << "long before the timeout";
        for (int rank = 0; rank < 3; ++rank) {
            if (rank == bad) continue;
            const std::string& text = ends[static_cast<std::size_t>(rank)].text;
            EXPECT_TRUE(text.starts_with("child_died|")) << text << " code " << ends[static_cast<std::size_t>(rank)].code;
            // On a busy machine the other one may be gone as well by the time that this one asks who is.
            const std::string who = text.substr(0, text.find(" ended in allReduce"));
            EXPECT_NE(text.find(" ended in allReduce"), std::string::npos) << text;
            EXPECT_NE(who.find(std::to_string(bad)), std::string::npos) << text;
        }
    }
}

TEST(Fault47, ARankThatHangsIsNamedAfterTheTimeout) {
    const auto ends = runRanks(
        3,
        [](ProcessGroup& group) {
            must(group.barrier());
            if (group.rank() == 1) {
                std::this_thread::sleep_for(std::chrono::seconds(14));
                return std::string("awake");
            }
            return sumUntilError(group);
        },
        kShort);
    for (const std::size_t rank : {0U, 2U}) {
        const std::string& text = ends[rank].text;
        EXPECT_TRUE(text.starts_with("child_died|")) << text;
        EXPECT_NE(text.find("rank 1 did not answer within 5 s in allReduce"), std::string::npos) << text;
    }
}

TEST(Fault47, AFirstRankThatHangsIsNamedToo) {
    const auto ends = runRanks(
        2,
        [](ProcessGroup& group) {
            must(group.barrier());
            if (group.rank() == 0) std::this_thread::sleep_for(std::chrono::seconds(14));
            return group.rank() == 0 ? std::string() : sumUntilError(group);
        },
        kShort);
    EXPECT_NE(ends[1].text.find("rank 0 did not answer within 5 s"), std::string::npos) << ends[1].text;
}

TEST(Fault47, RanksThatCallDifferentOperationsAreToldSoAtOnce) {
    const auto begin = std::chrono::steady_clock::now();
    const auto ends = runRanks(
        2,
        [](ProcessGroup& group) {
            at::Tensor values = at::full({group.rank() == 0 ? 4 : 4000}, 1.0, at::TensorOptions(at::kFloat));
            const Result<void> result = group.rank() == 0 ? group.broadcast(values, 0) : group.allReduce(values);
            return result ? "no error" : codeAndText(result.error());
        },
        std::chrono::seconds(40));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
    EXPECT_EQ(
        ends[0].text,
        "internal|process group: rank 1 calls allReduce of 4000 Float (call 1) where rank 0 calls broadcast of 4 Float from "
        "rank 0 (call 1)");
    EXPECT_TRUE(ends[1].text.starts_with("internal|process group: rank 0 calls broadcast")) << ends[1].text;
}

TEST(Fault47, DifferentSizesAreToldToo) {
    const auto ends = runRanks(2, [](ProcessGroup& group) {
        at::Tensor values = at::full({group.rank() == 0 ? 4 : 5}, 1.0, at::TensorOptions(at::kFloat));
        const auto result = group.allReduce(values);
        return result ? "no error" : codeAndText(result.error());
    });
    for (const RankEnd& end : ends) EXPECT_TRUE(end.text.starts_with("internal|")) << end.text;
}

TEST(Fault47, ARankThatNeverComesIsNamed) {
    const auto ends = runRanks(1, [](ProcessGroup&) {
        GroupSettings settings;
        settings.size = 3;
        settings.masterPort = 20000 + static_cast<std::uint16_t>(::getpid() % 12000);
        settings.timeout = std::chrono::seconds(2);
        const auto group = openGlooGroup(settings);
        return group ? "no error" : codeAndText(group.error());
    });
    EXPECT_EQ(ends[0].text, "child_died|ranks 1, 2 did not come within 2 s of the start");
}

// NOTE [c10d]: a vtable of the stub class would stand in for LibTorch's own.
TEST(GlooStubs, NoVtableOfOurs) {
    FILE* const names = ::popen("nm -C '" LAPIDARY_DISTRIBUTED_LIBRARY "'", "r");
    ASSERT_NE(names, nullptr);
    std::string all;
    char buffer[4096];
    for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, names)) > 0;) all.append(buffer, count);
    ASSERT_EQ(::pclose(names), 0);
    EXPECT_NE(all.find("ProcessGroupGloo::ProcessGroupGloo"), std::string::npos) << "the names were read";
    EXPECT_EQ(all.find("GlooStore"), std::string::npos);
    EXPECT_EQ(all.find("vtable for gloo"), std::string::npos);
}

}  // namespace
}  // namespace lapidary::distributed
