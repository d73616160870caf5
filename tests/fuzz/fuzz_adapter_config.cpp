// adapter_config.json: any text is a configuration or an error; one that was read prints and reads back; its expressions can be asked.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/data/checkpoint/peft_adapter.h"
#include "core/shared/base/json.h"
#include "core/shared/config/released_sizes.h"
#include "core/shared/plan/adapter_match.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto json = lapidary::parseJson({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!json) return 0;
    const auto peft = lapidary::checkpoint::parsePeftConfig(*json);
    if (!peft) return 0;
    lapidary::checkpoint::PeftAdapter adapter;
    adapter.spec = peft->spec;
    adapter.baseModel = peft->baseModel;
    const auto again =
        lapidary::checkpoint::parsePeftConfig(nlohmann::json::parse(lapidary::checkpoint::peftConfigText(adapter)));
    if (!again || !(again->spec == peft->spec)) std::abort();
    (void)lapidary::plan::adapterRank(peft->spec, "model.language_model.layers.10.self_attn.q_proj");
    const auto config = lapidary::config::releasedConfig("270m");
    if (size < 4096 && config) (void)lapidary::plan::matchAdapter(peft->spec, *config);
    return 0;
}
