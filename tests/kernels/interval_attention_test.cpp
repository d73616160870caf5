// Attention over intervals against a naive restatement: window, image blocks, rings, shared key heads, odd sizes.
#include "kernels/interval_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/reference/half.h"
#include "tests/kernels/random_weights.h"

namespace lapidary::kernels {
namespace {

struct Shape {
    std::int64_t queries;
    std::int64_t heads;
    std::int64_t kvHeads;
    std::int64_t headDim;
    std::int64_t capacity;
};

// Keys, values and queries of one shape; positions up to `firstPosition + queries` are cached.
struct Problem {
    Problem(const Shape& shape, BlockFormat format, std::mt19937& random)
        : q(randomFloats(static_cast<std::size_t>(shape.queries * shape.heads * shape.headDim), 1.0F, random)),
          out(q.size(), -5.0F),
          begin(static_cast<std::size_t>(shape.queries)),
          end(static_cast<std::size_t>(shape.queries)) {
        k = stored(static_cast<std::size_t>(shape.kvHeads * shape.capacity * shape.headDim), format, random);
        v = stored(static_cast<std::size_t>(shape.kvHeads * shape.capacity * shape.headDim), format, random);
        work = {q.data(),
                k.data(),
                v.data(),
                format,
                out.data(),
                shape.queries,
                shape.heads,
                shape.kvHeads,
                shape.headDim,
                shape.capacity,
                begin.data(),
                end.data(),
                1.0F / std::sqrt(static_cast<float>(shape.headDim))};
    }

    static std::vector<std::byte> stored(std::size_t count, BlockFormat format, std::mt19937& random) {
        const auto values = randomFloats(count, 1.0F, random);
        std::vector<std::byte> bytes(count * (format == BlockFormat::F32 ? 4 : 2));
        for (std::size_t i = 0; i < count; ++i) {
            if (format == BlockFormat::F32) {
                std::memcpy(bytes.data() + 4 * i, &values[i], 4);
            } else {
                const std::uint16_t bits = reference::floatToBfloat16(values[i]);
                std::memcpy(bytes.data() + 2 * i, &bits, 2);
            }
        }
        return bytes;
    }

    [[nodiscard]] std::vector<float> run(const KernelTable& table, std::int64_t headBegin, std::int64_t headEnd,
                                         std::int64_t queryBegin, std::int64_t queryEnd) {
        std::fill(out.begin(), out.end(), -5.0F);
        table.intervalAttention(work, headBegin, headEnd, queryBegin, queryEnd);
        return out;
    }

