#include "tests/support/fake_engine.h"

#include <QCoreApplication>
#include <algorithm>

namespace lapidary::test {

using gui::EngineState;

FakeEngine::FakeEngine(EngineState state) : m_state(state) {
    m_hello.version = "0.0.0";
    m_hello.devices = {"cpu"};
}

std::int64_t FakeEngine::send(const protocol::RequestBody& body) {
    const std::int64_t id = m_nextId++;
    m_requests.push_back({id, body});
    m_open.insert(id);
    if (m_state == EngineState::Dead)
        enqueue(id, {protocol::ErrorEvent{"child_died", "the engine does not run", {}}});
    else
        enqueue(id, scripted(body));
    return id;
}

FakeEngine::Events FakeEngine::scripted(const protocol::RequestBody& body) {
    if (auto& waiting = m_once[body.index()]; !waiting.empty()) {
        Events events = std::move(waiting.front());
        waiting.pop_front();
        return events;
    }
    if (const auto found = m_always.find(body.index()); found != m_always.end()) return found->second(body);
    const auto* cancel = std::get_if<protocol::CancelRequest>(&body);
    if (cancel == nullptr) return {};
    cancelTarget(cancel->target);
    return {protocol::DoneEvent()};
}

void FakeEngine::cancelTarget(std::int64_t target) {
    if (!isOpen(target)) return;
    const auto isOfTarget = [&](const auto& waiting) { return waiting.first == target; };
    m_queue.erase(std::remove_if(m_queue.begin(), m_queue.end(), isOfTarget), m_queue.end());
    protocol::DoneEvent done;
    done.finishReason = "cancelled";
    enqueue(target, {done});
}

void FakeEngine::enqueue(std::int64_t id, Events events) {
    for (protocol::EventBody& body : events) {
        m_queue.emplace_back(id, std::move(body));
        if (!m_byHand)
            QMetaObject::invokeMethod(
                this, [this] { deliverNext(); }, Qt::QueuedConnection);
    }
}

void FakeEngine::deliverByHand(bool byHand) {
    m_byHand = byHand;
    // What was kept back comes from the event loop now.
    for (std::size_t i = 0; !m_byHand && i < m_queue.size(); ++i)
        QMetaObject::invokeMethod(
            this, [this] { deliverNext(); }, Qt::QueuedConnection);
}

void FakeEngine::deliverNext() {
    // A Starting engine holds what it was asked until it is Ready.
    if (m_queue.empty() || m_state == EngineState::Starting) return;
    const auto [id, body] = std::move(m_queue.front());
    m_queue.pop_front();
    if (isOpen(id)) deliver(id, body);
}

void FakeEngine::deliver(std::int64_t id, const protocol::EventBody& body) {
    if (protocol::endsRequest(body)) m_open.erase(id);
    emit received(id, body);
}

void FakeEngine::step(int events) {
    for (int i = 0; i < events; ++i) deliverNext();
}

void FakeEngine::settle() {
    do {
        QCoreApplication::processEvents();
    } while (!m_queue.empty() && !m_byHand && m_state != EngineState::Starting);
}

void FakeEngine::start() {
    ++m_starts;
    become(EngineState::Starting);
}

void FakeEngine::become(EngineState state) {
    if (m_state == state) return;
    m_state = state;
    emit stateChanged();
    for (std::size_t i = 0; state == EngineState::Ready && !m_byHand && i < m_queue.size(); ++i)
        QMetaObject::invokeMethod(
            this, [this] { deliverNext(); }, Qt::QueuedConnection);
}

void FakeEngine::die(gui::EngineDeath death) {
    m_queue.clear();
    become(EngineState::Dead);
    for (const std::int64_t id : std::exchange(m_open, {}))
        emit received(id, protocol::ErrorEvent{"child_died", "the engine ended before it answered", {}});
    emit died(death);
}

}  // namespace lapidary::test
