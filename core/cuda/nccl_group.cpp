// NOTE: a group of one rank and the errors of ranks that share a GPU have run (tests/core/cuda/nccl_test.cpp); sums between two GPUs have
// not, for want of a machine with two.
#include "core/cuda/nccl_group.h"

#define USE_C10D_NCCL 1
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

namespace lapidary::cuda {
namespace {

// "NCCL error in: /pytorch/…:94, invalid usage …\nncclInvalidUsage: …\nLast error:\nDuplicate GPU detected : …": NCCL's own sentence where
// it has one, else the first line.
std::string plainReason(const std::string& text) {
    constexpr std::string_view kOwn = "Last error:\n";
    const std::size_t at = text.find(kOwn);
    const std::string reason = at == std::string::npos ? text : text.substr(at + kOwn.size());
    const std::string line = reason.substr(0, reason.find('\n'));
    return line.empty() ? text.substr(0, text.find('\n')) : line;
}

// After a failure every later call gives the same error.
class NcclGroup final : public distributed::ProcessGroup {
public:
    NcclGroup(const PluginGroup& request, c10::intrusive_ptr<c10d::ProcessGroupNCCL> backend)
        : m_rank(request.rank),
          m_size(request.size),
          m_device(at::kCUDA, static_cast<c10::DeviceIndex>(request.device)),
          m_backend(std::move(backend)) {}
    // A group that failed may have operations under way that never end: it is not waited for.
    ~NcclGroup() override {
        try {
            if (m_failure)
                m_backend->abort();
            else
                m_backend->shutdown();
        } catch (const std::exception&) {  // it goes away in any case
        }
    }
    NcclGroup(const NcclGroup&) = delete;
    NcclGroup& operator=(const NcclGroup&) = delete;

    [[nodiscard]] int rank() const override { return m_rank; }
    [[nodiscard]] int size() const override { return m_size; }

    Result<void> allReduce(at::Tensor& tensor) override {
        at::Tensor flat = tensor.contiguous();
        RETURN_IF_ERROR(run("allReduce", [&] {
            std::vector<at::Tensor> tensors{flat};
            return m_backend->allreduce(tensors);
        }));
        if (!flat.is_same(tensor)) tensor.copy_(flat);
        return {};
    }

    Result<void> broadcast(at::Tensor& tensor, int root) override {
        at::Tensor flat = tensor.contiguous();
        RETURN_IF_ERROR(run("broadcast", [&] {
            std::vector<at::Tensor> tensors{flat};
            c10d::BroadcastOptions options;
            options.rootRank = root;
            return m_backend->broadcast(tensors, options);
        }));
        if (!flat.is_same(tensor)) tensor.copy_(flat);
        return {};
    }

    Result<std::vector<at::Tensor>> allGather(const at::Tensor& tensor) override {
        std::vector<at::Tensor> found;
        found.reserve(static_cast<std::size_t>(m_size));
        for (int i = 0; i < m_size; ++i) found.push_back(at::empty(tensor.sizes(), tensor.options()));
        RETURN_IF_ERROR(run("allGather", [&] {
            std::vector<std::vector<at::Tensor>> outputs{found};
            std::vector<at::Tensor> inputs{tensor.contiguous()};
            return m_backend->allgather(outputs, inputs);
        }));
        return found;
    }

    Result<void> barrier() override {
        at::Tensor one = at::ones({1}, at::TensorOptions(at::kFloat).device(m_device));
        return allReduce(one);
    }

private:
    template <class Start>
    Result<void> run(const char* operation, const Start& start) {
        if (m_failure) return *m_failure;
        try {
            start()->wait();
            return {};
        } catch (const std::exception& problem) {
            m_failure = Error{ErrorCode::ChildDied,
                              "NCCL failed in " + std::string(operation) + " of rank " + std::to_string(m_rank) + ": " +
                                  plainReason(problem.what()),
                              ""};
            return *m_failure;
        }
    }

    int m_rank;
    int m_size;
    at::Device m_device;
    c10::intrusive_ptr<c10d::ProcessGroupNCCL> m_backend;
    std::optional<Error> m_failure;
};

}  // namespace

distributed::ProcessGroup* makeNcclGroup(const PluginGroup& request) {
    // wait() throws after the timeout; else NCCL's watchdog would abort the process without a word.
    ::setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 0);
    ::setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 0);
    const std::chrono::milliseconds timeout(request.timeoutMs);
    c10d::TCPStoreOptions options;
    options.port = request.masterPort;
    options.isServer = request.size == 1;  // no Gloo group serves one rank
    options.waitWorkers = false;
    options.timeout = timeout;
    auto store = c10::make_intrusive<c10d::PrefixStore>("lapidary/nccl",
                                                        c10::make_intrusive<c10d::TCPStore>(request.masterAddress, options));
    auto settings = c10d::ProcessGroupNCCL::Options::create();
    settings->timeout = timeout;
    auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, request.rank, request.size, settings);
    return new NcclGroup(request, std::move(backend));
}

}  // namespace lapidary::cuda
