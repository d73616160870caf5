// What the GPU plug-in and the program say to each other: plain C types, so that neither needs the other's libraries to
// compile.  Included by both sides; the plug-in links no library of ours (two copies would be two registries).
#pragma once

#include <cstddef>
#include <cstdint>

namespace lapidary::cuda {

// Raised with any change below: a plug-in of another build is refused, never guessed at.
inline constexpr std::int32_t kPluginAbi = 3;
inline constexpr const char* kPluginSymbol = "lapidary_cuda_plugin";

struct PluginDevice {
    char name[256];
    std::uint64_t totalBytes;
    std::uint64_t freeBytes;
    std::int32_t computeMajor;  // compute capability, 9.0 for an H100
    std::int32_t computeMinor;
};

// A rank of a group whose tensors live on GPUs.
struct PluginGroup {
    std::int32_t rank;
    std::int32_t size;
    std::int32_t device;         // of this rank
    const char* masterAddress;   // where rank 0 serves the store
    std::uint16_t masterPort;
    std::int64_t timeoutMs;      // of one operation
};

// Every function gives 0, or anything else with a sentence (cut to `size`, always ended) in `message`.  No function throws.
struct Plugin {
    std::int32_t runtimeVersion;  // 13000 for CUDA 13.0
    std::int32_t (*deviceCount)(std::int32_t* count, char* message, std::size_t size);
    std::int32_t (*device)(std::int32_t index, PluginDevice* device, char* message, std::size_t size);
    // Starts ATen's CUDA side and selects the device: afterwards tensors may live on it.
    std::int32_t (*makeReady)(std::int32_t index, char* message, std::size_t size);
    // Bytes that tensors have taken of the device at most since the process began, by ATen's allocator.
    std::int32_t (*peakBytes)(std::int32_t index, std::uint64_t* bytes, char* message, std::size_t size);
    // NCCL: `*group` becomes a lapidary::distributed::ProcessGroup, which the caller deletes.
    std::int32_t (*makeGroup)(const PluginGroup* request, void** group, char* message, std::size_t size);
};

// The plug-in's only symbol.  Gives its own kPluginAbi, and fills `*plugin` only if that is `abi`, the program's.
using PluginEntry = std::int32_t (*)(std::int32_t abi, Plugin* plugin);

}  // namespace lapidary::cuda
