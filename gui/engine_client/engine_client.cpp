#include "gui/engine_client/engine_client.h"

#include <QCoreApplication>
#include <utility>

#include "gui/engine_client/process_reaper.h"

namespace lapidary::gui {
namespace {

constexpr qsizetype kLastLines = 20;
constexpr qsizetype kLongestLogLine = 4000;

}  // namespace

EngineClient::EngineClient(EngineCommand command, QObject* parent) : EngineApi(parent), m_command(std::move(command)) {
    m_age.start();
    m_pingTimer.setInterval(m_command.pingIntervalMs);
    connect(&m_pingTimer, &QTimer::timeout, this, &EngineClient::ping);
}

EngineClient::~EngineClient() {
    if (m_process) m_process->disconnect(this);
    reap(std::move(m_process));
}

void EngineClient::start() {
    m_deaths.clear();
    if (m_process) {
        m_process->disconnect(this);
        reap(std::exchange(m_process, nullptr));
        failAll();
    }
    launch();
}

void EngineClient::launch() {
    m_reader = protocol::JsonLineReader();
    m_logRest.clear();
    m_lastLines.clear();
    m_hello = {};
    m_pingId = 0;
    m_process = std::make_unique<QProcess>();
    QProcess& child = *m_process;
    connect(&child, &QProcess::readyReadStandardOutput, this, &EngineClient::readOutput);
    connect(&child, &QProcess::readyReadStandardError, this, &EngineClient::readLog);
    connect(&child, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart) endedBy(EngineDeath::Kind::CannotStart, 0);
    });
    connect(&child, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
        endedBy(status == QProcess::CrashExit ? EngineDeath::Kind::Killed : EngineDeath::Kind::Exited, code);
    });
    setState(EngineState::Starting);
    m_lastWord.start();
    child.start(m_command.program, m_command.arguments);
    m_pingTimer.start();
}

std::int64_t EngineClient::send(const protocol::RequestBody& body) {
    const std::int64_t id = m_nextId++;
    if (m_state == EngineState::Dead) {
        // Answered from the event loop, so that the caller knows the id before it hears of it.
        QMetaObject::invokeMethod(
            this,
            [this, id] {
                emit received(id, protocol::ErrorEvent{"child_died", "the engine does not run", {}});
            },
            Qt::QueuedConnection);
        return id;
    }
    m_open.emplace(id, std::string());
    if (m_state == EngineState::Starting) {
        m_open[id] = protocol::printRequest({id, body});
        m_waiting.push_back(id);
    } else {
        write(id, body);
    }
    return id;
}

void EngineClient::write(std::int64_t id, const protocol::RequestBody& body) {
    if (m_open.size() == 1) m_lastWord.start();  // silence counts from the first request on
    const std::string line = protocol::printRequest({id, body}) + "\n";
    m_process->write(line.data(), static_cast<qint64>(line.size()));
}

