// A checkpoint as the rest of Lapidary sees it: named tensors with shape, format and bytes, whatever files they lie in.
// Names are canonical Hugging Face hub names (specification 7.1):
//   text-only          model.embed_tokens.weight, model.layers.0.…, model.norm.weight, lm_head.weight
//   vision-language    language_model.model.…, language_model.lm_head.weight,
//                      vision_tower.vision_model.…, multi_modal_projector.…
// Implementations translate every other naming to these, undo GGUF's +1 on norms, and never copy a matrix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/shared/base/result.h"
#include "kernels/block_format.h"

namespace lapidary::checkpoint {

struct StoredTensor {
    std::string name;                  // canonical
    kernels::BlockFormat format = kernels::BlockFormat::F32;
    std::vector<std::int64_t> shape;   // row-major, as PyTorch prints it; quantised rows run along the last dimension
    std::span<const std::byte> bytes;  // little-endian; may be unaligned
    std::shared_ptr<const void> owner; // keeps `bytes` alive (a mapped file or a small converted buffer)
};

class TensorSource {
public:
    virtual ~TensorSource() = default;

    // Canonical names in file order.
    [[nodiscard]] virtual std::vector<std::string> names() const = 0;
    [[nodiscard]] virtual bool contains(const std::string& name) const = 0;
    // Errors: NotFound naming the nearest stored name.
    [[nodiscard]] virtual Result<StoredTensor> tensor(const std::string& name) const = 0;
};

}  // namespace lapidary::checkpoint
