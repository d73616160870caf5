#include "core/shared/protocol/event.h"

#include "core/shared/protocol/fields.h"
#include "core/shared/protocol/json_lines.h"

namespace lapidary::protocol {

// The lists of fields are found by argument-dependent lookup from fields.h, so they are static functions of this namespace
// rather than members of an unnamed one.

template <class F>
static void fields(F& f, Alternative& m) {
    f.integer("token", m.token, 0, kAnyHigh, Presence::Required);
    f.text("text", m.text);
    f.logprob("logprob", m.logprob);
}

template <class F>
static void fields(F& f, PreviewView& m) {
    f.flag("whole", m.whole);
    f.box("box", m.box);
    f.text("path", m.path);
    f.text("sha256", m.sha256);
    f.integer("tokens", m.tokens);
}

template <class F>
static void fields(F& f, ForecastPart& m) {
    f.text("name", m.name, Presence::Required);
    f.integer("bytes", m.bytes);
}

template <class F>
static void fields(F& f, HelloEvent& m) {
    f.integer("protocol", m.protocol, 0, kAnyHigh, Presence::Required);
    f.text("version", m.version);
    f.integer("pid", m.pid);
    f.text("runtime_folder", m.runtimeFolder);
    f.texts("devices", m.devices);
    f.texts("notes", m.notes);
}

template <class F>
static void fields(F& f, LoadingEvent& m) {
    f.text("stage", m.stage);
    f.number("fraction", m.fraction);
}

template <class F>
static void fields(F& f, LoadedEvent& m) {
    f.text("model", m.model);
    f.text("model_type", m.modelType);
    f.integer("parameters", m.parameters);
    f.integer("weight_bytes", m.weightBytes);
    f.integer("context", m.context);
    f.integer("max_positions", m.maxPositions);
    f.flag("vision", m.vision);
    f.flag("chat_template", m.chatTemplate);
    f.text("device", m.device);
    f.text("dtype", m.dtype);
    f.number("seconds", m.seconds);
    f.texts("warnings", m.warnings);
}

template <class F>
static void fields(F& f, AdapterEvent& m) {
    f.text("name", m.name, Presence::Required);
    f.text("path", m.path);
    f.text("method", m.method);
    f.text("base_model", m.baseModel);
    f.integer("modules", m.modules);
    f.integer("parameters", m.parameters);
    f.texts("warnings", m.warnings);
}

template <class F>
static void fields(F& f, WarningEvent& m) {
    f.text("message", m.message);
}

template <class F>
static void fields(F& f, PrefillEvent& m) {
    f.integer("done", m.done);
    f.integer("total", m.total);
}

template <class F>
static void fields(F& f, TokenEvent& m) {
    f.integer("token", m.token, 0, kAnyHigh, Presence::Required);
    f.text("text", m.text);
    f.number("logprob", m.logprob);
    f.list("alternatives", m.alternatives);
}

template <class F>
static void fields(F& f, PreviewEvent& m) {
    f.integer("width", m.width);
    f.integer("height", m.height);
    f.integer("size", m.size);
    f.integer("tokens", m.tokens);
    f.list("views", m.views);
    f.texts("warnings", m.warnings);
}

template <class F>
static void fields(F& f, ThumbnailEvent& m) {
    f.text("path", m.path, Presence::Required);
    f.integer("width", m.width);
    f.integer("height", m.height);
}

template <class F>
static void fields(F& f, CountEvent& m) {
    f.integer("tokens", m.tokens);
    f.integer("images", m.images);
    f.integer("views", m.views);
    f.integer("context", m.context);
}

template <class F>
static void fields(F& f, ForecastEvent& m) {
    f.list("parts", m.parts);
    f.integer("total_bytes", m.totalBytes);
    f.integer("available_bytes", m.availableBytes);
    f.integer("context", m.context);
    f.text("device", m.device);
}

template <class F>
static void fields(F& f, ViewTime& m) {
    f.text("sha256", m.sha256, Presence::Required);
    f.number("seconds", m.seconds);
}

template <class F>
static void fields(F& f, DoneEvent& m) {
    f.text("finish_reason", m.finishReason);
    f.integer("prompt_tokens", m.promptTokens);
    f.integer("reused_tokens", m.reusedTokens);
    f.integer("views", m.views);
    f.integer("reused_views", m.reusedViews);
    f.integer("generated_tokens", m.generatedTokens);
    f.number("prefill_seconds", m.prefillSeconds);
    f.number("vision_seconds", m.visionSeconds);
    f.number("decode_seconds", m.decodeSeconds);
    f.list("view_times", m.viewTimes);
}

template <class F>
static void fields(F& f, ErrorEvent& m) {
    f.text("code", m.code, Presence::Required);
    f.text("message", m.message);
    f.integer("refused_id", m.refusedId, 0, kAnyHigh);
}

namespace {

// Names in the order of EventBody's alternatives.
constexpr const char* kTypeNames[] = {"hello",     "loading", "loaded",   "warning", "prefill", "token", "preview",
                                      "thumbnail", "count",   "forecast", "adapter", "done",    "error"};
static_assert(std::size(kTypeNames) == std::variant_size_v<EventBody>);

template <std::size_t I = 0>
std::optional<EventBody> emptyBody(const std::string& type) {
    if constexpr (I == std::variant_size_v<EventBody>) {
        return std::nullopt;
    } else {
        if (type == kTypeNames[I]) return EventBody(std::in_place_index<I>);
        return emptyBody<I + 1>(type);
    }
}

std::string printUnbounded(const Event& event) {
    Json object = Json::object();
    if (event.id) object["id"] = *event.id;
    object["type"] = eventTypeName(event.body);
    EventBody body = event.body;
    FieldWriter writer(object);
    std::visit([&](auto& message) { fields(writer, message); }, body);
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

const char* eventTypeName(const EventBody& body) { return kTypeNames[body.index()]; }

bool endsRequest(const EventBody& body) {
    return std::holds_alternative<DoneEvent>(body) || std::holds_alternative<ErrorEvent>(body);
}

Event errorEvent(std::optional<std::int64_t> id, const Error& error) {
    return Event{id, ErrorEvent{errorCodeName(error.code), error.toString()}};
}

Event refusalEvent(std::int64_t openId, const Error& error) {
    return Event{std::nullopt, ErrorEvent{errorCodeName(error.code), error.toString(), openId}};
}

Result<Event> parseEvent(std::string_view line) {
    ASSIGN_OR_RETURN(const Json object, parseJson(line, "event"));
    if (!object.is_object()) return Error{ErrorCode::InvalidData, "expected an object, found " + describeJson(object), "event"};
    FieldReader head(object, "event");
    Event event;
    std::string type;
    head.integer("id", event.id, 0, kAnyHigh);
    head.text("type", type, Presence::Required);
    RETURN_IF_ERROR(head.result());
    auto body = emptyBody(type);
    if (!body) return Error{ErrorCode::Unsupported, "unknown event type '" + type.substr(0, 80) + "'", "event"};
    event.body = std::move(*body);
    const bool idMayLack = std::holds_alternative<HelloEvent>(event.body) || std::holds_alternative<ErrorEvent>(event.body);
    if (!event.id && !idMayLack) return Error{ErrorCode::InvalidData, "'id' is missing", "event " + type};
    FieldReader reader(object, "event " + type);
    std::visit([&](auto& message) { fields(reader, message); }, event.body);
    RETURN_IF_ERROR(reader.result());
    return event;
}

std::string printEvent(const Event& event) {
    std::string line = printUnbounded(event);
    if (line.size() <= kMaxLineBytes) return line;
    const Error tooLong{ErrorCode::Internal,
                        "the answer, a message of type '" + std::string(eventTypeName(event.body)) + "', has " +
                            std::to_string(line.size()) + " bytes; a line holds at most " + std::to_string(kMaxLineBytes),
                        ""};
    return printUnbounded(errorEvent(event.id, tooLong));
}

}  // namespace lapidary::protocol
