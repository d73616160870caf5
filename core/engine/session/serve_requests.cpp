#include "core/engine/session/serve_requests.h"

#include <exception>
#include <utility>

#include "core/engine/session/to_error.h"

namespace lapidary::session {
namespace {

Result<protocol::DoneEvent> handleGuarded(const RequestHandler& handle, const QueuedRequest& request) {
    if (request.stop.stop_requested()) return Error{ErrorCode::Cancelled, "cancelled before it began", ""};
    try {
        return handle(request);
    } catch (...) {
        return toError(std::current_exception());
    }
}

}  // namespace

void serveRequests(RequestQueue& queue, OpenRequests& open, EventWriter& events, const RequestHandler& handle,
                   const std::function<void()>& dropCaches) {
    while (const auto next = queue.pop()) {
        Result<protocol::DoneEvent> outcome = handleGuarded(handle, *next);
        if (!outcome && outcome.error().code == ErrorCode::OutOfMemory) dropCaches();
        const std::int64_t id = next->request.id;
        // Closed before it is told, so that the client may use the id again at once.
        open.end(id);
        if (outcome) {
            events.write({id, std::move(*outcome)});
        } else if (outcome.error().code == ErrorCode::Cancelled) {
            protocol::DoneEvent cancelled;
            cancelled.finishReason = "cancelled";
            events.write({id, std::move(cancelled)});
        } else {
            events.write(protocol::errorEvent(id, outcome.error()));
        }
    }
}

}  // namespace lapidary::session
