#include "core/engine/session/forecast.h"

#include <fstream>
#include <optional>

#include "core/data/checkpoint/quantize_source.h"

namespace lapidary::session {

Result<plan::MemoryForecast> forecastOf(const checkpoint::Checkpoint& checkpoint, std::int64_t contextTokens,
                                        const std::string& dtype, const std::string& quantize) {
    std::optional<kernels::BlockFormat> format;
    if (!quantize.empty()) {
        ASSIGN_OR_RETURN(format, checkpoint::parseQuantization(quantize));
    }
    plan::ForecastSettings settings;
    settings.cache.contextTokens = contextTokens;
    settings.untiedHead = checkpoint.untiedHead;
    if (dtype == "bfloat16") {
        settings.cache.bytesPerElement = 2;
        settings.activationBytes = 2;
    }
    settings.weightBytes = [&](const plan::Parameter& parameter) -> std::int64_t {
        const bool matrix = parameter.kind == plan::Kind::Matrix || parameter.kind == plan::Kind::Embedding;
        if (format && matrix && parameter.part == plan::Part::Language && parameter.shape.size() == 2) {
            if (const auto row = kernels::rowBytes(*format, parameter.shape[1])) return *row * parameter.shape[0];
        }
        const auto tensor = checkpoint.tensors->tensor(parameter.name);
        return tensor ? static_cast<std::int64_t>(tensor->bytes.size()) : 0;
    };
    return plan::forecastMemory(checkpoint.config, settings);
}

std::int64_t availableMemoryBytes() {
    std::ifstream meminfo("/proc/meminfo");
    std::string key;
    std::int64_t kibibytes = 0;
    std::string unit;
    while (meminfo >> key >> kibibytes >> unit) {
        if (key == "MemAvailable:") return kibibytes * 1024;
    }
    return 0;
}

}  // namespace lapidary::session
