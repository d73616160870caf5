// The gradients of attention: the definition against central differences of the way there, every version against the definition.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/interval_attention.h"
#include "tests/kernels/random_weights.h"

namespace lapidary::kernels {
namespace {

struct Shape {
    std::int64_t queries;
    std::int64_t heads;
    std::int64_t kvHeads;
    std::int64_t headDim;
    std::int64_t keys;
};

std::size_t sizeOf(std::int64_t a, std::int64_t b, std::int64_t c) { return static_cast<std::size_t>(a * b * c); }

// One row of a batch.  Queries see any interval of the keys, and where `shares` any interval below it, too; some see nothing.
struct Problem {
    Problem(const Shape& shape, bool shares, std::mt19937& random)
        : q(randomFloats(sizeOf(shape.queries, shape.heads, shape.headDim), 1.0F, random)),
          k(randomFloats(sizeOf(shape.kvHeads, shape.keys, shape.headDim), 1.0F, random)),
          v(randomFloats(k.size(), 1.0F, random)),
          dOut(randomFloats(q.size(), 1.0F, random)),
          out(q.size()),
          dq(q.size(), 7.0F),
          dk(k.size(), 0.0F),
          dv(k.size(), 0.0F) {
        const auto below = [&](std::int64_t most) {
            return static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(most + 1));
        };
        for (std::int64_t i = 0; i < shape.queries; ++i) {
            end.push_back(below(shape.keys));
            begin.push_back(below(end.back()));
            prefixEnd.push_back(below(begin.back()));
            prefixBegin.push_back(below(prefixEnd.back()));
        }
        work.forward = {.q = q.data(),
                        .k = k.data(),
                        .v = v.data(),
                        .keyFormat = BlockFormat::F32,
                        .out = out.data(),
                        .queries = shape.queries,
                        .heads = shape.heads,
                        .kvHeads = shape.kvHeads,
                        .headDim = shape.headDim,
                        .capacity = shape.keys,
                        .begin = begin.data(),
                        .end = end.data(),
                        .scale = 1.0F / std::sqrt(static_cast<float>(shape.headDim)),
                        .prefixBegin = shares ? prefixBegin.data() : nullptr,
                        .prefixEnd = shares ? prefixEnd.data() : nullptr};
        work.dOut = dOut.data();
        work.dq = dq.data();
        work.dk = dk.data();
        work.dv = dv.data();
    }

    void goBack(const KernelTable& table) {
        for (std::vector<float>* sums : {&dk, &dv}) std::fill(sums->begin(), sums->end(), 0.0F);
        table.intervalAttentionBackward(work, 0, work.forward.kvHeads);
    }

    // Σ out · dOut, of which goBack() gives the gradients.
    [[nodiscard]] double value(const KernelTable& table) {
        table.intervalAttention(work.forward, 0, work.forward.heads, 0, work.forward.queries);
        double sum = 0.0;
        for (std::size_t i = 0; i < out.size(); ++i) sum += static_cast<double>(out[i]) * dOut[i];
        return sum;
    }

    std::vector<float> q;
    std::vector<float> k;
    std::vector<float> v;
    std::vector<float> dOut;
    std::vector<float> out;
    std::vector<float> dq;
    std::vector<float> dk;
    std::vector<float> dv;
    std::vector<std::int32_t> begin;
    std::vector<std::int32_t> end;
    std::vector<std::int32_t> prefixBegin;
    std::vector<std::int32_t> prefixEnd;
    IntervalAttentionBackward work;
};

class AttentionBackward : public testing::TestWithParam<const KernelTable*> {};

TEST_P(AttentionBackward, EqualsCentralDifferences) {
    std::mt19937 random(31);
    for (const bool shares : {false, true}) {
        Problem problem({5, 4, 2, 16, 24}, shares, random);
        const KernelTable& table = *GetParam();
        problem.goBack(table);
        constexpr float kStep = 0.02F;  // the third derivative leaves kStep² / 6, float32 outputs 1e-7 · √80 / kStep
        const auto check = [&](std::vector<float>& values, const std::vector<float>& gradient, const char* what) {
            for (std::size_t i = 0; i < values.size(); i += 3) {
                const float kept = values[i];
                values[i] = kept + kStep;
                const double above = problem.value(table);
                values[i] = kept - kStep;
                const double below = problem.value(table);
                values[i] = kept;
                ASSERT_NEAR(gradient[i], (above - below) / (2.0 * static_cast<double>(kStep)), 2e-3) << what << " " << i;
            }
        };
        check(problem.q, problem.dq, "q");
        check(problem.k, problem.dk, "k");
        check(problem.v, problem.dv, "v");
    }
}

// float32 sums over head_dim, then over the queries and heads that share a key; values of a few units.
TEST_P(AttentionBackward, EqualsTheDefinition) {
    std::mt19937 random(32);
    for (const bool shares : {false, true}) {
        for (const Shape& shape :
             {Shape{1, 4, 1, 256, 130}, Shape{33, 4, 2, 48, 70}, Shape{9, 8, 4, 128, 65}, Shape{64, 2, 2, 16, 64},
              Shape{7, 3, 1, 80, 129}, Shape{40, 6, 3, 32, 200}, Shape{3, 2, 1, 12, 9}}) {
            Problem problem(shape, shares, random);
            problem.goBack(*kernelTable(InstructionSet::Reference));
            const std::vector<float> dq = problem.dq, dk = problem.dk, dv = problem.dv;
            problem.goBack(*GetParam());
            const auto close = [&](const std::vector<float>& found, const std::vector<float>& expected, const char* what) {
                for (std::size_t i = 0; i < expected.size(); ++i) {
                    ASSERT_NEAR(found[i], expected[i], 2e-5 * (1.0 + std::fabs(expected[i])))
                        << what << " " << i << " of " << shape.queries << " queries, head_dim " << shape.headDim;
                }
            };
            close(problem.dq, dq, "q");
            close(problem.dk, dk, "k");
            close(problem.dv, dv, "v");
        }
    }
}

// The way there over two intervals.
TEST_P(AttentionBackward, ASecondIntervalIsSeenToo) {
    std::mt19937 random(33);
    for (const std::int64_t headDim : {48, 64, 20}) {
        Problem problem({40, 4, 2, headDim, 150}, true, random);
        (void)problem.value(*kernelTable(InstructionSet::Reference));
        const std::vector<float> expected = problem.out;
        (void)problem.value(*GetParam());
        for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(problem.out[i], expected[i], 1e-5) << i;
        problem.work.forward.prefixBegin = problem.work.forward.prefixEnd = nullptr;
        (void)problem.value(*GetParam());
        EXPECT_NE(problem.out, expected);
    }
}

INSTANTIATE_TEST_SUITE_P(Kernels, AttentionBackward, testing::ValuesIn(availableTables()), tableName);

}  // namespace
}  // namespace lapidary::kernels
