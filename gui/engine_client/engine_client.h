// `lapidary engine` as a child process, spoken to in JSON lines (core/shared/protocol).
#pragma once

#include <QElapsedTimer>
#include <QProcess>
#include <QStringList>
#include <QTimer>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "core/shared/protocol/json_lines.h"
#include "gui/engine_client/engine_api.h"

namespace lapidary::gui {

struct EngineCommand {
    QString program;
    QStringList arguments{"engine"};
    int deathsAllowed = 3;            // within deathWindowMs; after that many the client waits for start()
    int deathWindowMs = 60'000;
    int restartDelayMs = 200;
    // An engine that holds a request and says nothing for so long, not even to a ping, is ended.  Previews and pings are answered
    // beside the work of the model, so silence means that it hangs.
    int pingIntervalMs = 5'000;
    int silenceLimitMs = 30'000;
};

class EngineClient final : public EngineApi {
    Q_OBJECT

public:
    explicit EngineClient(EngineCommand command, QObject* parent = nullptr);
    ~EngineClient() override;

    [[nodiscard]] EngineState state() const override { return m_state; }
    [[nodiscard]] const protocol::HelloEvent& hello() const override { return m_hello; }
    std::int64_t send(const protocol::RequestBody& body) override;
    void start() override;

private:
    void launch();
    void write(std::int64_t id, const protocol::RequestBody& body);
    void readOutput();
    void readLog();
    void take(const protocol::JsonLine& line);
    void take(const protocol::HelloEvent& hello);
    void ping();
    void endedBy(EngineDeath::Kind kind, int code);
    void failAll();
    void setState(EngineState state);

    EngineCommand m_command;
    EngineState m_state = EngineState::Dead;
    protocol::HelloEvent m_hello;
    std::unique_ptr<QProcess> m_process;
    protocol::JsonLineReader m_reader;
    std::int64_t m_nextId = 1;
    std::map<std::int64_t, std::string> m_open;  // requests without an end; the line where it is still to be written
    std::deque<std::int64_t> m_waiting;  // of those, in order, what the engine has not got yet
    std::int64_t m_pingId = 0;  // 0: none is out
    QElapsedTimer m_lastWord;
    QTimer m_pingTimer;
    QElapsedTimer m_age;
    std::deque<qint64> m_deaths;  // m_age at each
    QByteArray m_logRest;
    QStringList m_lastLines;
};

}  // namespace lapidary::gui
