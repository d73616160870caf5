#include "core/engine/session/model_worker.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/engine/session/answer.h"
#include "core/engine/session/request_conversion.h"

namespace lapidary::session {
namespace {

protocol::LoadedEvent loadedEvent(const Model& model, const std::string& name, double seconds) {
    protocol::LoadedEvent loaded;
    loaded.model = name;
    loaded.modelType = model.config().isVisionLanguage() ? "gemma3" : "gemma3_text";
    loaded.parameters = model.parameters();
    loaded.weightBytes = model.weightBytes();
    loaded.context = model.contextTokens();
    loaded.maxPositions = model.config().text.maxPositionEmbeddings;
    loaded.vision = model.config().isVisionLanguage();
    loaded.chatTemplate = model.hasChatTemplate();
    loaded.device = model.deviceName();
    loaded.dtype = model.dtypeName();
    loaded.seconds = seconds;
    loaded.warnings = model.warnings();
    return loaded;
}

protocol::TokenEvent tokenEvent(const generate::GeneratedToken& token, const text::Tokenizer& tokenizer) {
    protocol::TokenEvent event;
    event.token = token.id;
    event.text = token.text;
    event.logprob = token.logProbability;
    for (const auto& other : token.alternatives)
        event.alternatives.push_back({other.id, tokenizer.piece(other.id), other.logProbability});
    return event;
}

protocol::DoneEvent doneEvent(const AnswerReport& report) {
    protocol::DoneEvent done;
    done.finishReason = generate::finishReasonName(report.reason);
    done.promptTokens = report.promptTokens;
    done.reusedTokens = report.reusedTokens;
    done.views = report.views;
    done.reusedViews = report.reusedViews;
    done.visionSeconds = report.visionSeconds;
    done.viewTimes = report.viewTimes;
    done.generatedTokens = static_cast<std::int64_t>(report.ids.size());
    done.prefillSeconds = report.prefillSeconds;
    done.decodeSeconds = report.decodeSeconds;
    return done;
}

}  // namespace

Result<protocol::DoneEvent> ModelWorker::handle(const QueuedRequest& queued) {
    const std::int64_t id = queued.request.id;
    if (const auto* request = std::get_if<protocol::LoadRequest>(&queued.request.body)) return load(id, *request, queued.stop);
    if (const auto* request = std::get_if<protocol::ChatRequest>(&queued.request.body)) return chat(id, *request, queued.stop);
    if (std::holds_alternative<protocol::UnloadRequest>(queued.request.body)) return unload();
    if (const auto* request = std::get_if<protocol::LoadAdapterRequest>(&queued.request.body)) return loadAdapter(id, *request);
    if (const auto* request = std::get_if<protocol::UnloadAdapterRequest>(&queued.request.body)) return unloadAdapter(*request);
    return Error{ErrorCode::Unsupported, "the model worker does not answer this type of request", ""};
}

void ModelWorker::dropCaches() {
    m_sequences.clear();
    m_features.clear();
    ::malloc_trim(0);  // glibc would keep the freed pages
}

Result<protocol::DoneEvent> ModelWorker::unload() {
    dropCaches();
    m_adapters.reset();
    m_holder.set(nullptr);
    ::malloc_trim(0);
    return protocol::DoneEvent{};
}

Result<protocol::DoneEvent> ModelWorker::load(std::int64_t id, const protocol::LoadRequest& request,
                                              const std::stop_token& stop) {
    const auto start = std::chrono::steady_clock::now();
    (void)unload();
    const auto progress = [&](const std::string& stage, double fraction) {
        m_events.write({id, protocol::LoadingEvent{stage, fraction}});
    };
    ASSIGN_OR_RETURN(auto model, Model::load(modelRequestOf(request), progress, stop));
    m_holder.set(model);
    m_adapters = model->adapters();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    m_events.write({id, loadedEvent(*model, request.model, seconds)});
    return protocol::DoneEvent{};
}

Result<protocol::DoneEvent> ModelWorker::loadAdapter(std::int64_t id, const protocol::LoadAdapterRequest& request) {
    if (!m_adapters) return noModelError();
    ASSIGN_OR_RETURN(const AdapterSet::Info info, m_adapters->add(request.path, request.name));
    m_events.write({id, protocol::AdapterEvent{.name = info.name,
                                               .path = info.path,
                                               .method = info.method,
                                               .baseModel = info.baseModel,
                                               .modules = info.deltas,
                                               .parameters = info.parameters,
                                               .warnings = info.warnings}});
    return protocol::DoneEvent{};
}

Result<protocol::DoneEvent> ModelWorker::unloadAdapter(const protocol::UnloadAdapterRequest& request) {
    if (!m_adapters) return noModelError();
    RETURN_IF_ERROR(m_adapters->remove(request.name));
    return protocol::DoneEvent{};
}

Sequence& ModelWorker::sequenceOf(const std::string& name, const std::shared_ptr<const Model>& model) {
    const auto found =
        std::find_if(m_sequences.begin(), m_sequences.end(), [&](const NamedSequence& each) { return each.name == name; });
    if (found != m_sequences.end()) {
        m_sequences.splice(m_sequences.begin(), m_sequences, found);
    } else {
        if (m_sequences.size() >= kMaxSequences) m_sequences.pop_back();
        m_sequences.push_front({name, std::make_unique<Sequence>(model)});
    }
    return *m_sequences.front().sequence;
}

Result<protocol::DoneEvent> ModelWorker::chat(std::int64_t id, const protocol::ChatRequest& request,
                                              const std::stop_token& stop) {
    const auto model = m_holder.get();
    if (!model) return noModelError();
    const processor::Conversation conversation = conversationOf(request.messages);
    PromptSettings settings;
    settings.raw = request.raw;
    settings.parseSpecial = request.parseSpecial;
    if (request.continueLast) settings.after = text::AfterLastMessage::Continue;
    settings.contextTokens = model->contextTokens();
    settings.urls = image::UrlConsent::Allow;  // a person typed it into the window
    ASSIGN_OR_RETURN(const RequestedViews views,
                     viewsOf(request.views, request.messages, model->processor().imageProcessor().settings()));
    settings.views = views.views;
    settings.viewsOfPicture = views.viewsOfPicture;
    AnswerSettings answering;
    ASSIGN_OR_RETURN(answering.sampler, resolveSampling(model->opened().generation, request.sampling));
    answering.maxNewTokens = request.maxNewTokens;
    answering.stopStrings = request.stop;
    answering.alternatives = request.logprobs;
    ASSIGN_OR_RETURN(const auto prompt, buildPrompt(model->opened(), conversation, settings, stop));
    AnswerCallbacks callbacks;
    callbacks.onPrefill = [&](std::int64_t done, std::int64_t total) {
        m_events.write({id, protocol::PrefillEvent{done, total}});
    };
    callbacks.onToken = [&](const generate::GeneratedToken& token) {
        m_events.write({id, tokenEvent(token, model->tokenizer())});
    };
    ActiveAdapter adapter = model->adapter();
    if (request.adapters) {
        ASSIGN_OR_RETURN(adapter, m_adapters->use(*request.adapters));
    }
    Sequence& sequence = sequenceOf(request.sequence, model);
    sequence.setAdapter(std::move(adapter));
    ASSIGN_OR_RETURN(const AnswerReport report, answer(*model, sequence, m_features, prompt, answering, callbacks, stop));
    return doneEvent(report);
}

}  // namespace lapidary::session
