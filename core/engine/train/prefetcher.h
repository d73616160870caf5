// Makes the next samples on a thread of its own while the present ones are used.  What it gives depends on the indices alone.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <utility>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::train {

template <class T>
class Prefetcher {
public:
    // `make` is called on another thread.
    explicit Prefetcher(std::function<Result<T>(std::int64_t)> make) : m_make(std::move(make)) {}

    // The samples of `wanted`; those of `next` are begun.
    Result<std::vector<T>> take(const std::vector<std::int64_t>& wanted, const std::vector<std::int64_t>& next) {
        Result<std::vector<T>> found = m_pending.valid() && m_wanted == wanted ? m_pending.get() : makeAll(wanted);
        if (m_pending.valid()) m_pending.wait();
        m_wanted = next;
        if (!next.empty()) m_pending = std::async(std::launch::async, [this, next] { return makeAll(next); });
        return found;
    }

    // What was begun is not used: its files have changed meanwhile.
    void forget() { m_pending = {}; }

private:
    Result<std::vector<T>> makeAll(const std::vector<std::int64_t>& indices) const {
        std::vector<T> samples;
        for (const std::int64_t index : indices) {
            ASSIGN_OR_RETURN(T sample, m_make(index));
            samples.push_back(std::move(sample));
        }
        return samples;
    }

    std::function<Result<T>(std::int64_t)> m_make;
    std::vector<std::int64_t> m_wanted;
    std::future<Result<std::vector<T>>> m_pending;  // destroyed first: waits for the thread
};

}  // namespace lapidary::train
