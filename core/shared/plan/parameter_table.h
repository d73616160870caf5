// Every tensor of a Gemma 3 model: name, shape, part.  The one list behind loading, mapping, adapters, forecasts,
// `inspect` and true-shape random models; a test holds it equal to what the model registers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/shared/config/gemma3_config.h"

namespace lapidary::plan {

enum class Part : std::uint8_t { Language, Vision, Projection };

// What a tensor is, as far as storage cares: matrices may be quantised, the rest stays as it is.
enum class Kind : std::uint8_t { Embedding, Matrix, Norm, Bias, Convolution, Positions };

struct Parameter {
    std::string name;                 // canonical hub name (core/data/checkpoint/tensor_source.h)
    std::vector<std::int64_t> shape;  // row-major
    Part part = Part::Language;
    Kind kind = Kind::Matrix;

    [[nodiscard]] std::int64_t elements() const;
};

// Separate head: `untiedHead` adds lm_head.weight (a checkpoint whose stored head differs from its embedding).
std::vector<Parameter> parameterTable(const config::Gemma3Config& config, bool untiedHead = false);

// Canonical prefixes: "model." or "language_model.model."; head "lm_head.weight" or "language_model.lm_head.weight".
std::string textPrefix(const config::Gemma3Config& config);
std::string headName(const config::Gemma3Config& config);

const char* partName(Part part);  // "language", "vision", "projection"

}  // namespace lapidary::plan
