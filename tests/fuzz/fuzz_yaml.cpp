// YAML: any text is a value or an error, and a value can be printed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/data/files/yaml_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = lapidary::files::parseYaml({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (value && value->dump().empty()) std::abort();
    return 0;
}
