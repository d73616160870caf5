// A model that is open: weights, tokenizer, processor, defaults.  Never changes after loading; sequences share it.
// Loading and every call into network() belong to the thread that owns the tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/model/gemma3_vl_model.h"
#include "core/engine/session/adapters.h"
#include "core/engine/session/opened_checkpoint.h"
#include "core/engine/session/vision_state_store.h"
#include "core/shared/base/result.h"

namespace lapidary::session {

struct ModelRequest {
    std::string model;            // as --model
    std::string mmproj;           // path, or empty
    std::vector<std::string> adapters;  // peft folders; all are added to each other
    std::string device = "auto";  // auto, cpu, cuda, cuda:N
    std::string dtype = "auto";   // auto, float32, bfloat16
    std::string quantize;         // empty, int8, int4, q8_0, q4_0
    std::int64_t threads = 0;     // 0: as many as cores
    std::int64_t context = 0;     // tokens; 0: max_position_embeddings
    bool forceContext = false;    // allow more than max_position_embeddings
    TokenizerNeed tokenizer = TokenizerNeed::Required;  // Optional: processor() and tokenizer() must not be asked for
    std::string visionCache = "off";  // what the tower made of pictures, kept on disk: VisionStateStore::chosenFolder
};

// What a request comes to: its device (made ready), precision ("auto": bfloat16 on a GPU, float32 on a CPU) and quantisation.
// Errors: Usage (an option that cannot be meant), Unsupported (device).
Result<model::LoadOptions> loadOptionsOf(const ModelRequest& request);

class Model {
public:
    using Progress = std::function<void(const std::string& stage, double fraction)>;

    // Errors: Usage (an option that cannot be meant), Unsupported (device), those of opening, of the network's load and of adapters.
    static Result<std::shared_ptr<const Model>> load(const ModelRequest& request, const Progress& progress = {},
                                                     std::stop_token stop = {});
    // Around what is open already, with the context of its configuration: a training run answers with the weights that it has now.
    // `visionStates` may be null.
    static std::shared_ptr<const Model> around(OpenedCheckpoint opened, std::shared_ptr<model::Gemma3VlModel> network,
                                               ActiveAdapter active, std::shared_ptr<VisionStateStore> visionStates);

    [[nodiscard]] const config::Gemma3Config& config() const { return m_opened.config(); }
    [[nodiscard]] const OpenedCheckpoint& opened() const { return m_opened; }
    [[nodiscard]] const model::Gemma3VlModel& network() const { return *m_network; }
    // The adapters of the request: all of them together, and each by its name.
    [[nodiscard]] const ActiveAdapter& adapter() const { return m_active; }
    [[nodiscard]] const AdapterSet& adapters() const { return m_adapters; }
    // Where the tower's results are kept on disk; null: nowhere.  The first call reads the whole tower, so it is made when there is
    // a picture.
    [[nodiscard]] VisionStateStore* visionStates(const std::stop_token& stop) const;
    [[nodiscard]] const processor::Gemma3Processor& processor() const { return *m_opened.processor; }
    [[nodiscard]] const text::Tokenizer& tokenizer() const { return m_opened.tokenizer(); }
    [[nodiscard]] bool hasChatTemplate() const { return m_opened.chatTemplate.hasTemplate; }
    // Tokens of prompt and answer together.
    [[nodiscard]] std::int64_t contextTokens() const { return m_contextTokens; }
    [[nodiscard]] const std::vector<std::string>& warnings() const { return m_opened.warnings; }
    [[nodiscard]] std::string deviceName() const;  // "cpu", "cuda:0"
    [[nodiscard]] std::string dtypeName() const;
    [[nodiscard]] std::string quantizeName() const;  // as --quantize; empty: weights as stored
    [[nodiscard]] std::int64_t parameters() const;  // a tied head counted once
    [[nodiscard]] std::int64_t weightBytes() const;  // as they are held: forecast.h

private:
    Model(OpenedCheckpoint opened, std::shared_ptr<model::Gemma3VlModel> network, AdapterSet adapters, ActiveAdapter active,
          std::int64_t contextTokens);

    OpenedCheckpoint m_opened;
    std::shared_ptr<model::Gemma3VlModel> m_network;
    AdapterSet m_adapters;
    ActiveAdapter m_active;
    std::int64_t m_contextTokens;
    // Of the tower, not of the model that never changes: opened late, see visionStates().
    mutable std::filesystem::path m_visionFolder;  // until the store is open; empty: there is none to open
    mutable std::shared_ptr<VisionStateStore> m_visionStates;
};

// Tokens that may be used: `wanted` (0: all of max_position_embeddings).  Errors: Usage when `wanted` is negative, or beyond
// max_position_embeddings without `force`.
Result<std::int64_t> resolveContext(const config::TextConfig& config, std::int64_t wanted, bool force);

}  // namespace lapidary::session
