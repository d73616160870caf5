// What a training run may move, by part of the model.  Every part is one of three things, never a mixture.
#pragma once

#include <cstdint>

#include "core/shared/plan/parameter_table.h"

namespace lapidary::plan {

enum class Training : std::uint8_t {
    Frozen,   // no gradient
    Adapter,  // the weights stay, a low-rank delta beside them learns
    Full,     // the weights themselves learn
};

struct FreezePlan {
    Training language = Training::Full;
    Training vision = Training::Full;
    Training projection = Training::Full;

    // Megatron-Bridge's three flags (freeze_language_model, freeze_vision_model, freeze_vision_projection).
    static FreezePlan fromFlags(bool freezeLanguageModel, bool freezeVisionModel, bool freezeVisionProjection) {
        const auto of = [](bool frozen) { return frozen ? Training::Frozen : Training::Full; };
        return {of(freezeLanguageModel), of(freezeVisionModel), of(freezeVisionProjection)};
    }

    [[nodiscard]] Training of(Part part) const {
        switch (part) {
            case Part::Language: return language;
            case Part::Vision: return vision;
            case Part::Projection: return projection;
        }
        return Training::Frozen;
    }
    // Whether the stored weights of `part` themselves get gradients.
    [[nodiscard]] bool trainsWeights(Part part) const { return of(part) == Training::Full; }

    bool operator==(const FreezePlan&) const = default;
};

}  // namespace lapidary::plan
