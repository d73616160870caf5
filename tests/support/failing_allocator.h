// The device's memory as a test wants it: full at the k-th allocation, full above a number of bytes, or gone with its device.  It stands
// before LibTorch's allocator of the CPU, so that everything above runs as it does when memory really runs out (faults 36, 46).
#pragma once

#include <cstdint>

namespace lapidary::test {

// One at a time.
class FailingAllocator {
public:
    FailingAllocator();
    ~FailingAllocator();  // LibTorch's own again; what was allocated stays usable
    FailingAllocator(const FailingAllocator&) = delete;
    FailingAllocator& operator=(const FailingAllocator&) = delete;

    // From now on allocation number `at` (from 0) fails, once.
    void failAt(std::int64_t at);
    // The device goes away at that allocation and stays away.
    void loseDeviceAt(std::int64_t at);
    // Fails whatever would make more than `bytes` alive together.
    void limitTo(std::int64_t bytes);

    [[nodiscard]] std::int64_t allocations() const;  // tried since failAt, loseDeviceAt or the beginning
    [[nodiscard]] std::int64_t peakBytes() const;  // alive at once since the beginning
};

}  // namespace lapidary::test
