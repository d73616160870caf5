#include "core/engine/session/forecast.h"

#include "core/data/checkpoint/quantize_source.h"
#include "core/engine/ops/weight.h"

namespace lapidary::session {

std::int64_t heldBytes(const checkpoint::TensorSource& source, const plan::Parameter& parameter,
                       const model::LoadOptions& options) {
    const auto stored = source.tensor(parameter.name);
    if (!stored) return 0;
    const std::int64_t number = options.precision == ops::Precision::BFloat16 ? 2 : 4;
    if (!options.device.is_cpu()) return parameter.elements() * number;
    const std::int64_t bytes = checkpoint::quantizedBytes(source, parameter, options.quantize);
    const bool asStored = bytes == static_cast<std::int64_t>(stored->bytes.size());
    return asStored && ops::isRounded(stored->format, options.precision) ? parameter.elements() * number : bytes;
}

Result<plan::MemoryForecast> forecastOf(const checkpoint::Checkpoint& checkpoint, std::int64_t contextTokens,
                                        const model::LoadOptions& options) {
    if (options.quantize) {
        // Reads nothing: it only refuses what a load would refuse.
        const auto possible =
            checkpoint::quantizeSource(checkpoint.tensors, checkpoint.config, checkpoint.untiedHead, *options.quantize);
        if (!possible) return possible.error();
    }
    plan::ForecastSettings settings;
    settings.cache.contextTokens = contextTokens;
    settings.untiedHead = checkpoint.untiedHead;
    if (options.precision == ops::Precision::BFloat16) {
        settings.cache.bytesPerElement = 2;
        settings.activationBytes = 2;
    }
    settings.weightBytes = [&](const plan::Parameter& parameter) { return heldBytes(*checkpoint.tensors, parameter, options); };
    return plan::forecastMemory(checkpoint.config, settings);
}

}  // namespace lapidary::session
