// Requests that touch tensors: load, unload, adapters, chat.  Lives on the engine's model thread; so do all tensors.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "core/engine/session/event_writer.h"
#include "core/engine/session/model_holder.h"
#include "core/engine/session/request_queue.h"
#include "core/engine/session/sequence.h"

namespace lapidary::session {

class ModelWorker {
public:
    ModelWorker(EventWriter& events, ModelHolder& holder) : m_events(events), m_holder(holder) {}

    // Errors: Unsupported for a request of another worker; else what the request's work says.
    Result<protocol::DoneEvent> handle(const QueuedRequest& request);
    // Forgets every conversation's cache and all picture features; the model stays.
    void dropCaches();

private:
    Result<protocol::DoneEvent> load(std::int64_t id, const protocol::LoadRequest& request, const std::stop_token& stop);
    Result<protocol::DoneEvent> unload();
    Result<protocol::DoneEvent> loadAdapter(std::int64_t id, const protocol::LoadAdapterRequest& request);
    Result<protocol::DoneEvent> unloadAdapter(const protocol::UnloadAdapterRequest& request);
    Result<protocol::DoneEvent> chat(std::int64_t id, const protocol::ChatRequest& request, const std::stop_token& stop);
    // The conversation of that name, made where it is new; the one not used for longest goes when there are too many.
    Sequence& sequenceOf(const std::string& name, const std::shared_ptr<const Model>& model);

    struct NamedSequence {
        std::string name;
        std::unique_ptr<Sequence> sequence;
    };
    static constexpr std::size_t kMaxSequences = 4;  // each keeps a KV cache alive

    EventWriter& m_events;
    ModelHolder& m_holder;
    std::list<NamedSequence> m_sequences;  // most recently used first
    ImageFeatureMemory m_features;
    std::optional<AdapterSet> m_adapters;  // of the open model: those of `load`, and what came after
};

}  // namespace lapidary::session
