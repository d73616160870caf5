#include "core/shared/config/rope_reader.h"

namespace lapidary::config {
namespace {

// What one dictionary says; `rope_scaling` is read over what `rope_parameters` said.
struct RopeEntry {
    std::string type = "default";
    std::optional<double> factor;
    std::optional<double> theta;
};

void readEntry(const Json& object, const std::string& where, RopeEntry& entry, SectionReader& section,
               std::vector<std::string>& warnings) {
    const auto type = findString(object, "rope_type", where);
    const auto oldType = findString(object, "type", where);
    const auto factor = findNumber(object, "factor", where);
    const auto theta = findNumber(object, "rope_theta", where);
    for (const auto* found : {&type, &oldType}) {
        if (!*found) return section.fail(found->error());
    }
    for (const auto* found : {&factor, &theta}) {
        if (!*found) return section.fail(found->error());
    }
    if (*type) {
        entry.type = **type;
    } else if (*oldType) {
        entry.type = **oldType;
        if (entry.type != "default") {
            warnings.push_back(
                where + ": 'type' is read as 'rope_type' (" + entry.type.substr(0, 40) +
                "); transformers 5.17 ignores this old spelling and would apply no scaling, so its logits differ");
        }
    }
    if (*factor) entry.factor = *factor;
    if (*theta) entry.theta = *theta;
}

RopeParameters resolve(const RopeEntry& entry, const std::string& place, double defaultTheta, SectionReader& section) {
    RopeParameters rope{entry.theta.value_or(defaultTheta), 1.0};
    if (entry.type == "linear") {
        if (!entry.factor) section.fail(place, "a 'factor' beside rope_type \"linear\"", "none");
        rope.factor = entry.factor.value_or(1.0);
    } else if (entry.type != "default") {
        section.fail(place, "rope_type \"default\" or \"linear\"", '"' + entry.type.substr(0, 40) + '"',
                     ErrorCode::Unsupported);
    }
    if (!(rope.theta > 0.0)) section.fail(place, "a rope_theta above 0", std::to_string(rope.theta));
    if (!(rope.factor > 0.0)) section.fail(place, "a factor above 0", std::to_string(rope.factor));
    return rope;
}

}  // namespace

void readRope(SectionReader& section, TextConfig& text, std::vector<std::string>& warnings) {
    double fullTheta = 1000000.0;
    double slidingTheta = 10000.0;
    section.positive("rope_theta", fullTheta);
    section.positive("rope_local_base_freq", slidingTheta);
    RopeEntry full;
    RopeEntry sliding;
    if (const Json* nested = section.object("rope_parameters")) {
        SectionReader byType(*nested, section.where().empty() ? "rope_parameters" : section.where() + ".rope_parameters");
        const Json* fullObject = byType.object("full_attention");
        const Json* slidingObject = byType.object("sliding_attention");
        if (fullObject != nullptr) readEntry(*fullObject, byType.where() + ".full_attention", full, section, warnings);
        if (slidingObject != nullptr)
            readEntry(*slidingObject, byType.where() + ".sliding_attention", sliding, section, warnings);
        if (byType.has("rope_type") || byType.has("rope_theta")) {
            warnings.push_back(byType.where() + ": keys outside 'full_attention' and 'sliding_attention' are ignored");
        }
        if (const auto result = byType.result(); !result) section.fail(result.error());
    }
    // The old dictionary speaks of the global layers alone.
    if (const Json* scaling = section.object("rope_scaling")) {
        readEntry(*scaling, section.where().empty() ? "rope_scaling" : section.where() + ".rope_scaling", full, section,
                  warnings);
    }
    text.fullRope = resolve(full, "rope of full_attention", fullTheta, section);
    text.slidingRope = resolve(sliding, "rope of sliding_attention", slidingTheta, section);
}

}  // namespace lapidary::config
