// Every naming of Gemma 3 tensors that Hugging Face files have had (specification 7.1), told apart and made canonical.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lapidary::checkpoint {

enum class NamePart : std::uint8_t {
    Text,       // suffix: embed_tokens.weight, layers.0.…, norm.weight
    Head,       // the output head; no suffix
    Vision,     // suffix: embeddings.…, encoder.layers.0.…, post_layernorm.…
    Projector,  // suffix: mm_input_projection_weight, mm_soft_emb_norm.weight
    Ignored,    // buffers and the pooling head, which Gemma 3 does not use
};

struct ParsedName {
    NamePart part = NamePart::Text;
    std::string prefix;  // what stood before the suffix: the naming; "model.language_model."
    std::string suffix;
};

ParsedName parseTensorName(std::string_view stored);

// The name that the rest of Lapidary uses (tensor_source.h); empty for Ignored.
std::string canonicalName(const ParsedName& name, bool visionLanguage);

}  // namespace lapidary::checkpoint
