// Memory of tensors while training: blocks straight from the system that are kept when a tensor goes and handed out again, never more of
// them than tensors filled at once before.  So what a run needs at its peak is what its tensors need (plan/training_forecast.h).
//
// NOTE [Tensor memory]: glibc's heap made the peak of a step 13 to 20 % larger than its tensors, another figure each time (holes between
// tensors of many sizes); mmap and munmap for each tensor (M_MMAP_THRESHOLD) are exact and pay a page fault for every 4 KiB of every
// tensor.  Measured on tests/bench/memory_estimate.py's vl-full-picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace lapidary::train {

// Any thread may call.
class BlockMemory {
public:
    BlockMemory() = default;
    ~BlockMemory();
    BlockMemory(const BlockMemory&) = delete;
    BlockMemory& operator=(const BlockMemory&) = delete;

    // At least so many bytes, at least one, at the beginning of a page; null where the system has no more.
    void* take(std::size_t bytes);
    // Takes back what take() gave; false: it did not.
    bool give(void* block);

    // Of blocks in use and kept, now.
    [[nodiscard]] std::size_t heldBytes() const;
    // Of blocks in use, at most until now.
    [[nodiscard]] std::size_t mostUsedBytes() const;

private:
    using Turn = std::uint64_t;  // when a block began to be kept

    void keep(void* block, std::size_t size);
    void* reuse(std::size_t size);
    void* map(std::size_t size);
    void unmapOldest();

    mutable std::mutex m_mutex;
    std::unordered_map<void*, std::size_t> m_used;
    std::map<std::pair<std::size_t, Turn>, void*> m_kept;  // by size
    std::map<Turn, std::size_t> m_sizes;  // of the same blocks, the oldest first
    std::size_t m_usedBytes = 0;
    std::size_t m_keptBytes = 0;
    std::size_t m_mostUsed = 0;
    Turn m_turn = 0;
};

// From now on LibTorch takes the memory of all larger tensors on the CPU from one BlockMemory that lives as long as the process.  To be
// called before the first tensor is made; more than once is as good as once.
void useTensorMemory();

}  // namespace lapidary::train
