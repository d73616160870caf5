// Makes the next samples on threads of their own while the present ones are used.  What it gives depends on the indices alone.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::train {

template <class T>
class Prefetcher {
public:
    // `make` is called on other threads, several at once.
    explicit Prefetcher(std::function<Result<T>(std::int64_t)> make) : m_make(std::move(make)) {}

    // The samples of `wanted`; those of `next` are begun, on as many threads as the caller computes with: a GPU would wait for one.
    Result<std::vector<T>> take(const std::vector<std::int64_t>& wanted, const std::vector<std::int64_t>& next) {
        const auto threads = static_cast<std::size_t>(std::max(1, at::get_num_threads()));
        Result<std::vector<T>> found = m_pending.valid() && m_wanted == wanted ? m_pending.get() : makeAll(wanted, threads);
        if (m_pending.valid()) m_pending.wait();
        m_wanted = next;
        if (!next.empty()) m_pending = std::async(std::launch::async, [this, next, threads] { return makeAll(next, threads); });
        return found;
    }

    // What was begun is not used: its files have changed meanwhile.
    void forget() { m_pending = {}; }

private:
    // Thread t takes every sample at t, t + threads, …
    Result<std::vector<T>> makeAll(const std::vector<std::int64_t>& indices, std::size_t threads) const {
        const std::size_t workers = std::min(threads, indices.size());
        std::vector<std::optional<Result<T>>> made(indices.size());
        const auto work = [&](std::size_t first) {
            for (std::size_t i = first; i < indices.size(); i += workers) made[i] = m_make(indices[i]);
        };
        std::vector<std::future<void>> others;
        for (std::size_t i = 1; i < workers; ++i) others.push_back(std::async(std::launch::async, work, i));
        if (workers > 0) work(0);
        for (std::future<void>& other : others) other.get();
        std::vector<T> samples;
        samples.reserve(made.size());
        for (std::optional<Result<T>>& one : made) {
            if (!*one) return one->error();
            samples.push_back(std::move(**one));
        }
        return samples;
    }

    std::function<Result<T>(std::int64_t)> m_make;
    std::vector<std::int64_t> m_wanted;
    std::future<Result<std::vector<T>>> m_pending;  // destroyed first: waits for the thread
};

}  // namespace lapidary::train
