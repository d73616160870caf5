// Tensors without numbers keep and free as LibTorch's autograd does.
#include "core/shared/plan/shadow_tensor.h"

#include <gtest/gtest.h>

namespace lapidary::plan::shadow {
namespace {

constexpr std::int64_t kNumbers = 1000;
constexpr std::int64_t kOne = kNumbers * kFloat;  // bytes of one tensor here

class ShadowTensor : public ::testing::Test {
protected:
    // What `work` needs at most beside what there was.
    template <class Work>
    std::int64_t peakOf(const Work& work) {
        Ledger mine;
        Tape tape(mine);
        work(tape);
        return mine.peakBytes();
    }
    // An operation that keeps its input and makes one gradient.
    static Tensor keeping(Tape& tape, const Tensor& x) {
        return tape.record({x}, tape.like(x), [&tape, x](const Tensor&, const Wanted&) { return Tensors{tape.like(x)}; });
    }
    // An operation that keeps nothing and hands the gradient on.
    static Tensor passing(Tape& tape, const Tensor& x) {
        return tape.record({x}, tape.like(x), [](const Tensor& gradient, const Wanted&) { return Tensors{gradient}; });
    }
};

TEST_F(ShadowTensor, CountsWhileSomebodyHoldsIt) {
    Ledger ledger;
    Tape tape(ledger);
    {
        const Tensor a = tape.make(kNumbers);
        const Tensor view = a;
        const Tape::Scope scope(tape, Item::Logits);
        const Tensor b = tape.make(kNumbers, kBfloat16);
    }
    const Tensor later = tape.make(kNumbers);
    EXPECT_EQ(ledger.peakBytes(), kOne + kOne / 2);
    EXPECT_EQ(ledger.peak()[static_cast<std::size_t>(Item::Activations)], kOne);
    EXPECT_EQ(ledger.peak()[static_cast<std::size_t>(Item::Logits)], kOne / 2);
}

TEST_F(ShadowTensor, KeepsForTheGradientOnlyWhereSomethingLearns) {
    const auto chain = [](bool learns) {
        return [learns](Tape& tape) {
            Tensor x = tape.make(kNumbers);
            if (learns) x = tape.leaf(x);
            for (int i = 0; i < 10; ++i) x = keeping(tape, x);
        };
    };
    EXPECT_EQ(peakOf(chain(false)), 2 * kOne);
    EXPECT_EQ(peakOf(chain(true)), 11 * kOne);
}

TEST_F(ShadowTensor, TheBackwardPassFreesBehindItself) {
    const std::int64_t peak = peakOf([](Tape& tape) {
        const Tensor leaf = tape.leaf(tape.make(kNumbers));
        Tensor x = leaf;
        for (int i = 0; i < 10; ++i) x = keeping(tape, x);
        tape.backward(x, tape.like(x));
        EXPECT_TRUE(leaf.node->gradient.defined());
    });
    EXPECT_EQ(peak, 13 * kOne);  // what is kept, the result, the gradient that came and the one that goes
}

TEST_F(ShadowTensor, ASecondGradientIsAddedInPlaceUnlessTheFirstIsShared) {
    const auto branches = [](auto&& second) {
        return [second](Tape& tape) {
            const Tensor leaf = tape.leaf(tape.make(kNumbers));
            const Tensor x = passing(tape, leaf);
            const Tensor a = passing(tape, x), b = second(tape, x);
            const Tensor y = tape.record({a, b}, tape.like(x), [](const Tensor& gradient, const Wanted&) {
                return Tensors{gradient, gradient};
            });
            tape.backward(y, tape.like(y));
        };
    };
    const auto shares = [](Tape& tape, const Tensor& x) { return passing(tape, x); };
    const auto makes = [](Tape& tape, const Tensor& x) {
        return tape.record({x}, tape.like(x),
                           [&tape](const Tensor& gradient, const Wanted&) { return Tensors{tape.like(gradient)}; });
    };
    // Leaf, x, a, b, y and the gradient are there in any case; then both branches hand on the same memory and the sum is new, or
    // the second branch's gradient is new and the first's is added to it.
    EXPECT_EQ(peakOf(branches(shares)), 7 * kOne);
    EXPECT_EQ(peakOf(branches(makes)), 7 * kOne);
}

TEST_F(ShadowTensor, CheckpointingKeepsTheInputAlone) {
    const auto block = [](Tape& tape, const Tensor& x) {
        Tensor y = x;
        for (int i = 0; i < 10; ++i) y = keeping(tape, y);
        return y;
    };
    const auto run = [&](bool recomputes) {
        return [block, recomputes](Tape& tape) {
            Tensor x = tape.leaf(tape.make(kNumbers));
            for (int i = 0; i < 5; ++i) {
                x = recomputes ? tape.recomputed([&](const Tensor& y) { return block(tape, y); }, x, {}) : block(tape, x);
            }
            tape.backward(x, tape.like(x));
        };
    };
    EXPECT_EQ(peakOf(run(false)), 53 * kOne);
    EXPECT_EQ(peakOf(run(true)), (5 + 10 + 3) * kOne);
}

TEST_F(ShadowTensor, GradientsOfACheckpointedBlockReachItsParameters) {
    Ledger ledger;
    Tape tape(ledger);
    const Tensor weight = tape.leaf(tape.make(kNumbers));
    const auto block = [&](const Tensor& x) {
        return tape.record({x, weight}, tape.like(x), [&tape, x](const Tensor& gradient, const Wanted& wanted) {
            EXPECT_FALSE(wanted[0]);
            return Tensors{{}, tape.like(gradient)};
        });
    };
    const Tensor y = tape.recomputed(block, tape.make(kNumbers), {weight});
    ASSERT_TRUE(y.learns());
    tape.backward(y, tape.like(y));
    EXPECT_EQ(weight.node->gradient.elements, kNumbers);
}

}  // namespace
}  // namespace lapidary::plan::shadow