    std::vector<float> q;
    std::vector<std::byte> k;
    std::vector<std::byte> v;
    std::vector<float> out;
    std::vector<std::int32_t> begin;
    std::vector<std::int32_t> end;
    IntervalAttention work;
};

class AttentionVersion : public testing::TestWithParam<const KernelTable*> {
protected:
    // Scores of unit variance: float32 dots of head_dim terms, then weights that sum to one over values of a few units.
    static void expectClose(Problem& problem, const std::string& what) {
        const auto& reference = *kernelTable(InstructionSet::Reference);
        const auto expected = problem.run(reference, 0, problem.work.heads, 0, problem.work.queries);
        const auto actual = problem.run(*GetParam(), 0, problem.work.heads, 0, problem.work.queries);
        const double bound = (64.0 + static_cast<double>(problem.work.headDim)) * std::numeric_limits<float>::epsilon();
        for (std::size_t i = 0; i < expected.size(); ++i)
            ASSERT_NEAR(actual[i], expected[i], bound) << what << " element " << i;
    }
};

TEST_P(AttentionVersion, RandomIntervalsInRings) {
    std::mt19937 random(17);
    for (const BlockFormat format : {BlockFormat::F32, BlockFormat::BF16}) {
        for (const Shape& shape :
             {Shape{1, 4, 1, 256, 300}, Shape{9, 4, 1, 256, 130}, Shape{5, 8, 4, 128, 70}, Shape{33, 2, 2, 16, 40},
              Shape{3, 3, 1, 48, 65}, Shape{7, 5, 5, 80, 64}, Shape{4, 40, 2, 32, 129}, Shape{6, 2, 1, 12, 33}}) {
            Problem problem(shape, format, random);
            for (std::size_t i = 0; i < problem.begin.size(); ++i) {
                const auto base = static_cast<std::int32_t>(random() % 1000U);  // anywhere: most intervals wrap around the ring
                problem.begin[i] = 1000;
                problem.begin[i] += base % static_cast<std::int32_t>(shape.capacity);
                const auto room = static_cast<std::int32_t>(1000 + shape.capacity) - problem.begin[i];
                problem.end[i] = problem.begin[i] + static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(room + 1));
            }
            expectClose(problem, "heads " + std::to_string(shape.heads) + " dim " + std::to_string(shape.headDim));
        }
    }
}

TEST_P(AttentionVersion, CausalWindowAndImageBlock) {
    std::mt19937 random(18);
    Problem problem({96, 4, 1, 64, 200}, BlockFormat::F32, random);
    for (int i = 0; i < 96; ++i) {
        const auto at = static_cast<std::size_t>(i);
        problem.begin[at] = std::max(0, i - 20);
        problem.end[at] = i >= 30 && i < 60 ? 60 : i + 1;  // tokens 30 to 59 are one image
    }
    expectClose(problem, "image");
}

// Tasks of other heads and queries write nothing here.
TEST_P(AttentionVersion, PartsAreIndependent) {
    std::mt19937 random(19);
    Problem problem({10, 6, 3, 32, 64}, BlockFormat::F32, random);
    for (std::size_t i = 0; i < 10; ++i) {
        problem.begin[i] = 0;
        problem.end[i] = static_cast<std::int32_t>(i + 40);
    }
    const auto whole = problem.run(*GetParam(), 0, 6, 0, 10);
    const auto part = problem.run(*GetParam(), 1, 4, 2, 9);
    for (std::int64_t query = 0; query < 10; ++query) {
        for (std::int64_t head = 0; head < 6; ++head) {
            const bool inside = head >= 1 && head < 4 && query >= 2 && query < 9;
            for (std::int64_t i = 0; i < 32; ++i) {
                const auto at = static_cast<std::size_t>((query * 6 + head) * 32 + i);
                if (inside) {
                    ASSERT_NEAR(part[at], whole[at], 1e-6);
                } else {
                    ASSERT_EQ(part[at], -5.0F);
                }
            }
        }
    }
}

// An empty interval gives zeros, and what no query may see does not leak, be it infinite or not a number.
TEST_P(AttentionVersion, EmptyIntervalsAndUnseenKeys) {
    std::mt19937 random(20);
    Problem problem({3, 2, 1, 32, 100}, BlockFormat::F32, random);
    problem.begin = {10, 20, 12};
    problem.end = {30, 20, 12};
    const float poison = std::numeric_limits<float>::quiet_NaN();
    for (std::size_t slot = 0; slot < 100; ++slot) {
        if (slot >= 10 && slot < 30) continue;
        for (std::size_t i = 0; i < 32; ++i) {
            std::memcpy(problem.k.data() + 4 * (slot * 32 + i), &poison, 4);
            std::memcpy(problem.v.data() + 4 * (slot * 32 + i), &poison, 4);
        }
    }
    const auto out = problem.run(*GetParam(), 0, 2, 0, 3);
    for (std::size_t i = 0; i < out.size(); ++i) {
        ASSERT_TRUE(std::isfinite(out[i]));
        if (i >= 64) {
            ASSERT_EQ(out[i], 0.0F);
        }
    }
}

// Scores far apart: the running maximum must rescale what was gathered before, in either order.
TEST_P(AttentionVersion, LargeScoresStayFinite) {
    std::mt19937 random(21);
    for (const int peak : {5, 190}) {
        Problem problem({1, 1, 1, 32, 200}, BlockFormat::F32, random);
        problem.begin = {0};
        problem.end = {200};
        problem.work.scale = 1.0F;
        for (std::size_t i = 0; i < 32; ++i) {
            const float key = problem.q[i] * 50.0F;
            std::memcpy(problem.k.data() + 4 * (static_cast<std::size_t>(peak) * 32 + i), &key, 4);
        }
        const auto out = problem.run(*GetParam(), 0, 1, 0, 1);
        for (std::size_t i = 0; i < 32; ++i) {
            float value = 0.0F;
            std::memcpy(&value, problem.v.data() + 4 * (static_cast<std::size_t>(peak) * 32 + i), 4);
            ASSERT_NEAR(out[i], value, 1e-6);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Kernels, AttentionVersion, testing::ValuesIn(availableTables()), tableName);

}  // namespace
}  // namespace lapidary::kernels
