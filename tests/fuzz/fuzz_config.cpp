// config.json and generation_config.json: any text is a configuration or an error, and what was read prints and reads back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/shared/base/json.h"
#include "core/shared/config/gemma3_config.h"
#include "core/shared/config/generation_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto json = lapidary::parseJson({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!json) return 0;
    (void)lapidary::config::parseGenerationConfig(*json);
    const auto config = lapidary::config::parseGemma3Config(*json);
    if (!config) return 0;
    const auto again = lapidary::config::parseGemma3Config(lapidary::config::toJson(*config));
    if (!again || !(*again == *config)) std::abort();
    return 0;
}
