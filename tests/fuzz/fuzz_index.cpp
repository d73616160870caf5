// model.safetensors.index.json: whatever it says, the names that come out are plain names of files.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/data/checkpoint/weight_files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto index = lapidary::checkpoint::parseWeightIndex({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!index) return 0;
    for (const auto& [tensor, file] : *index) {
        if (file.empty() || file.find('/') != std::string::npos || file.find('\0') != std::string::npos || file == "..")
            std::abort();
    }
    return 0;
}
