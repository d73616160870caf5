// Ranks on GPUs.  One GPU is enough: a group of one rank computes, and two ranks on one GPU are refused by NCCL in a sentence, without a
// hang or an abort.  The test's own process never touches CUDA, which does not survive a fork.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

#include "core/engine/distributed/device_group.h"
#include "core/engine/distributed/local_group.h"
#include "tests/core/cuda/gpu_main.h"
#include "tests/support/run_ranks.h"

namespace lapidary::test {
namespace {

using namespace std::chrono_literals;

ops::CudaPlugin readyPlugin() {
    if (const std::string reason = whyNoGpu(); !reason.empty()) throw std::runtime_error(reason);
    return *ops::CudaPlugin::openModule(CUDA_MODULE);
}

// In a process of its own.
std::string whyNotRun() {
    const auto ends = runRanks(1, [](distributed::ProcessGroup&) {
        readyPlugin();
        return std::string();
    });
    return ends.front().code == 0 ? "" : ends.front().text;
}

std::uint16_t freePort() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (fd >= 0) ::close(fd);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

at::Tensor onGpu(double first) {
    return at::arange(first, first + 3.0, at::TensorOptions(at::kFloat).device(at::Device(at::kCUDA, 0)));
}

double sumOf(const at::Tensor& tensor) { return tensor.sum().item<double>(); }

std::string everyOperationAlone() {
    const ops::CudaPlugin plugin = readyPlugin();
    distributed::GroupSettings settings;
    settings.timeout = 30s;
    const auto group =
        distributed::withDevice(std::make_shared<distributed::LocalGroup>(), settings, at::Device(at::kCUDA, 0), plugin);
    if (!group) return group.error().toString();
    at::Tensor values = onGpu(1.0);
    if (!(*group)->allReduce(values) || sumOf(values) != 6.0) return "allReduce of one rank is no identity";
    at::Tensor turned = at::full({2, 3}, 2.0, values.options()).t();  // not contiguous
    if (!(*group)->allReduce(turned) || sumOf(turned) != 12.0) return "allReduce of a transposed tensor";
    if (!(*group)->broadcast(values, 0) || sumOf(values) != 6.0) return "broadcast of one rank is no identity";
    const auto all = (*group)->allGather(values);
    if (!all || all->size() != 1 || !all->front().is_cuda() || sumOf(all->front()) != 6.0) return "allGather";
    at::Tensor onCpu = at::full({2}, 5.0, at::TensorOptions(at::kDouble));
    if (!(*group)->allReduce(onCpu) || sumOf(onCpu) != 10.0) return "a tensor on the CPU";
    if (!(*group)->barrier()) return "barrier";
    return "right";
}

TEST(Nccl, AGroupOfOneRankComputes) {
    const auto ends = runRanks(1, [](distributed::ProcessGroup&) { return everyOperationAlone(); });
    EXPECT_EQ(ends.front().code, 0);
    EXPECT_EQ(ends.front().text, "right");
}

TEST(Nccl, TwoRanksOnOneGpuAreRefusedInASentence) {
    const std::uint16_t port = freePort();
    const auto begin = std::chrono::steady_clock::now();
    const auto ends = runRanks(
        2,
        [port](distributed::ProcessGroup& files) {
            const ops::CudaPlugin plugin = readyPlugin();
            distributed::GroupSettings settings;
            settings.rank = files.rank();
            settings.size = 2;
            settings.localSize = 2;
            settings.masterPort = port;
            settings.timeout = 30s;
            auto gloo = distributed::openGlooGroup(settings);
            if (!gloo) return gloo.error().toString();
            const auto group = distributed::withDevice(*gloo, settings, at::Device(at::kCUDA, 0), plugin);
            return group ? std::string("made") : group.error().toString();
        },
        60s, 120s);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 60s);
    for (const RankEnd& end : ends) {
        EXPECT_EQ(end.code, 0) << end.text;
        EXPECT_NE(end.text.find("Duplicate GPU detected"), std::string::npos) << end.text;
        EXPECT_EQ(end.text.find('\n'), std::string::npos) << end.text;
    }
}

}  // namespace
}  // namespace lapidary::test

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    return lapidary::test::runTestsUnless(lapidary::test::whyNotRun());
}
