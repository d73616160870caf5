// Events from `lapidary engine`, one JSON object a line (README.md of this folder has every message with an example).
// Every event but `hello` carries the id of its request; exactly one `done` or `error` ends a request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/shared/base/error.h"
#include "core/shared/base/result.h"
#include "core/shared/rules/pan_and_scan.h"

namespace lapidary::protocol {

// First line of the engine, before any request.
struct HelloEvent {
    std::int64_t protocol = 1;
    std::string version;               // of Lapidary
    std::int64_t pid = 0;
    std::string runtimeFolder;         // private folder of previews and thumbnails
    std::vector<std::string> devices;  // "cpu", "cuda:0"
    std::vector<std::string> notes;    // sentences, for instance why no GPU is used
    bool operator==(const HelloEvent&) const = default;
};

struct LoadingEvent {
    std::string stage;      // "reading", "quantising", …
    double fraction = 0.0;  // 0 to 1
    bool operator==(const LoadingEvent&) const = default;
};

struct LoadedEvent {
    std::string model;        // as it was asked for
    std::string modelType;    // "gemma3" or "gemma3_text"
    std::int64_t parameters = 0;
    std::int64_t weightBytes = 0;
    std::int64_t context = 0;       // tokens
    std::int64_t maxPositions = 0;  // max_position_embeddings
    bool vision = false;
    bool chatTemplate = false;      // false: completion mode
    std::string device;
    std::string dtype;
    double seconds = 0.0;
    std::vector<std::string> warnings;
    bool operator==(const LoadedEvent&) const = default;
};

// An adapter stands ready.
struct AdapterEvent {
    std::string name;  // how chat requests call it
    std::string path;
    std::string method;  // "lora" or "dora"
    std::string baseModel;  // what it was trained on, as its maker said it
    std::int64_t modules = 0;  // that have a delta
    std::int64_t parameters = 0;
    std::vector<std::string> warnings;
    bool operator==(const AdapterEvent&) const = default;
};

// Something a person should know; the request goes on.
struct WarningEvent {
    std::string message;
    bool operator==(const WarningEvent&) const = default;
};

// Prompt tokens computed so far.
struct PrefillEvent {
    std::int64_t done = 0;
    std::int64_t total = 0;
    bool operator==(const PrefillEvent&) const = default;
};

struct Alternative {
    std::int64_t token = 0;
    std::string text;
    double logprob = 0.0;  // natural; null in JSON where it is not finite, read back as -infinity
    bool operator==(const Alternative&) const = default;
};

// One generated token.  `text` is whole UTF-8: it may be empty while a character is still incomplete.
struct TokenEvent {
    std::int64_t token = 0;
    std::string text;
    std::optional<double> logprob;          // with logprobs > 0
    std::vector<Alternative> alternatives;  // most probable first
    bool operator==(const TokenEvent&) const = default;
};

// One view of a picture as the model sees it.
struct PreviewView {
    bool whole = false;   // the picture itself, else a crop
    rules::CropBox box;   // pixels of the original
    std::string path;     // PNG in the runtime folder
    std::string sha256;   // of the resized bytes
    std::int64_t tokens = 0;
    bool operator==(const PreviewView&) const = default;
};

struct PreviewEvent {
    std::int64_t width = 0;  // of the original, orientation applied
    std::int64_t height = 0;
    std::int64_t size = 0;   // side of a view
    std::int64_t tokens = 0; // of all views together
    std::vector<PreviewView> views;
    std::vector<std::string> warnings;
    bool operator==(const PreviewEvent&) const = default;
};

struct ThumbnailEvent {
    std::string path;  // PNG in the runtime folder
    std::int64_t width = 0;
    std::int64_t height = 0;
    bool operator==(const ThumbnailEvent&) const = default;
};

struct CountEvent {
    std::int64_t tokens = 0;   // whole prompt
    std::int64_t images = 0;   // pictures
    std::int64_t views = 0;    // pictures and crops
    std::int64_t context = 0;  // tokens that fit
    bool operator==(const CountEvent&) const = default;
};

struct ForecastPart {
    std::string name;  // "language weights", "kv cache", …: plan::MemoryForecast
    std::int64_t bytes = 0;
    bool operator==(const ForecastPart&) const = default;
};

struct ForecastEvent {
    std::vector<ForecastPart> parts;
    std::int64_t totalBytes = 0;
    std::int64_t availableBytes = 0;  // of that device now; 0: unknown
    std::int64_t context = 0;
    std::string device;  // where all of it would lie: "cpu", "cuda:0"
    bool operator==(const ForecastEvent&) const = default;
};

// How long one view took.
struct ViewTime {
    std::string sha256;    // of its pixels, as in `preview`
    double seconds = 0.0;  // tower and projector
    bool operator==(const ViewTime&) const = default;
};

// The request is finished.
struct DoneEvent {
    std::string finishReason =
        "complete";  // chat: "end" (end token), "stop" (stop string), "length"; any: "cancelled"; else "complete"
    std::int64_t promptTokens = 0;     // chat only, as all that follow
    std::int64_t reusedTokens = 0;     // of the prompt, already in the cache
    std::int64_t views = 0;            // pictures and crops of the prompt
    std::int64_t reusedViews = 0;      // of them, that did not pass the tower: in the cache, in memory, or kept on disk
    std::int64_t generatedTokens = 0;
    double prefillSeconds = 0.0;       // visionSeconds among them
    double visionSeconds = 0.0;        // tower and projector, for views - reusedViews views
    double decodeSeconds = 0.0;
    std::vector<ViewTime> viewTimes = {};  // of the views that passed the tower, in the prompt's order
    bool operator==(const DoneEvent&) const = default;
};

// The request failed; without an id: a line that could not be read as a request, or one whose id another request holds open.
struct ErrorEvent {
    std::string code;     // errorCodeName: "invalid_file", "out_of_memory", …
    std::string message;  // Error::toString()
    std::optional<std::int64_t> refusedId = std::nullopt;  // of the line that was refused while its id is still open
    bool operator==(const ErrorEvent&) const = default;
};

using EventBody = std::variant<HelloEvent, LoadingEvent, LoadedEvent, WarningEvent, PrefillEvent, TokenEvent, PreviewEvent,
                               ThumbnailEvent, CountEvent, ForecastEvent, AdapterEvent, DoneEvent, ErrorEvent>;

struct Event {
    std::optional<std::int64_t> id;  // absent in hello and in errors about unreadable lines
    EventBody body;
    bool operator==(const Event&) const = default;
};

// "hello", "token", …: the message's "type".
const char* eventTypeName(const EventBody& body);
// `done` and `error` end a request.
bool endsRequest(const EventBody& body);
// The error event of `error` for a request (or for none).
Event errorEvent(std::optional<std::int64_t> id, const Error& error);
// The same for a line with an id that is still open.  It ends nothing: the open request gets its own answer, and only that.
Event refusalEvent(std::int64_t openId, const Error& error);

// Errors: as parseRequest's.
Result<Event> parseEvent(std::string_view line);
// One line without its newline.  An event that would be longer than kMaxLineBytes becomes an `error` that says so, since a
// reader would refuse it.
std::string printEvent(const Event& event);

}  // namespace lapidary::protocol
