#include "gui/chat/model_session.h"

#include <utility>

namespace lapidary::gui {

ModelSession::ModelSession(EngineApi& engine, QObject* parent) : QObject(parent), m_engine(engine) {
    connect(&engine, &EngineApi::received, this, &ModelSession::take);
    connect(&engine, &EngineApi::stateChanged, this, [this] {
        // Another engine has nothing open.
        if (m_engine.state() == EngineState::Dead && m_state == State::Loaded) setState(State::None);
    });
}

void ModelSession::load(const protocol::LoadRequest& request) {
    if (m_state == State::Loading) cancelLoading();
    m_request = request;
    m_loaded = {};
    m_error = {};
    m_id = m_engine.send(request);
    setState(State::Loading);
}

void ModelSession::reload() {
    if (m_request) load(*m_request);
}

void ModelSession::cancelLoading() {
    if (m_state != State::Loading) return;
    m_engine.cancel(std::exchange(m_id, -1));
    setState(State::None);
}

void ModelSession::unload() {
    cancelLoading();
    if (m_state == State::Loaded) m_engine.send(protocol::UnloadRequest{});
    m_request.reset();
    setState(State::None);
}

void ModelSession::take(std::int64_t id, const protocol::EventBody& body) {
    if (id != m_id) return;
    if (const auto* loading = std::get_if<protocol::LoadingEvent>(&body)) {
        emit progressed(QString::fromStdString(loading->stage), loading->fraction);
    } else if (const auto* loaded = std::get_if<protocol::LoadedEvent>(&body)) {
        m_loaded = *loaded;
    } else if (const auto* error = std::get_if<protocol::ErrorEvent>(&body)) {
        m_id = -1;
        m_error = *error;
        setState(State::Failed);
    } else if (std::holds_alternative<protocol::DoneEvent>(body)) {
        m_id = -1;
        setState(m_loaded.model.empty() ? State::None : State::Loaded);
    }
}

void ModelSession::setState(State state) {
    if (std::exchange(m_state, state) != state) emit stateChanged();
}

}  // namespace lapidary::gui
