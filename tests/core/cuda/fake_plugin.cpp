// A plug-in with two devices, of which the second cannot be made ready.
#include <cstdio>

#include "core/cuda/plugin_interface.h"

namespace {

using namespace lapidary::cuda;

std::int32_t deviceCount(std::int32_t* count, char*, std::size_t) {
    *count = 2;
    return 0;
}

std::int32_t device(std::int32_t index, PluginDevice* out, char*, std::size_t) {
    *out = {};
    std::snprintf(out->name, sizeof out->name, "Stand-in %d", index);
    out->totalBytes = (std::uint64_t{80} << 30) + static_cast<std::uint64_t>(index);
    out->freeBytes = std::uint64_t{70} << 30;
    out->computeMajor = 9;
    return 0;
}

std::int32_t makeReady(std::int32_t index, char* message, std::size_t size) {
    if (index == 0) return 0;
    std::snprintf(message, size, "the fan is missing");
    return 1;
}

std::int32_t peakBytes(std::int32_t index, std::uint64_t* bytes, char*, std::size_t) {
    *bytes = std::uint64_t{3} << 30;
    return index;  // of the second it cannot be said
}

}  // namespace

extern "C" std::int32_t lapidary_cuda_plugin(std::int32_t abi, Plugin* plugin) {
    if (abi == kPluginAbi) *plugin = {13020, deviceCount, device, makeReady, peakBytes, nullptr};
    return kPluginAbi;
}
