// The loop of a worker thread: takes requests from its queue and ends each with exactly one `done` or `error`.
#pragma once

#include <functional>

#include "core/engine/session/event_writer.h"
#include "core/engine/session/request_queue.h"

namespace lapidary::session {

using RequestHandler = std::function<Result<protocol::DoneEvent>(const QueuedRequest&)>;

// Returns when the queue is closed and empty.  A handler's Cancelled, and a request that was cancelled while it waited, become
// `done` with finish_reason "cancelled".  What a handler throws becomes an error by toError(); after out-of-memory, returned or
// thrown, `dropCaches` is called before the error is told.
void serveRequests(RequestQueue& queue, OpenRequests& open, EventWriter& events, const RequestHandler& handle,
                   const std::function<void()>& dropCaches);

}  // namespace lapidary::session
