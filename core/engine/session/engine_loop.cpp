#include "core/engine/session/engine_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

#include "core/engine/ops/cuda_plugin.h"
#include "core/engine/session/model_worker.h"
#include "core/engine/session/picture_worker.h"
#include "core/engine/session/serve_requests.h"
#include "core/shared/base/file.h"
#include "core/shared/protocol/json_lines.h"

namespace lapidary::session {
namespace {

// A descriptor that becomes readable when a stop is asked, so that waiting for requests ends at once.
class StopDescriptor {
public:
    explicit StopDescriptor(const std::stop_token& stop)
        : m_fd(::eventfd(0, EFD_CLOEXEC)), m_callback(std::in_place, stop, Wake{m_fd}) {}
    ~StopDescriptor() {
        m_callback.reset();  // waits for a callback that is just running
        ::close(m_fd);
    }
    StopDescriptor(const StopDescriptor&) = delete;
    StopDescriptor& operator=(const StopDescriptor&) = delete;
    [[nodiscard]] int get() const { return m_fd; }

private:
    struct Wake {
        int fd;
        void operator()() const { (void)::eventfd_write(fd, 1); }
    };
    int m_fd;
    std::optional<std::stop_callback<Wake>> m_callback;
};

bool needsTensors(const protocol::RequestBody& body) {
    return std::holds_alternative<protocol::LoadRequest>(body) || std::holds_alternative<protocol::UnloadRequest>(body) ||
           std::holds_alternative<protocol::ChatRequest>(body) || std::holds_alternative<protocol::LoadAdapterRequest>(body) ||
           std::holds_alternative<protocol::UnloadAdapterRequest>(body);
}

// Answered beside the model thread, but by it, in its turn, while a model is still being opened.
bool needsModel(const protocol::RequestBody& body) {
    const auto* forecast = std::get_if<protocol::ForecastRequest>(&body);
    return std::holds_alternative<protocol::CountRequest>(body) || (forecast != nullptr && forecast->model.empty());
}

class Engine {
public:
    explicit Engine(const EngineOptions& options)
        : m_options(options),
          m_events(options.outputFd),
          m_pictures(m_events, m_holder, options.runtimeFolder),
          m_modelThread([this] { runModelThread(); }),
          m_pictureThread([this] {
              serveRequests(
                  m_pictureQueue, m_open, m_events, [this](const QueuedRequest& r) { return m_pictures.handle(r); }, [] {});
          }) {}

    ~Engine() {
        m_events.leave();
        m_open.cancelAll();
        m_modelQueue.close();
        m_pictureQueue.close();
        m_modelThread.join();
        m_pictureThread.join();
    }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    void hello() {
        protocol::HelloEvent hello;
        hello.protocol = protocol::kProtocolVersion;
        hello.version = m_options.version;
        hello.pid = ::getpid();
        hello.runtimeFolder = m_options.runtimeFolder.string();
        hello.devices = ops::deviceNames();
        hello.notes = {"CUDA: " + ops::cudaSentence() + "."};
        m_events.write({std::nullopt, std::move(hello)});
    }

    Result<void> read(const std::stop_token& stop) {
        const StopDescriptor stopped(stop);
        protocol::JsonLineReader lines;
        char buffer[1 << 16];
        while (!m_events.broken()) {
            if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "the engine was asked to end", ""};
            pollfd ready[2] = {{m_options.inputFd, POLLIN, 0}, {stopped.get(), POLLIN, 0}};
            if (::poll(ready, 2, -1) <= 0 || ready[0].revents == 0) continue;
            const ssize_t count = ::read(m_options.inputFd, buffer, sizeof buffer);
            if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (count < 0) return systemError("cannot read", "standard input", errno);
            if (count == 0) break;
            for (const protocol::JsonLine& line : lines.push({buffer, static_cast<std::size_t>(count)})) take(line);
        }
        if (const auto last = lines.finish()) take(*last);
        return {};
    }

private:
    void runModelThread() {
        // Made and destroyed on the thread that owns the tensors.
        ModelWorker worker(m_events, m_holder);
        const auto handle = [&](const QueuedRequest& request) {
            return needsTensors(request.request.body) ? worker.handle(request) : m_pictures.handle(request);
        };
        serveRequests(m_modelQueue, m_open, m_events, handle, [&] { worker.dropCaches(); });
        worker.dropCaches();
        m_holder.set(nullptr);
    }

    // Never under an id that is open: that would end the request which holds it.
    void refuse(std::optional<std::int64_t> id, const Error& error) {
        const bool taken = id && m_open.isOpen(*id);
        m_events.write(taken ? protocol::refusalEvent(*id, error) : protocol::errorEvent(id, error));
    }

    void take(const protocol::JsonLine& line) {
        if (line.kind == protocol::JsonLine::Kind::TooLong) {
            return refuse(std::nullopt, Error{ErrorCode::InvalidData,
                                              "a line is longer than " + std::to_string(protocol::kMaxLineBytes) +
                                                  " bytes; big data goes by path",
                                              ""});
        }
        auto request = protocol::parseRequest(line.text);
        if (!request) return refuse(protocol::requestIdOf(line.text), request.error());
        dispatch(std::move(*request));
    }

    void dispatch(protocol::Request request) {
        const std::int64_t id = request.id;
        auto stop = m_open.begin(request);
        if (!stop) {
            return m_events.write(protocol::refusalEvent(
                id, Error{ErrorCode::InvalidData,
                          "request id " + std::to_string(id) + " is still open; the second request with it is dropped", ""}));
        }
        if (const auto* hello = std::get_if<protocol::HelloRequest>(&request.body)) return answerHello(id, *hello);
        if (const auto* cancel = std::get_if<protocol::CancelRequest>(&request.body)) {
            m_open.cancel(cancel->target);
            m_open.end(id);
            return m_events.write({id, protocol::DoneEvent{}});
        }
        const bool forModel = needsTensors(request.body) || (needsModel(request.body) && m_open.anyLoad());
        (forModel ? m_modelQueue : m_pictureQueue).push({std::move(request), std::move(*stop)});
    }

    void answerHello(std::int64_t id, const protocol::HelloRequest& hello) {
        m_open.end(id);
        if (hello.protocol == protocol::kProtocolVersion) return m_events.write({id, protocol::DoneEvent{}});
        refuse(id, Error{ErrorCode::Unsupported,
                         "this engine speaks protocol version " + std::to_string(protocol::kProtocolVersion) + ", the client " +
                             std::to_string(hello.protocol),
                         ""});
    }

    EngineOptions m_options;
    EventWriter m_events;
    ModelHolder m_holder;
    OpenRequests m_open;
    RequestQueue m_modelQueue;
    RequestQueue m_pictureQueue;
    PictureWorker m_pictures;
    std::thread m_modelThread;
    std::thread m_pictureThread;
};

}  // namespace

Result<void> runEngine(const EngineOptions& options, std::stop_token stop) {
    Engine engine(options);
    engine.hello();
    return engine.read(stop);
}

}  // namespace lapidary::session
