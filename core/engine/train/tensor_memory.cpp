#include "core/engine/train/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

namespace lapidary::train {
namespace {

// Smaller tensors are left to malloc: their pages would be waste.
constexpr std::size_t kSmallestBlock = 64 << 10;

std::size_t wholePages(std::size_t bytes) {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (std::max<std::size_t>(bytes, 1) + page - 1) / page * page;
}

}  // namespace

BlockMemory::~BlockMemory() {
    while (!m_kept.empty()) unmapOldest();
}

void* BlockMemory::take(std::size_t bytes) {
    const std::size_t size = wholePages(bytes);
    const std::lock_guard lock(m_mutex);
    void* block = reuse(size);
    if (block == nullptr) block = map(size);
    if (block == nullptr) return nullptr;
    m_used[block] = size;
    m_usedBytes += size;
    m_mostUsed = std::max(m_mostUsed, m_usedBytes);
    return block;
}

bool BlockMemory::give(void* block) {
    const std::lock_guard lock(m_mutex);
    const auto found = m_used.find(block);
    if (found == m_used.end()) return false;
    const std::size_t size = found->second;
    m_used.erase(found);
    m_usedBytes -= size;
    keep(block, size);
    return true;
}

void BlockMemory::keep(void* block, std::size_t size) {
    m_kept.emplace(std::pair(size, m_turn), block);
    m_sizes.emplace(m_turn++, size);
    m_keptBytes += size;
}

// The smallest kept block that is large enough; what is left of it stays kept.
void* BlockMemory::reuse(std::size_t size) {
    const auto found = m_kept.lower_bound({size, 0});
    if (found == m_kept.end()) return nullptr;
    void* const block = found->second;
    const auto [whole, turn] = found->first;
    m_kept.erase(found);
    m_sizes.erase(turn);
    m_keptBytes -= whole;
    if (whole > size) keep(static_cast<std::byte*>(block) + size, whole - size);
    return block;
}

void* BlockMemory::map(std::size_t size) {
    const std::size_t allowed = std::max(m_mostUsed, m_usedBytes + size);
    while (!m_kept.empty() && m_usedBytes + m_keptBytes + size > allowed) unmapOldest();
    while (true) {
        void* const block = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block != MAP_FAILED) return block;
        if (m_kept.empty()) return nullptr;
        unmapOldest();
    }
}

void BlockMemory::unmapOldest() {
    const auto [turn, size] = *m_sizes.begin();
    const auto found = m_kept.find({size, turn});
    ::munmap(found->second, size);
    m_kept.erase(found);
    m_sizes.erase(turn);
    m_keptBytes -= size;
}

std::size_t BlockMemory::heldBytes() const {
    const std::lock_guard lock(m_mutex);
    return m_usedBytes + m_keptBytes;
}

std::size_t BlockMemory::mostUsedBytes() const {
    const std::lock_guard lock(m_mutex);
    return m_mostUsed;
}

namespace {

// Lives as long as the process: nobody knows who frees the last tensor.
BlockMemory& blocks() {
    static BlockMemory& memory = *std::make_unique<BlockMemory>().release();
    return memory;
}

// One deleter for all: oneDNN takes scratch memory from the allocator and gives it back as a bare pointer (Allocator::raw_deallocate),
// which says nothing of where it came from.
c10::DeleterFnPtr& smallDeleter() {
    static c10::DeleterFnPtr deleter = nullptr;
    return deleter;
}

void release(void* gone) {
    if (!blocks().give(gone)) smallDeleter()(gone);
}

class TensorAllocator final : public c10::Allocator {
public:
    explicit TensorAllocator(c10::Allocator& small) : m_small(small) { smallDeleter() = small.raw_deleter(); }

    c10::DataPtr allocate(std::size_t bytes) override {
        void* const block = bytes < kSmallestBlock ? m_small.raw_allocate(bytes) : blocks().take(bytes);
        TORCH_CHECK_WITH(OutOfMemoryError, block != nullptr || bytes == 0, "tried to allocate ", bytes, " bytes for a tensor");
        return {block, block, &release, c10::Device(c10::DeviceType::CPU)};
    }

    [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return &release; }

    void copy_data(void* target, const void* source, std::size_t count) const override {
        default_copy_data(target, source, count);
    }

private:
    c10::Allocator& m_small;
};

}  // namespace

void useTensorMemory() {
    static TensorAllocator& allocator = *std::make_unique<TensorAllocator>(*c10::GetCPUAllocator()).release();
    c10::SetCPUAllocator(&allocator, 1);
}

}  // namespace lapidary::train
