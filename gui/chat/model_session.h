// Which model the engine has open: loading with progress, cancelling, and opening the same one again after the engine died.
// Lives on the main thread; no widgets.
#pragma once

#include <QObject>
#include <QString>
#include <optional>

#include "gui/engine_client/engine_api.h"

namespace lapidary::gui {

class ModelSession final : public QObject {
    Q_OBJECT

public:
    enum class State : std::uint8_t { None, Loading, Loaded, Failed };

    explicit ModelSession(EngineApi& engine, QObject* parent = nullptr);

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const protocol::LoadedEvent& loaded() const { return m_loaded; }  // Loaded
    [[nodiscard]] bool acceptsPictures() const { return m_state == State::Loaded && m_loaded.vision; }
    [[nodiscard]] const protocol::ErrorEvent& error() const { return m_error; }  // Failed
    // What was asked for last, whether it is open, lost with its engine, or failed.
    [[nodiscard]] const std::optional<protocol::LoadRequest>& request() const { return m_request; }

    void load(const protocol::LoadRequest& request);
    void reload();  // the last one again
    void cancelLoading();
    void unload();

signals:
    void stateChanged();
    void progressed(const QString& stage, double fraction);

private:
    void take(std::int64_t id, const protocol::EventBody& body);
    void setState(State state);

    EngineApi& m_engine;
    State m_state = State::None;
    std::optional<protocol::LoadRequest> m_request;
    std::int64_t m_id = -1;
    protocol::LoadedEvent m_loaded;
    protocol::ErrorEvent m_error;
};

}  // namespace lapidary::gui
