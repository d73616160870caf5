// Opens the GPU plug-in (core/cuda).  Must be done before anything asks LibTorch about devices: it would remember that there
// is no CUDA.  Where the plug-in, the driver or a device is missing, an error says which; the program then works on the CPU.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/cuda/plugin_interface.h"
#include "core/shared/base/result.h"

namespace lapidary::ops {

struct CudaDevice {
    std::string name;
    std::int64_t totalBytes = 0;
    std::int64_t freeBytes = 0;
    int computeMajor = 0;
    int computeMinor = 0;
};

// Never unloaded: ATen keeps pointers into it.  Cheap to copy; opening it again gives the same module.
class CudaPlugin {
public:
    // Where the plug-in belongs: ../lib/lapidary/lapidary_cuda.so from the executable.
    static std::filesystem::path modulePath();

    // Errors: Unsupported, with a sentence for a person (not part of this build; no NVIDIA driver; what the loader said;
    // of another build).
    static Result<CudaPlugin> open();
    // The same without the question for a driver.
    static Result<CudaPlugin> openModule(const std::filesystem::path& module);

    // "13.0"
    [[nodiscard]] std::string runtimeVersion() const;
    // An empty list where a driver finds no device.  Errors: Unsupported with the CUDA runtime's sentence.
    [[nodiscard]] Result<std::vector<CudaDevice>> devices() const;
    // Tensors may live on the device afterwards.  Errors: Unsupported with LibTorch's sentence.
    [[nodiscard]] Result<void> makeReady(int index) const;
    // What tensors have taken of a device that is ready, at most since the process began; 0 where that cannot be said.
    [[nodiscard]] std::int64_t peakBytes(int index) const;
    // A lapidary::distributed::ProcessGroup by NCCL, which the caller owns; what it is has no meaning here.  Errors: ChildDied with c10d's
    // sentence.
    [[nodiscard]] Result<void*> makeGroup(const cuda::PluginGroup& request) const;

private:
    explicit CudaPlugin(const cuda::Plugin& plugin) : m_plugin(plugin) {}

    cuda::Plugin m_plugin;
};

// The device that `--device` means, made ready.  "auto": cuda:0 where the plug-in finds one, else the CPU; "cpu"; "cuda" is cuda:0;
// "cuda:N".  Errors: Usage for anything else, Unsupported where a GPU was asked for and cannot be used.
Result<at::Device> resolveDevice(const std::string& wanted);
// The same with a plug-in (or the reason why there is none) in hand.
Result<at::Device> resolveDevice(const std::string& wanted, const std::function<Result<CudaPlugin>()>& openPlugin);

// What programs can still have of that device's memory now, on the CPU of the machine's; 0: unknown.
std::int64_t availableBytes(at::Device device);

// "cpu", and "cuda:0" … for every device that the plug-in finds.
std::vector<std::string> deviceNames();

// One sentence for `--version`: which devices there are, or why none is used.
std::string cudaSentence();

}  // namespace lapidary::ops
