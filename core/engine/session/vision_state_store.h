// What a frozen tower made of a view, kept on disk: pooled states by the view's pixels and the tower's weights, so that an epoch after the
// first, another run, or a chat about the same picture does not run the tower again.
//
// Training, chat and the engine share it.
//
//   FOLDER/<hash of the tower>/<sha256 of the view's pixels>.safetensors      states [mm_tokens_per_image, vision hidden]
//
// A view's pixels already hold the picture and its geometry (crop, size, resampling).  Files appear whole under their names, so any
// number of processes may share the folder; one that cannot be read counts as absent and is written again.  Nothing that happens to
// the folder is an error of an answer or a step: without it all is slower, not wrong.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/model/gemma3_vl_model.h"
#include "core/engine/session/opened_checkpoint.h"
#include "core/shared/base/result.h"

namespace lapidary::session {

// sha256 over everything that decides a view's states: each tower tensor's name, format, shape and bytes, the configuration's numbers,
// how pixels are scaled, quantisation, precision and the kind of device.  Reads every byte of the tower.
// Errors: Unsupported without a tower or an image processor, those of reading the tower, Cancelled.
Result<std::string> towerHash(const model::Gemma3VlModel& model, const OpenedCheckpoint& opened, std::stop_token stop = {});

class VisionStateStore {
public:
    // `maxBytes`: of all files below `folder`; beyond it the longest unused go first.
    VisionStateStore(std::filesystem::path folder, std::string towerHash, std::int64_t maxBytes = std::int64_t{8} << 30);

    // Where it lies for this user: $LAPIDARY_HOME/cache/vision, else $XDG_CACHE_HOME or ~/.cache, then lapidary/vision.
    static std::filesystem::path defaultFolder();
    // What a person chose: "on" (the default folder), "auto" (that, if it is there: a training run made it), "off" or a folder.
    // Empty: nowhere.
    static std::filesystem::path chosenFolder(const std::string& choice);

    // States [tokens, width], or nothing where they are not there (or damaged).
    [[nodiscard]] std::optional<at::Tensor> find(const std::string& viewHash) const;
    // states [tokens, width] float32 or bfloat16.  Errors: Io; the caller may go on without.
    Result<void> put(const std::string& viewHash, const at::Tensor& states);
    // Removes what is beyond `maxBytes`.
    void trim() const;

private:
    [[nodiscard]] std::filesystem::path fileOf(const std::string& viewHash) const;

    std::filesystem::path m_folder;
    std::string m_towerHash;
    std::int64_t m_maxBytes;
    std::optional<std::int64_t> m_written;  // bytes since the last trim; nothing: there was none yet
};

struct ViewStates {
    at::Tensor states;  // [tokens, vision hidden] on the CPU
    bool kept = false;  // the tower was not asked
};
// Pooled states of one view: the kept ones, else the tower's, which are kept then.  `pixels` gives [1, 3, size, size] where the tower
// is asked.  Errors: those of getVisionStates.
Result<ViewStates> visionStatesOfView(const model::Gemma3VlModel& model, const std::string& viewHash,
                                      const std::function<at::Tensor()>& pixels, VisionStateStore& store,
                                      std::stop_token stop = {});

// Pooled states of views that may be known: pixels [views, 3, size, size] and their hashes → [views, tokens, width].
// Errors: those of getVisionStates.
Result<at::Tensor> visionStates(const model::Gemma3VlModel& model, const at::Tensor& pixels,
                                const std::vector<std::string>& viewHashes, VisionStateStore& store, std::stop_token stop = {});

}  // namespace lapidary::session
