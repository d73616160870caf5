#include "tests/support/failing_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

namespace lapidary::test {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct State {
    c10::Allocator* real = nullptr;
    std::atomic<std::int64_t> tried{0};
    std::atomic<std::int64_t> failAt{kNever};
    std::atomic<std::int64_t> lostAt{kNever};
    std::atomic<std::int64_t> limit{kNever};
    std::atomic<std::int64_t> alive{0};
    std::atomic<std::int64_t> peak{0};
};

State& state() {
    static State one;
    return one;
}

struct Held {
    c10::DataPtr memory;
    std::int64_t bytes;
};

void release(void* context) {
    const std::unique_ptr<Held> held(static_cast<Held*>(context));
    state().alive -= held->bytes;
}

// Outlives every tensor: storages remember where they came from.
class Allocator final : public c10::Allocator {
public:
    c10::DataPtr allocate(size_t bytes) override {
        State& now = state();
        const std::int64_t number = now.tried++;
        const auto wanted = static_cast<std::int64_t>(bytes);
        TORCH_CHECK(number < now.lostAt, "CUDA error: unspecified launch failure");
        TORCH_CHECK(number != now.failAt && now.alive + wanted <= now.limit,
                    "DefaultCPUAllocator: not enough memory: you tried to allocate ", bytes, " bytes.");
        c10::DataPtr memory = now.real->allocate(bytes);
        now.alive += wanted;
        now.peak = std::max<std::int64_t>(now.peak, now.alive);
        void* const place = memory.get();
        const c10::Device device = memory.device();
        return {place, new Held{std::move(memory), wanted}, &release, device};
    }
    void copy_data(void* to, const void* from, std::size_t bytes) const override { std::memcpy(to, from, bytes); }
};

}  // namespace

FailingAllocator::FailingAllocator() {
    static Allocator allocator;
    State& now = state();
    now.real = c10::GetAllocator(c10::kCPU);
    now.tried = 0;
    now.failAt = now.lostAt = now.limit = kNever;
    now.peak = now.alive.load();
    c10::SetAllocator(c10::kCPU, &allocator);
}

FailingAllocator::~FailingAllocator() { c10::SetAllocator(c10::kCPU, state().real); }

void FailingAllocator::failAt(std::int64_t at) {
    state().tried = 0;
    state().failAt = at;
}

void FailingAllocator::loseDeviceAt(std::int64_t at) {
    state().tried = 0;
    state().lostAt = at;
}

void FailingAllocator::limitTo(std::int64_t bytes) { state().limit = bytes; }

std::int64_t FailingAllocator::allocations() const { return state().tried; }

std::int64_t FailingAllocator::peakBytes() const { return state().peak; }

}  // namespace lapidary::test
