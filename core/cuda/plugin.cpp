// The plug-in's one symbol.  Being loaded already registers ATen's CUDA operators, as it is linked to libtorch_cuda.
#include <ATen/Context.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>

#include <cstdio>
#include <exception>
#include <string>

#include "core/cuda/nccl_group.h"
#include "core/cuda/plugin_interface.h"

namespace {

using lapidary::cuda::Plugin;
using lapidary::cuda::PluginDevice;

std::int32_t say(const char* what, char* message, std::size_t size) {
    if (message != nullptr && size > 0) std::snprintf(message, size, "%s", what);
    return 1;
}

std::int32_t say(cudaError_t error, char* message, std::size_t size) {
    (void)cudaGetLastError();  // not for the next one who asks
    return say(cudaGetErrorString(error), message, size);
}

std::int32_t deviceCount(std::int32_t* count, char* message, std::size_t size) {
    int found = 0;
    const cudaError_t error = cudaGetDeviceCount(&found);
    *count = error == cudaSuccess ? found : 0;
    if (error == cudaSuccess || error == cudaErrorNoDevice) return 0;
    return say(error, message, size);
}

std::int32_t device(std::int32_t index, PluginDevice* out, char* message, std::size_t size) {
    cudaDeviceProp properties{};
    if (const cudaError_t error = cudaGetDeviceProperties(&properties, index); error != cudaSuccess)
        return say(error, message, size);
    int before = 0;
    std::size_t freeBytes = 0;
    std::size_t totalBytes = 0;
    cudaError_t error = cudaGetDevice(&before);
    if (error == cudaSuccess) error = cudaSetDevice(index);
    if (error == cudaSuccess) error = cudaMemGetInfo(&freeBytes, &totalBytes);
    (void)cudaSetDevice(before);
    if (error != cudaSuccess) return say(error, message, size);
    *out = {};
    std::snprintf(out->name, sizeof out->name, "%s", properties.name);
    out->totalBytes = totalBytes;
    out->freeBytes = freeBytes;
    out->computeMajor = properties.major;
    out->computeMinor = properties.minor;
    return 0;
}

std::int32_t makeReady(std::int32_t index, char* message, std::size_t size) {
    try {
        at::globalContext().lazyInitDevice(at::kCUDA);
        c10::cuda::set_device(static_cast<c10::DeviceIndex>(index));
        return 0;
    } catch (const std::exception& error) {
        const std::string text = error.what();
        return say(text.substr(0, text.find('\n')).c_str(), message, size);  // the first line; the rest is a C++ backtrace
    }
}

std::int32_t peakBytes(std::int32_t index, std::uint64_t* bytes, char* message, std::size_t size) {
    try {
        const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(static_cast<c10::DeviceIndex>(index));
        *bytes = static_cast<std::uint64_t>(
            stats.reserved_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak);
        return 0;
    } catch (const std::exception& error) {
        const std::string text = error.what();
        return say(text.substr(0, text.find('\n')).c_str(), message, size);
    }
}

std::int32_t makeGroup(const lapidary::cuda::PluginGroup* request, void** group, char* message, std::size_t size) {
    try {
        *group = lapidary::cuda::makeNcclGroup(*request);
        return 0;
    } catch (const std::exception& error) {
        const std::string text = error.what();
        return say(text.substr(0, text.find('\n')).c_str(), message, size);
    }
}

}  // namespace

extern "C" __attribute__((visibility("default"))) std::int32_t lapidary_cuda_plugin(std::int32_t abi, Plugin* plugin) {
    if (abi == lapidary::cuda::kPluginAbi) *plugin = {CUDART_VERSION, deviceCount, device, makeReady, peakBytes, makeGroup};
    return lapidary::cuda::kPluginAbi;
}
