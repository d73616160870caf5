// Requests that touch no tensor: previews, thumbnails, token counts, forecasts.  On a thread of their own, so that they never wait
// for an answer; previews and thumbnails work without a model.  Without state of its own: any thread may call it.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/engine/session/event_writer.h"
#include "core/engine/session/model_holder.h"
#include "core/engine/session/request_queue.h"

namespace lapidary::session {

class PictureWorker {
public:
    // PNG files are written into `runtimeFolder`.
    PictureWorker(EventWriter& events, const ModelHolder& holder, std::filesystem::path runtimeFolder)
        : m_events(events), m_holder(holder), m_runtimeFolder(std::move(runtimeFolder)) {}

    // Errors: Unsupported for a request of another worker; else what the request's work says.
    Result<protocol::DoneEvent> handle(const QueuedRequest& request) const;

private:
    Result<protocol::DoneEvent> preview(std::int64_t id, const protocol::PreviewRequest& request,
                                        const std::stop_token& stop) const;
    Result<protocol::DoneEvent> thumbnail(std::int64_t id, const protocol::ThumbnailRequest& request) const;
    Result<protocol::DoneEvent> count(std::int64_t id, const protocol::CountRequest& request,
                                      const std::stop_token& stop) const;
    Result<protocol::DoneEvent> forecast(std::int64_t id, const protocol::ForecastRequest& request) const;

    EventWriter& m_events;
    const ModelHolder& m_holder;
    std::filesystem::path m_runtimeFolder;
};

}  // namespace lapidary::session
