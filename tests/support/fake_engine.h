// An engine that a test scripts: what it answers to which request, that it hangs, that it dies.  No process, no clock.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "gui/engine_client/engine_api.h"

namespace lapidary::test {

class FakeEngine final : public gui::EngineApi {
public:
    using Events = std::vector<protocol::EventBody>;

    explicit FakeEngine(gui::EngineState state = gui::EngineState::Ready);

    // EngineApi.
    [[nodiscard]] gui::EngineState state() const override { return m_state; }
    [[nodiscard]] const protocol::HelloEvent& hello() const override { return m_hello; }
    std::int64_t send(const protocol::RequestBody& body) override;
    void start() override;

    // The script.  A request takes the first of the answers that wait for its type, else what always() says, else it stays open:
    // an engine that hangs.  An answer without `done` or `error` leaves its request open as well.  `cancel` is answered as the
    // engine does it, unless the script has something for it.
    template <class Request>
    void answer(Events events) {
        m_once[typeOf<Request>()].push_back(std::move(events));
    }
    template <class Request>
    void always(std::function<Events(const Request&)> events) {
        m_always[typeOf<Request>()] = [events = std::move(events)](const protocol::RequestBody& body) {
            return events(std::get<Request>(body));
        };
    }
    template <class Request>
    void always(Events events) {
        always<Request>([events = std::move(events)](const Request&) { return events; });
    }

    // Events come from the event loop, or by hand: then step() delivers the next ones.
    void deliverByHand(bool byHand = true);
    void step(int events = 1);
    // An event outside the script, at once.
    void deliver(std::int64_t id, const protocol::EventBody& body);
    // Delivers everything that waits, and what follows from it, through the event loop.  Timers are not waited for.
    void settle();

    void become(gui::EngineState state);
    // As EngineClient does it: the state, an error for every open request, then died().
    void die(gui::EngineDeath death = {gui::EngineDeath::Kind::Killed, 9, {"out of memory"}, false, false});
    void log(const QString& line) { emit logged(line); }

    // What was asked, oldest first.
    [[nodiscard]] const std::vector<protocol::Request>& requests() const { return m_requests; }
    template <class Request>
    [[nodiscard]] std::vector<std::pair<std::int64_t, Request>> requestsOf() const {
        std::vector<std::pair<std::int64_t, Request>> found;
        for (const protocol::Request& request : m_requests) {
            if (const auto* body = std::get_if<Request>(&request.body)) found.emplace_back(request.id, *body);
        }
        return found;
    }
    [[nodiscard]] bool isOpen(std::int64_t id) const { return m_open.count(id) != 0; }
    [[nodiscard]] int starts() const { return m_starts; }

private:
    template <class Request>
    static std::size_t typeOf() {
        return protocol::RequestBody(Request()).index();
    }
    Events scripted(const protocol::RequestBody& body);
    void enqueue(std::int64_t id, Events events);
    void cancelTarget(std::int64_t target);
    void deliverNext();

    gui::EngineState m_state;
    protocol::HelloEvent m_hello;
    std::map<std::size_t, std::deque<Events>> m_once;
    std::map<std::size_t, std::function<Events(const protocol::RequestBody&)>> m_always;
    std::vector<protocol::Request> m_requests;
    std::set<std::int64_t> m_open;
    std::deque<std::pair<std::int64_t, protocol::EventBody>> m_queue;
    std::int64_t m_nextId = 1;
    int m_starts = 0;
    bool m_byHand = false;
};

}  // namespace lapidary::test