void EngineClient::readOutput() {
    const QByteArray bytes = m_process->readAllStandardOutput();
    const std::vector<protocol::JsonLine> lines =
        m_reader.push(std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
    const QProcess* const from = m_process.get();
    for (const protocol::JsonLine& line : lines) {
        if (m_process.get() != from) return;  // what a line led to has replaced the engine
        take(line);
    }
}

void EngineClient::take(const protocol::JsonLine& line) {
    m_lastWord.start();
    auto parsed = line.kind == protocol::JsonLine::Kind::Complete
                      ? protocol::parseEvent(line.text)
                      : Result<protocol::Event>(Error{ErrorCode::InvalidData, "a line of more than 1 MiB", {}});
    if (!parsed) {
        // Garbage between the lines costs that line alone (fault 20).
        emit logged(QStringLiteral("unreadable line from the engine: ") + QString::fromStdString(parsed.error().toString()));
        return;
    }
    if (const auto* greeting = std::get_if<protocol::HelloEvent>(&parsed->body)) {
        take(*greeting);
        return;
    }
    if (!parsed->id) {
        if (const auto* error = std::get_if<protocol::ErrorEvent>(&parsed->body))
            emit logged(QString::fromStdString(error->message));
        return;
    }
    const std::int64_t id = *parsed->id;
    if (id == m_pingId) {
        m_pingId = 0;
        return;
    }
    if (m_open.count(id) == 0) return;  // of a request that has ended
    if (protocol::endsRequest(parsed->body)) m_open.erase(id);
    emit received(id, parsed->body);
}

void EngineClient::take(const protocol::HelloEvent& hello) {
    if (hello.protocol != protocol::kProtocolVersion) {
        m_process->disconnect(this);
        reap(std::exchange(m_process, nullptr));
        endedBy(EngineDeath::Kind::WrongProtocol, static_cast<int>(hello.protocol));
        return;
    }
    m_hello = hello;
    setState(EngineState::Ready);
    for (const std::int64_t id : std::exchange(m_waiting, {})) {
        const auto found = m_open.find(id);
        if (found == m_open.end()) continue;
        const std::string line = std::exchange(found->second, {}) + "\n";
        m_process->write(line.data(), static_cast<qint64>(line.size()));
    }
}

void EngineClient::readLog() {
    m_logRest += m_process->readAllStandardError();
    for (;;) {
        qsizetype end = m_logRest.indexOf('\n');
        if (end < 0 && m_logRest.size() > kLongestLogLine) end = kLongestLogLine;
        if (end < 0) return;
        const QString line = QString::fromUtf8(m_logRest.left(end)).trimmed();
        m_logRest.remove(0, end + 1);
        if (line.isEmpty()) continue;
        m_lastLines.append(line);
        if (m_lastLines.size() > kLastLines) m_lastLines.removeFirst();
        emit logged(line);
    }
}

void EngineClient::ping() {
    if (m_state == EngineState::Dead || (m_state == EngineState::Ready && m_open.empty())) return;
    if (m_lastWord.elapsed() > m_command.silenceLimitMs) {
        m_process->disconnect(this);
        m_process->kill();  // one that hangs does not hear anything else
        reap(std::exchange(m_process, nullptr));
        endedBy(EngineDeath::Kind::Silent, m_command.silenceLimitMs / 1000);
        return;
    }
    if (m_state != EngineState::Ready || m_pingId != 0) return;
    m_pingId = m_nextId++;
    protocol::HelloRequest hello;
    hello.protocol = protocol::kProtocolVersion;
    const std::string line = protocol::printRequest({m_pingId, hello}) + "\n";
    m_process->write(line.data(), static_cast<qint64>(line.size()));
}

void EngineClient::endedBy(EngineDeath::Kind kind, int code) {
    if (m_process) {
        readOutput();  // its last words may end requests properly
        readLog();
        if (!m_logRest.isEmpty()) m_lastLines.append(QString::fromUtf8(m_logRest).trimmed());
        m_process->disconnect(this);
        reap(std::exchange(m_process, nullptr));
    }
    m_pingTimer.stop();
    EngineDeath death{kind, code, m_lastLines, false, false};
    m_deaths.push_back(m_age.elapsed());
    while (!m_deaths.empty() && m_deaths.front() < m_age.elapsed() - m_command.deathWindowMs) m_deaths.pop_front();
    const bool hopeless = kind == EngineDeath::Kind::CannotStart || kind == EngineDeath::Kind::WrongProtocol;
    death.gaveUp = !hopeless && std::ssize(m_deaths) >= m_command.deathsAllowed;
    death.restarting = !hopeless && !death.gaveUp;
    setState(EngineState::Dead);
    failAll();
    emit died(death);
    if (death.restarting)
        QTimer::singleShot(m_command.restartDelayMs, this, [this] {
            if (m_state == EngineState::Dead) launch();
        });
}

void EngineClient::failAll() {
    m_waiting.clear();
    for (const auto& [id, line] : std::exchange(m_open, {}))
        emit received(id, protocol::ErrorEvent{"child_died", "the engine ended before it answered", {}});
}

void EngineClient::setState(EngineState state) {
    if (m_state == state) return;
    m_state = state;
    emit stateChanged();
}

}  // namespace lapidary::gui
