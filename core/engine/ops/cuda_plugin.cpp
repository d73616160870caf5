#include "core/engine/ops/cuda_plugin.h"

#include <dlfcn.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/shared/base/system_memory.h"

namespace lapidary::ops {
namespace {

constexpr std::size_t kMessageBytes = 512;

Error unsupported(const std::string& message) { return Error{ErrorCode::Unsupported, message, "GPU"}; }

std::string loaderSaid() {
    const char* const text = dlerror();
    return text != nullptr ? text : "the loader gave no reason";
}

// libcuda.so.1 comes with the driver, never with the toolkit: without it, loading half a gigabyte of libraries is in vain.
Result<void> findDriver() {
    if (dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr) return {};  // kept: the plug-in needs it next
    return unsupported("no NVIDIA driver was found on this machine (libcuda.so.1 cannot be loaded)");
}

}  // namespace

std::filesystem::path CudaPlugin::modulePath() {
    std::error_code ignored;
    const std::filesystem::path executable = std::filesystem::read_symlink("/proc/self/exe", ignored);
    return executable.parent_path().parent_path() / "lib" / "lapidary" / "lapidary_cuda.so";
}

Result<CudaPlugin> CudaPlugin::open() {
    const std::filesystem::path module = modulePath();
    std::error_code ignored;
    if (!std::filesystem::exists(module, ignored)) return unsupported("the GPU plug-in is not part of this build");
    RETURN_IF_ERROR(findDriver());
    return openModule(module);
}

Result<CudaPlugin> CudaPlugin::openModule(const std::filesystem::path& module) {
    // All symbols now, so that a missing one is an error here and not later.
    void* const handle = dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) return unsupported("the GPU plug-in cannot be loaded: " + loaderSaid());
    void* const symbol = dlsym(handle, cuda::kPluginSymbol);
    if (symbol == nullptr) return unsupported("'" + module.string() + "' is not a plug-in of Lapidary: " + loaderSaid());
    cuda::Plugin plugin{};
    const std::int32_t abi = reinterpret_cast<cuda::PluginEntry>(symbol)(cuda::kPluginAbi, &plugin);
    if (abi != cuda::kPluginAbi) {
        return unsupported("the GPU plug-in is of another build: expected interface " + std::to_string(cuda::kPluginAbi) +
                           ", found " + std::to_string(abi));
    }
    return CudaPlugin(plugin);
}

std::string CudaPlugin::runtimeVersion() const {
    return std::to_string(m_plugin.runtimeVersion / 1000) + "." + std::to_string(m_plugin.runtimeVersion % 1000 / 10);
}

Result<std::vector<CudaDevice>> CudaPlugin::devices() const {
    char message[kMessageBytes] = {};
    std::int32_t count = 0;
    if (m_plugin.deviceCount(&count, message, sizeof message) != 0) return unsupported(message);
    std::vector<CudaDevice> found;
    for (std::int32_t i = 0; i < count; ++i) {
        cuda::PluginDevice device{};
        if (m_plugin.device(i, &device, message, sizeof message) != 0)
            return unsupported("cuda:" + std::to_string(i) + ": " + message);
        found.push_back({device.name, static_cast<std::int64_t>(device.totalBytes), static_cast<std::int64_t>(device.freeBytes),
                         device.computeMajor, device.computeMinor});
    }
    return found;
}

Result<void> CudaPlugin::makeReady(int index) const {
    char message[kMessageBytes] = {};
    if (m_plugin.makeReady(index, message, sizeof message) != 0)
        return unsupported("cuda:" + std::to_string(index) + ": " + message);
    return {};
}

std::int64_t CudaPlugin::peakBytes(int index) const {
    std::uint64_t bytes = 0;
    return m_plugin.peakBytes(index, &bytes, nullptr, 0) == 0 ? static_cast<std::int64_t>(bytes) : 0;
}

Result<void*> CudaPlugin::makeGroup(const cuda::PluginGroup& request) const {
    char message[kMessageBytes] = {};
    void* group = nullptr;
    if (m_plugin.makeGroup(&request, &group, message, sizeof message) != 0)
        return Error{ErrorCode::ChildDied, std::string("the ranks could not meet by NCCL: ") + message, "GPU"};
    return group;
}

Result<at::Device> resolveDevice(const std::string& wanted) {
    return resolveDevice(wanted, [] { return CudaPlugin::open(); });
}

Result<at::Device> resolveDevice(const std::string& wanted, const std::function<Result<CudaPlugin>()>& openPlugin) {
    if (wanted == "cpu") return at::Device(at::kCPU);
    const bool isAuto = wanted == "auto";
    int index = 0;
    if (wanted.starts_with("cuda:")) {
        const char* const end = wanted.data() + wanted.size();
        const auto [stopped, error] = std::from_chars(wanted.data() + 5, end, index);
        if (error != std::errc{} || stopped != end || index < 0 || index > 127) index = -1;  // c10 counts devices in 8 bits
    }
    if (index < 0 || !(isAuto || wanted == "cuda" || wanted.starts_with("cuda:"))) {
        return Error{ErrorCode::Usage, "expected auto, cpu, cuda or cuda:N, found '" + wanted + "'", "--device"};
    }
    const auto refuse = [&](const std::string& why) -> Result<at::Device> {
        if (isAuto) return at::Device(at::kCPU);
        return Error{ErrorCode::Unsupported,
                     "the device '" + wanted + "' cannot be used: " + why + ". --device cpu works everywhere", "--device"};
    };
    const auto plugin = openPlugin();
    if (!plugin) return refuse(plugin.error().message);
    const auto devices = plugin->devices();
    if (!devices) return refuse(devices.error().message);
    if (index >= static_cast<int>(devices->size()))
        return refuse("there are " + std::to_string(devices->size()) + " CUDA devices");
    if (const auto ready = plugin->makeReady(index); !ready) return refuse(ready.error().message);
    return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

std::int64_t availableBytes(at::Device device) {
    if (device.is_cpu()) return availableMemoryBytes();
    const auto plugin = CudaPlugin::open();
    if (!plugin) return 0;
    const auto devices = plugin->devices();
    const auto index = static_cast<std::size_t>(std::max<int>(device.index(), 0));
    return devices && index < devices->size() ? (*devices)[index].freeBytes : 0;
}

std::vector<std::string> deviceNames() {
    std::vector<std::string> names{"cpu"};
    const auto plugin = CudaPlugin::open();
    if (!plugin) return names;
    const auto devices = plugin->devices();
    for (std::size_t i = 0; devices && i < devices->size(); ++i) names.push_back("cuda:" + std::to_string(i));
    return names;
}

std::string cudaSentence() {
    const auto plugin = CudaPlugin::open();
    if (!plugin) return plugin.error().message + "; everything runs on the CPU";
    const auto devices = plugin->devices();
    if (!devices)
        return "plug-in for CUDA " + plugin->runtimeVersion() + ", but " + devices.error().message +
               "; everything runs on the CPU";
    if (devices->empty())
        return "plug-in for CUDA " + plugin->runtimeVersion() + ", no device found; everything runs on the CPU";
    std::string sentence = "plug-in for CUDA " + plugin->runtimeVersion();
    for (std::size_t i = 0; i < devices->size(); ++i) {
        const CudaDevice& device = (*devices)[i];
        sentence += (i == 0 ? ": cuda:" : ", cuda:") + std::to_string(i) + " " + device.name + " (" +
                    std::to_string(device.totalBytes >> 30) + " GiB)";
    }
    return sentence;
}

}  // namespace lapidary::ops
