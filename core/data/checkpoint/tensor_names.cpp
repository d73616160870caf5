#include "core/data/checkpoint/tensor_names.h"

namespace lapidary::checkpoint {
namespace {

bool takePrefix(std::string_view& rest, std::string_view prefix) {
    if (!rest.starts_with(prefix)) return false;
    rest.remove_prefix(prefix.size());
    return true;
}

bool isBuffer(std::string_view name) {
    return name.ends_with("rotary_emb.inv_freq") || name.ends_with(".position_ids") || name.ends_with(".embed_scale") ||
           name == "embed_scale";
}

}  // namespace

ParsedName parseTensorName(std::string_view stored) {
    std::string_view rest = stored;
    ParsedName name;
    takePrefix(rest, "model.");
    if (takePrefix(rest, "language_model.")) {
        takePrefix(rest, "model.");
    } else if (takePrefix(rest, "vision_tower.")) {
        takePrefix(rest, "vision_model.");
        name.part = NamePart::Vision;
    } else if (takePrefix(rest, "multi_modal_projector.")) {
        name.part = NamePart::Projector;
    }
    name.prefix = stored.substr(0, stored.size() - rest.size());
    name.suffix = rest;
    if (isBuffer(rest) || (name.part == NamePart::Vision && rest.starts_with("head."))) name.part = NamePart::Ignored;
    if (name.part == NamePart::Text && rest == "lm_head.weight") {
        name.part = NamePart::Head;
        name.suffix.clear();
    }
    return name;
}

std::string canonicalName(const ParsedName& name, bool visionLanguage) {
    switch (name.part) {
        case NamePart::Text: return (visionLanguage ? "language_model.model." : "model.") + name.suffix;
        case NamePart::Head: return visionLanguage ? "language_model.lm_head.weight" : "lm_head.weight";
        case NamePart::Vision: return "vision_tower.vision_model." + name.suffix;
        case NamePart::Projector: return "multi_modal_projector." + name.suffix;
        case NamePart::Ignored: break;
    }
    return "";
}

}  // namespace lapidary::checkpoint
