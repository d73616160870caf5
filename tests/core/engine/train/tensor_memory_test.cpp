#include "core/engine/train/tensor_memory.h"

#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sum.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "core/shared/base/private_memory.h"

namespace lapidary::train {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMany = 256 * kPage;

TEST(BlockMemory, HandsOutWhatWasGivenBack) {
    BlockMemory memory;
    void* const first = memory.take(kMany - 1);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % kPage, 0U);
    std::memset(first, 7, kMany);
    memory.give(first);
    EXPECT_EQ(memory.heldBytes(), kMany);
    EXPECT_EQ(memory.take(kMany), first);
    EXPECT_NE(memory.take(1), nullptr);
    EXPECT_EQ(memory.mostUsedBytes(), kMany + kPage);
}

TEST(BlockMemory, TheSmallestThatIsLargeEnoughIsTakenAndItsRestKept) {
    BlockMemory memory;
    void* const large = memory.take(10 * kPage);
    void* const small = memory.take(6 * kPage);
    memory.give(large);
    memory.give(small);
    EXPECT_EQ(memory.take(4 * kPage), small);
    EXPECT_EQ(memory.take(10 * kPage), large);
    EXPECT_EQ(memory.take(2 * kPage), static_cast<std::byte*>(small) + 4 * kPage);
    EXPECT_EQ(memory.heldBytes(), 16 * kPage);
}

// Random sizes in random order: blocks never overlap, and what is held is never more than what was in use at once.
TEST(BlockMemory, HoldsNeverMoreThanWasUsedAtOnce) {
    BlockMemory memory;
    std::mt19937 random(7);
    std::vector<std::pair<unsigned char*, std::size_t>> used;
    std::size_t inUse = 0, most = 0;
    for (int i = 0; i < 5000; ++i) {
        if (!used.empty() && random() % 2 == 0) {
            const std::size_t which = random() % used.size();
            const auto [block, size] = used[which];
            ASSERT_EQ(block[0], static_cast<unsigned char>(size / kPage));  // nobody else wrote here
            ASSERT_EQ(block[size - 1], static_cast<unsigned char>(size / kPage));
            memory.give(block);
            inUse -= size;
            used.erase(used.begin() + static_cast<std::ptrdiff_t>(which));
        } else {
            const std::size_t size = (1 + random() % 100) * kPage;
            auto* const block = static_cast<unsigned char*>(memory.take(size));
            ASSERT_NE(block, nullptr);
            block[0] = block[size - 1] = static_cast<unsigned char>(size / kPage);
            used.emplace_back(block, size);
            inUse += size;
            most = std::max(most, inUse);
        }
        ASSERT_LE(memory.heldBytes(), most);
        ASSERT_EQ(memory.mostUsedBytes(), most);
    }
    for (const auto& [block, size] : used) memory.give(block);
}

TEST(BlockMemory, WhatItGivesUpIsTheSystemsAgain) {
    constexpr std::size_t kLarge = 64 << 20;
    const std::int64_t before = privateBytes();
    {
        BlockMemory memory;
        for (const std::size_t size : {kLarge, kLarge / 2, kLarge / 4 * 3, kLarge}) {
            void* const block = memory.take(size);
            std::memset(block, 1, size);
            memory.give(block);
            EXPECT_LE(privateBytes(), before + static_cast<std::int64_t>(kLarge) + (4 << 20));
        }
    }
    EXPECT_LT(privateBytes(), before + (4 << 20));
}

TEST(BlockMemory, SaysWhereTheSystemHasNoMore) {
    BlockMemory memory;
    EXPECT_EQ(memory.take(std::size_t{1} << 60), nullptr);
    EXPECT_EQ(memory.heldBytes(), 0U);
}

TEST(BlockMemory, RefusesWhatIsNotItsOwn) {
    BlockMemory memory;
    int other = 0;
    EXPECT_FALSE(memory.give(&other));
    void* const block = memory.take(kPage);
    EXPECT_TRUE(memory.give(block));
    EXPECT_FALSE(memory.give(block));
    EXPECT_EQ(memory.heldBytes(), kPage);
}

// oneDNN's scratch memory comes as bare pointers, and its bfloat16 products ask for it.
TEST(TensorMemory, ServesBarePointersAndProductsOfBfloat16) {
    useTensorMemory();
    c10::Allocator& allocator = *c10::GetCPUAllocator();
    for (const std::size_t bytes : {std::size_t{1}, kPage, kMany}) {
        void* const block = allocator.raw_allocate(bytes);
        std::memset(block, 1, bytes);
        allocator.raw_deallocate(block);
    }
    const at::Tensor ones = at::ones({512, 512}, at::kBFloat16);
    EXPECT_EQ(at::mm(ones, ones).sum(at::kDouble).item<double>(), 512.0 * 512.0 * 512.0);
}

}  // namespace
}  // namespace lapidary::train
