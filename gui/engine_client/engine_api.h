// What the window asks of an engine: the seam between view-models and the process (EngineClient) or a test's script (FakeEngine).
// Lives on the main thread; nothing here waits.
#pragma once

#include <QObject>
#include <QString>
#include <QStringList>
#include <cstdint>

#include "core/shared/protocol/event.h"
#include "core/shared/protocol/request.h"

namespace lapidary::gui {

enum class EngineState : std::uint8_t {
    Starting,  // no `hello` yet: requests wait
    Ready,
    Dead,  // ended, or given up: start() begins another one
};

// How an engine ended that nobody told to.
struct EngineDeath {
    enum class Kind : std::uint8_t {
        CannotStart,  // no such program, or it may not be run
        Exited,  // left by itself with `code`
        Killed,  // by signal `code`: 9 is most often the system, for want of memory
        Silent,  // did not answer for so long that it was ended
        WrongProtocol,
    };
    Kind kind = Kind::Exited;
    int code = 0;
    QStringList lastLines;  // of its log
    bool restarting = false;  // the supervisor starts another one by itself
    bool gaveUp = false;  // it would, but too many ended in too short a time
};

class EngineApi : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;

    [[nodiscard]] virtual EngineState state() const = 0;
    // What the engine said of itself; empty before it is Ready.
    [[nodiscard]] virtual const protocol::HelloEvent& hello() const = 0;
    // The request's id.  Every id gets received()s, the last of which is `done` or `error`; where the engine dies, an error with code
    // "child_died".  Never before send() has returned.
    virtual std::int64_t send(const protocol::RequestBody& body) = 0;
    // Asks that a request end early: it ends with `done`, finish_reason "cancelled".
    void cancel(std::int64_t id) { send(protocol::CancelRequest{id}); }
    // Ends what runs, begins a new engine.
    virtual void start() = 0;

signals:
    void stateChanged();
    void received(std::int64_t id, const lapidary::protocol::EventBody& body);
    void logged(const QString& line);  // of the engine's standard error
    void died(const lapidary::gui::EngineDeath& death);
};

}  // namespace lapidary::gui
