#include "core/engine/session/forecast.h"

#include <optional>

#include "core/data/checkpoint/quantize_source.h"

namespace lapidary::session {

Result<plan::MemoryForecast> forecastOf(const checkpoint::Checkpoint& checkpoint, std::int64_t contextTokens,
                                        const std::string& dtype, const std::string& quantize) {
    std::optional<kernels::BlockFormat> format;
    if (!quantize.empty()) {
        ASSIGN_OR_RETURN(format, checkpoint::parseQuantization(quantize));
        // Reads nothing: it only refuses what a load would refuse.
        const auto possible = checkpoint::quantizeSource(checkpoint.tensors, checkpoint.config, checkpoint.untiedHead, *format);
        if (!possible) return possible.error();
    }
    plan::ForecastSettings settings;
    settings.cache.contextTokens = contextTokens;
    settings.untiedHead = checkpoint.untiedHead;
    if (dtype == "bfloat16") {
        settings.cache.bytesPerElement = 2;
        settings.activationBytes = 2;
    }
    settings.weightBytes = [&](const plan::Parameter& parameter) {
        return checkpoint::quantizedBytes(*checkpoint.tensors, parameter, format);
    };
    return plan::forecastMemory(checkpoint.config, settings);
}

}  // namespace lapidary::session
