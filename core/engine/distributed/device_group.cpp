#include "core/engine/distributed/device_group.h"

#include <ATen/ops/ones.h>

#include <utility>

#include "core/engine/distributed/agreement.h"

namespace lapidary::distributed {
namespace {

class DeviceGroup final : public ProcessGroup {
public:
    DeviceGroup(std::shared_ptr<ProcessGroup> onCpu, std::shared_ptr<ProcessGroup> onGpu)
        : m_onCpu(std::move(onCpu)), m_onGpu(std::move(onGpu)) {}

    [[nodiscard]] int rank() const override { return m_onCpu->rank(); }
    [[nodiscard]] int size() const override { return m_onCpu->size(); }
    [[nodiscard]] int localSize() const override { return m_onCpu->localSize(); }

    Result<void> allReduce(at::Tensor& tensor) override { return of(tensor).allReduce(tensor); }
    Result<void> broadcast(at::Tensor& tensor, int root) override { return of(tensor).broadcast(tensor, root); }
    Result<std::vector<at::Tensor>> allGather(const at::Tensor& tensor) override { return of(tensor).allGather(tensor); }
    Result<void> barrier() override { return m_onCpu->barrier(); }

private:
    [[nodiscard]] ProcessGroup& of(const at::Tensor& tensor) const { return tensor.is_cpu() ? *m_onCpu : *m_onGpu; }

    std::shared_ptr<ProcessGroup> m_onCpu;
    std::shared_ptr<ProcessGroup> m_onGpu;
};

Result<std::shared_ptr<ProcessGroup>> ncclGroup(const GroupSettings& settings, at::Device device,
                                                const ops::CudaPlugin& plugin) {
    cuda::PluginGroup request{};
    request.rank = settings.rank;
    request.size = settings.size;
    request.device = static_cast<std::int32_t>(static_cast<std::uint8_t>(device.index()));  // given, so not negative
    request.masterAddress = settings.masterAddress.c_str();
    request.masterPort = settings.masterPort;
    request.timeoutMs = settings.timeout.count();
    ASSIGN_OR_RETURN(void* const made, plugin.makeGroup(request));
    return std::shared_ptr<ProcessGroup>(static_cast<ProcessGroup*>(made));
}

}  // namespace

std::shared_ptr<ProcessGroup> joinGroups(std::shared_ptr<ProcessGroup> onCpu, std::shared_ptr<ProcessGroup> onGpu) {
    return std::make_shared<DeviceGroup>(std::move(onCpu), std::move(onGpu));
}

Result<std::shared_ptr<ProcessGroup>> withDevice(std::shared_ptr<ProcessGroup> group, const GroupSettings& settings,
                                                 at::Device device) {
    const auto plugin = ops::CudaPlugin::open();
    RETURN_IF_ERROR(agree(*group, plugin ? Result<void>() : Result<void>(plugin.error())));
    return withDevice(std::move(group), settings, device, *plugin);
}

// NCCL connects at the first operation: here, where whatever stands in its way (two ranks on one GPU) can be agreed on.
Result<std::shared_ptr<ProcessGroup>> withDevice(std::shared_ptr<ProcessGroup> group, const GroupSettings& settings,
                                                 at::Device device, const ops::CudaPlugin& plugin) {
    const auto onGpu = ncclGroup(settings, device, plugin);
    RETURN_IF_ERROR(agree(*group, onGpu ? Result<void>() : Result<void>(onGpu.error())));
    at::Tensor one = at::ones({1}, at::TensorOptions(at::kFloat).device(device));
    RETURN_IF_ERROR(agree(*group, (*onGpu)->allReduce(one)));
    return joinGroups(std::move(group), *onGpu);
}

}  // namespace lapidary::distributed
