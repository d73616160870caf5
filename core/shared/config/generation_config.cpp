#include "core/shared/config/generation_config.h"

#include "core/shared/config/section_reader.h"

namespace lapidary::config {

Result<GenerationConfig> parseGenerationConfig(const Json& root) {
    if (!root.is_object()) return Error{ErrorCode::InvalidData, "expected an object, found " + describeJson(root), ""};
    GenerationConfig config;
    SectionReader section(root, "");
    section.flag("do_sample", config.doSample);
    section.numberIn("temperature", config.temperature, 0.0, 1e6);  // 0: greedy
    section.integer("top_k", config.topK, 0, SectionReader::kMaxId);
    section.numberIn("top_p", config.topP, 0.0, 1.0);
    section.numberIn("min_p", config.minP, 0.0, 1.0);
    section.positive("repetition_penalty", config.repetitionPenalty);
    section.ids("eos_token_id", config.eosTokenIds);
    section.integer("pad_token_id", config.padTokenId, 0, SectionReader::kMaxId);
    section.integer("bos_token_id", config.bosTokenId, 0, SectionReader::kMaxId);
    RETURN_IF_ERROR(section.result());
    return config;
}

}  // namespace lapidary::config
