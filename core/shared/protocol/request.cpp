#include "core/shared/protocol/request.h"

#include "core/shared/protocol/fields.h"

namespace lapidary::protocol {

// The lists of fields are found by argument-dependent lookup from fields.h, so they are static functions of this namespace
// rather than members of an unnamed one.

static constexpr std::int64_t kMaxTokens = std::int64_t{1} << 31;  // far above any context; keeps sums of counts in range

// One picture by path or by address, never both.
template <class F>
static void picturePlace(F& f, std::string& path, std::string& url) {
    f.text("path", path);
    f.text("url", url);
    if constexpr (std::is_same_v<F, FieldReader>) {
        if (path.empty() == url.empty()) f.fail("a picture needs exactly one of 'path' and 'url'");
    } else {
        if (path.empty()) f.json().erase("path");
        if (url.empty()) f.json().erase("url");
    }
}

// What a request and a picture of it say in the same words.
template <class F, class Settings>
static void panAndScan(F& f, Settings& v) {
    f.flag("pan_and_scan", v.panAndScan);
    f.integer("pan_and_scan_min_crop_size", v.panAndScanMinCropSize, 1, 1 << 20);
    f.integer("pan_and_scan_max_num_crops", v.panAndScanMaxNumCrops, 1, 1024);
    f.number("pan_and_scan_min_ratio_to_activate", v.panAndScanMinRatioToActivate);
}

template <class F>
static void views(F& f, ViewSettings& v) {
    panAndScan(f, v);
    f.crops("crops", v.crops);
}

template <class F>
static void fields(F& f, PictureViewSettings& v) {
    panAndScan(f, v);
    f.boxes("crops", v.crops);
}

// Text parts have "text", picture parts "path" or "url", told apart by "type" as in transformers' messages.
static void fields(FieldReader& f, ContentPart& part) {
    std::string type;
    f.text("type", type, Presence::Required);
    if (f.failed()) return;
    if (type == "text") {
        f.text("text", part.text, Presence::Required);
    } else if (type == "image") {
        part.type = ContentPart::Type::Image;
        picturePlace(f, part.path, part.url);
        f.object("views", part.views);
    } else {
        f.fail("'type': expected \"text\" or \"image\", found \"" + type.substr(0, 40) + "\"");
    }
}
static void fields(FieldWriter& f, ContentPart& part) {
    f.text("type", part.type == ContentPart::Type::Text ? "text" : "image");
    if (part.type == ContentPart::Type::Text) {
        f.text("text", part.text);
    } else {
        picturePlace(f, part.path, part.url);
        f.object("views", part.views);
    }
}

static void fields(FieldReader& f, ChatMessage& message) {
    f.text("role", message.role, Presence::Required);
    if (f.failed()) return;
    if (!f.has("content")) return f.fail("'content' is missing");
    if (f.json().at("content").is_string()) {
        ContentPart part;
        f.text("content", part.text);
        message.content = {part};
    } else {
        f.list("content", message.content);
    }
}
static void fields(FieldWriter& f, ChatMessage& message) {
    f.text("role", message.role);
    f.list("content", message.content);
}

template <class F>
static void fields(F& f, HelloRequest& m) {
    f.integer("protocol", m.protocol, 0, kAnyHigh, Presence::Required);
    f.text("client", m.client);
}

template <class F>
static void fields(F& f, LoadRequest& m) {
    f.text("model", m.model, Presence::Required);
    f.text("mmproj", m.mmproj);
    f.texts("adapters", m.adapters);
    f.text("device", m.device);
    f.text("dtype", m.dtype);
    f.text("quantize", m.quantize);
    f.integer("threads", m.threads, 0, 4096);
    f.integer("context", m.context, 0, kMaxTokens);
    f.flag("force_context", m.forceContext);
    f.text("vision_cache", m.visionCache);
}

template <class F>
static void fields(F&, UnloadRequest&) {}

template <class F>
static void fields(F& f, LoadAdapterRequest& m) {
    f.text("path", m.path, Presence::Required);
    f.text("name", m.name);
}

template <class F>
static void fields(F& f, UnloadAdapterRequest& m) {
    f.text("name", m.name, Presence::Required);
}

template <class F>
static void fields(F& f, ChatRequest& m) {
    f.list("messages", m.messages);
    views(f, m.views);
    f.number("temperature", m.sampling.temperature);
    f.integer("top_k", m.sampling.topK, 0, kMaxTokens);
    f.number("top_p", m.sampling.topP);
    f.number("min_p", m.sampling.minP);
    f.number("repetition_penalty", m.sampling.repetitionPenalty);
    f.integer("seed", m.sampling.seed, 0, kAnyHigh);
    f.integer("max_new_tokens", m.maxNewTokens, 1, kMaxTokens);
    f.texts("stop", m.stop);
    f.integer("logprobs", m.logprobs, 0, 20);
    f.flag("parse_special", m.parseSpecial);
    f.flag("raw", m.raw);
    f.flag("continue_last", m.continueLast);
    f.text("sequence", m.sequence);
    f.texts("adapters", m.adapters);
}

template <class F>
static void fields(F& f, CancelRequest& m) {
    f.integer("target", m.target, 0, kAnyHigh, Presence::Required);
}

template <class F>
static void fields(F& f, PreviewRequest& m) {
    picturePlace(f, m.path, m.url);
    views(f, m.views);
}

template <class F>
static void fields(F& f, ThumbnailRequest& m) {
    f.text("path", m.path, Presence::Required);
    f.integer("max_side", m.maxSide, 16, 4096);
}

template <class F>
static void fields(F& f, CountRequest& m) {
    f.list("messages", m.messages);
    views(f, m.views);
    f.flag("parse_special", m.parseSpecial);
    f.flag("raw", m.raw);
}

template <class F>
static void fields(F& f, ForecastRequest& m) {
    f.text("model", m.model);
    f.text("mmproj", m.mmproj);
    f.text("dtype", m.dtype);
    f.text("quantize", m.quantize);
    f.integer("context", m.context, 0, kMaxTokens);
    f.text("device", m.device);
}

namespace {

// Names in the order of RequestBody's alternatives.
constexpr const char* kTypeNames[] = {"hello",     "load",  "unload",   "chat",         "cancel",        "preview",
                                      "thumbnail", "count", "forecast", "load_adapter", "unload_adapter"};
static_assert(std::size(kTypeNames) == std::variant_size_v<RequestBody>);

// The alternative whose name is `type`, default-made.
template <std::size_t I = 0>
std::optional<RequestBody> emptyBody(const std::string& type) {
    if constexpr (I == std::variant_size_v<RequestBody>) {
        return std::nullopt;
    } else {
        if (type == kTypeNames[I]) return RequestBody(std::in_place_index<I>);
        return emptyBody<I + 1>(type);
    }
}

// What the fields alone do not say: ranges of sampling, and what goes together.
Result<void> checkNumbers(const ChatRequest& chat, const std::string& where) {
    const SamplingSettings& s = chat.sampling;
    const auto refuse = [&](const char* key, const char* expected) {
        return Error{ErrorCode::InvalidData, "'" + std::string(key) + "': expected " + expected, where};
    };
    if (s.temperature && *s.temperature < 0) return refuse("temperature", "0 (greedy) or more");
    if (s.topP && (*s.topP < 0 || *s.topP > 1)) return refuse("top_p", "a number from 0 to 1");
    if (s.minP && (*s.minP < 0 || *s.minP > 1)) return refuse("min_p", "a number from 0 to 1");
    if (s.repetitionPenalty && *s.repetitionPenalty <= 0) return refuse("repetition_penalty", "a number above 0");
    if (chat.messages.empty()) return refuse("messages", "at least one message");
    if (chat.continueLast && chat.messages.back().role != "assistant")
        return refuse("continue_last", "a last message of the assistant");
    return {};
}

}  // namespace

const char* requestTypeName(const RequestBody& body) { return kTypeNames[body.index()]; }

Result<Request> parseRequest(std::string_view line) {
    ASSIGN_OR_RETURN(const Json object, parseJson(line, "request"));
    if (!object.is_object())
        return Error{ErrorCode::InvalidData, "expected an object, found " + describeJson(object), "request"};
    FieldReader head(object, "request");
    Request request;
    std::string type;
    head.integer("id", request.id, 0, kAnyHigh, Presence::Required);
    head.text("type", type, Presence::Required);
    RETURN_IF_ERROR(head.result());
    auto body = emptyBody(type);
    if (!body) {
        const std::vector<std::string> known(std::begin(kTypeNames), std::end(kTypeNames));
        const std::string nearest = nearestKey(type, known);
        return Error{
            ErrorCode::Unsupported,
            "unknown request type '" + type.substr(0, 80) + "'" + (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"),
            "request"};
    }
    request.body = std::move(*body);
    FieldReader reader(object, "request " + type);
    std::visit([&](auto& message) { fields(reader, message); }, request.body);
    RETURN_IF_ERROR(reader.result());
    if (const auto* chat = std::get_if<ChatRequest>(&request.body)) RETURN_IF_ERROR(checkNumbers(*chat, reader.where()));
    return request;
}

std::optional<std::int64_t> requestIdOf(std::string_view line) {
    const auto id = outermostInteger(line, "id");
    return id && *id >= 0 ? id : std::nullopt;
}

std::string printRequest(const Request& request) {
    Json object = Json::object();
    object["id"] = request.id;
    object["type"] = requestTypeName(request.body);
    RequestBody body = request.body;  // the list of fields is shared with the reader, which needs them writable
    FieldWriter writer(object);
    std::visit([&](auto& message) { fields(writer, message); }, body);
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lapidary::protocol
