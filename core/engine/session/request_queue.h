// Requests on their way from the reader to a worker, and which of all requests are still open.  Any thread.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "core/shared/protocol/request.h"

namespace lapidary::session {

struct QueuedRequest {
    protocol::Request request;
    std::stop_token stop;  // of this request alone
};

class RequestQueue {
public:
    void push(QueuedRequest request) {
        {
            const std::lock_guard lock(m_mutex);
            m_requests.push_back(std::move(request));
        }
        m_ready.notify_one();
    }
    // Nothing more will come.
    void close() {
        {
            const std::lock_guard lock(m_mutex);
            m_closed = true;
        }
        m_ready.notify_all();
    }
    // Waits for the next request; nothing once the queue is closed and empty.
    std::optional<QueuedRequest> pop() {
        std::unique_lock lock(m_mutex);
        m_ready.wait(lock, [this] { return m_closed || !m_requests.empty(); });
        if (m_requests.empty()) return std::nullopt;
        QueuedRequest next = std::move(m_requests.front());
        m_requests.pop_front();
        return next;
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_ready;
    std::deque<QueuedRequest> m_requests;
    bool m_closed = false;
};

class OpenRequests {
public:
    // A stop token for a new request; nothing when its id is still open.
    std::optional<std::stop_token> begin(const protocol::Request& request) {
        const std::lock_guard lock(m_mutex);
        const auto [entry, isNew] = m_entries.try_emplace(request.id);
        if (!isNew) return std::nullopt;
        entry->second.isLoad = std::holds_alternative<protocol::LoadRequest>(request.body);
        return entry->second.source.get_token();
    }
    [[nodiscard]] bool isOpen(std::int64_t id) const {
        const std::lock_guard lock(m_mutex);
        return m_entries.contains(id);
    }
    void end(std::int64_t id) {
        const std::lock_guard lock(m_mutex);
        m_entries.erase(id);
    }
    void cancel(std::int64_t id) {
        const std::lock_guard lock(m_mutex);
        if (const auto found = m_entries.find(id); found != m_entries.end()) found->second.source.request_stop();
    }
    void cancelAll() {
        const std::lock_guard lock(m_mutex);
        for (auto& [id, entry] : m_entries) entry.source.request_stop();
    }
    // A model is being opened, or will be.
    [[nodiscard]] bool anyLoad() const {
        const std::lock_guard lock(m_mutex);
        return std::any_of(m_entries.begin(), m_entries.end(), [](const auto& entry) { return entry.second.isLoad; });
    }

private:
    struct Entry {
        std::stop_source source;
        bool isLoad = false;
    };

    mutable std::mutex m_mutex;
    std::map<std::int64_t, Entry> m_entries;
};

}  // namespace lapidary::session
