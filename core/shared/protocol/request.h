// Requests to `lapidary engine`, one JSON object a line (README.md of this folder has every message with an example).
// Field names are the members' names in snake_case.  Unknown fields are ignored; an unknown "type" is an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/shared/base/result.h"
#include "core/shared/rules/pan_and_scan.h"

namespace lapidary::protocol {

// The client's greeting (optional): answered by `done`, or by `error` when the engine speaks another version.
struct HelloRequest {
    std::int64_t protocol = 1;
    std::string client;  // name and version, for logs
    bool operator==(const HelloRequest&) const = default;
};

// Opens a model; one that is already open is closed first.  Empty strings mean "not given".
// Events: loading…, warning…, loaded, then done.
struct LoadRequest {
    std::string model;                  // folder, .gguf, id in the local cache, or "demo"
    std::string mmproj;                 // .gguf of the vision tower
    std::vector<std::string> adapters;  // PEFT folders
    std::string device = "auto";
    std::string dtype = "auto";
    std::string quantize;
    std::int64_t threads = 0;           // 0: as many as the machine has cores
    std::int64_t context = 0;           // tokens; 0: the model's default
    bool forceContext = false;          // allow more than max_position_embeddings
    std::string visionCache = "auto";   // what the tower made of pictures, kept on disk: auto, on, off, or a folder
    bool operator==(const LoadRequest&) const = default;
};

struct UnloadRequest {
    bool operator==(const UnloadRequest&) const = default;
};

// Makes an adapter ready beside the open model, which is not read again.  Events: adapter, then done.
struct LoadAdapterRequest {
    std::string path;  // PEFT folder
    std::string name;  // how chat requests call it; empty: as the folder is called
    bool operator==(const LoadAdapterRequest&) const = default;
};

// Forgets one.
struct UnloadAdapterRequest {
    std::string name;
    bool operator==(const UnloadAdapterRequest&) const = default;
};

// Which parts of one picture the model sees, where they differ from the request's ViewSettings.  What is absent is as the model's own
// processor has it.
struct PictureViewSettings {
    std::optional<bool> panAndScan;
    std::optional<std::int64_t> panAndScanMinCropSize;
    std::optional<std::int64_t> panAndScanMaxNumCrops;
    std::optional<double> panAndScanMinRatioToActivate;
    std::optional<std::vector<rules::CropBox>> crops;  // own crops in place of the rule's
    bool operator==(const PictureViewSettings&) const = default;
};

// One piece of a message: a text, or a picture by path or https address.
struct ContentPart {
    enum class Type { Text, Image };
    Type type = Type::Text;
    std::string text;  // Text
    std::string path;  // Image: exactly one of path and url is set
    std::string url;
    std::optional<PictureViewSettings> views;  // Image
    bool operator==(const ContentPart&) const = default;
};

struct ChatMessage {
    std::string role;  // "system", "user", "assistant"
    std::vector<ContentPart> content;  // a plain JSON string is read as one text part
    bool operator==(const ChatMessage&) const = default;
};

// Which parts of a picture the model sees besides the whole of it.
struct ViewSettings {
    // What is absent is as the model's own processor has it (without a model: no crops; 256, 4, 1.2).
    std::optional<bool> panAndScan;
    std::optional<std::int64_t> panAndScanMinCropSize;
    std::optional<std::int64_t> panAndScanMaxNumCrops;
    std::optional<double> panAndScanMinRatioToActivate;
    std::optional<std::vector<std::vector<rules::CropBox>>>
        crops;  // own crops, one list a picture: [[l,t,r,b], …]; replaces the rule
    bool operator==(const ViewSettings&) const = default;
};

// What is absent comes from generation_config.json, else greedy.
struct SamplingSettings {
    std::optional<double> temperature;  // 0: greedy
    std::optional<std::int64_t> topK;  // 0: off
    std::optional<double> topP;
    std::optional<double> minP;
    std::optional<double> repetitionPenalty;
    std::optional<std::int64_t> seed;  // >= 0
    bool operator==(const SamplingSettings&) const = default;
};

// One answer.  Events: warning…, prefill…, token…, then done (finish reason, counts, times) or error.
// Messages that begin as those of the last answer of the same `sequence` reuse its cache: only what is new is computed.
struct ChatRequest {
    std::vector<ChatMessage> messages;
    ViewSettings views;
    SamplingSettings sampling;
    std::int64_t maxNewTokens = 512;
    std::vector<std::string> stop;  // strings that end the answer
    std::int64_t logprobs = 0;  // alternatives a token to report (0 to 20); with 0, no log-probabilities at all
    bool parseSpecial = false;  // special tokens typed in a text become control tokens
    bool raw = false;  // no chat template: the texts and pictures as they stand, after <bos>
    bool continueLast = false;  // the last message is the assistant's and is continued, not answered
    std::string sequence;  // name of the conversation whose cache is continued; empty: the default one
    // Names of loaded adapters that answer together; none: the base alone; absent: those that came with `load`.
    std::optional<std::vector<std::string>> adapters;
    bool operator==(const ChatRequest&) const = default;
};

// Stops another request.  That one ends with `done`, finish_reason "cancelled"; this one with its own `done`, also when
// the target has already ended or was never known (the two may cross on the way).
struct CancelRequest {
    std::int64_t target = 0;
    bool operator==(const CancelRequest&) const = default;
};

// What a picture becomes for the model: works without a model (896 x 896, 256 tokens a view).  Events: preview, done.
struct PreviewRequest {
    std::string path;  // exactly one of path and url
    std::string url;
    ViewSettings views;
    bool operator==(const PreviewRequest&) const = default;
};

// A small PNG of a picture, written into the runtime folder: works without a model.  Events: thumbnail, done.
struct ThumbnailRequest {
    std::string path;
    std::int64_t maxSide = 256;  // pixels, 16 to 4096
    bool operator==(const ThumbnailRequest&) const = default;
};

// Length of a prompt in tokens, pictures opened.  Needs the model's tokenizer.  Events: count, done.
struct CountRequest {
    std::vector<ChatMessage> messages;
    ViewSettings views;
    bool parseSpecial = false;
    bool raw = false;
    bool operator==(const CountRequest&) const = default;
};

// Memory by part, before loading (model given) or of the loaded one (model empty).  Events: forecast, done.
struct ForecastRequest {
    std::string model;
    std::string mmproj;
    std::string dtype = "auto";
    std::string quantize;
    std::int64_t context = 0;  // tokens; 0: the model's default
    std::string device = "auto";  // as in LoadRequest
    bool operator==(const ForecastRequest&) const = default;
};

using RequestBody = std::variant<HelloRequest, LoadRequest, UnloadRequest, ChatRequest, CancelRequest, PreviewRequest,
                                 ThumbnailRequest, CountRequest, ForecastRequest, LoadAdapterRequest, UnloadAdapterRequest>;

struct Request {
    std::int64_t id = 0;  // chosen by the client, >= 0; used again only after its done or error
    RequestBody body;
    bool operator==(const Request&) const = default;
};

// "load", "chat", …: the message's "type".
const char* requestTypeName(const RequestBody& body);

// Errors: InvalidData (not JSON, not an object, no id, a field of another type or out of range), Unsupported (unknown type).
Result<Request> parseRequest(std::string_view line);
// The id of a line that parseRequest refused, if it can be told, so that the error can be addressed.
std::optional<std::int64_t> requestIdOf(std::string_view line);
// One line without its newline.  Bytes that are not UTF-8 are replaced by U+FFFD.
std::string printRequest(const Request& request);

}  // namespace lapidary::protocol
