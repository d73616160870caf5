// Which device a rank of a launched run computes on, and which group carries what; with the stand-in of two devices.
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "core/engine/distributed/device_group.h"
#include "core/engine/distributed/group_environment.h"
#include "core/engine/distributed/local_group.h"

namespace lapidary::distributed {
namespace {

Result<ops::CudaPlugin> openFake() { return ops::CudaPlugin::openModule(FAKE_PLUGIN); }
Result<ops::CudaPlugin> openNothing() { return Error{ErrorCode::Unsupported, "no plug-in today", ""}; }

GroupSettings rank(int localRank, int localSize) {
    GroupSettings settings;
    settings.rank = settings.localRank = localRank;
    settings.size = settings.localSize = localSize;
    return settings;
}

std::string deviceText(const char* wanted, const GroupSettings& settings, Result<ops::CudaPlugin> (*open)()) {
    const auto device = deviceOfRank(wanted, settings, open);
    return device ? device->str() : device.error().message;
}

TEST(DeviceOfRank, ARankAloneIsAsEverywhere) {
    EXPECT_EQ(deviceText("auto", rank(0, 1), openFake), "cuda:0");
    EXPECT_EQ(deviceText("cuda:0", rank(0, 1), openFake), "cuda:0");
    EXPECT_EQ(deviceText("auto", rank(0, 1), openNothing), "cpu");
}

TEST(DeviceOfRank, EachOfSeveralHasTheGpuOfItsLocalRank) {
    for (const char* wanted : {"auto", "cuda"}) {
        EXPECT_EQ(deviceText(wanted, rank(0, 2), openFake), "cuda:0");
        // The stand-in's second device cannot be made ready: nobody falls back to another one alone.
        EXPECT_NE(deviceText(wanted, rank(1, 2), openFake).find("cuda:1: the fan is missing"), std::string::npos);
    }
    EXPECT_EQ(deviceText("cpu", rank(1, 2), openFake), "cpu");
}

TEST(DeviceOfRank, TooFewGpusAreTheSameAnswerOnEveryRank) {
    for (int local = 0; local < 3; ++local) {
        EXPECT_EQ(deviceText("auto", rank(local, 3), openFake), "cpu");
        EXPECT_EQ(deviceText("cuda", rank(local, 3), openFake),
                  "3 ranks of this machine want a GPU each, and it has 2. --device cpu works everywhere");
        EXPECT_EQ(deviceText("auto", rank(local, 3), openNothing), "cpu");
        EXPECT_EQ(deviceOfRank("cuda:1", rank(local, 3), openFake).error().code, ErrorCode::Usage);
    }
    EXPECT_NE(deviceText("cuda", rank(0, 2), openNothing).find("no plug-in today"), std::string::npos);
}

// Counts what reaches it.
class Counting final : public ProcessGroup {
public:
    [[nodiscard]] int rank() const override { return 1; }
    [[nodiscard]] int size() const override { return 2; }
    Result<void> allReduce(at::Tensor&) override { return count(); }
    Result<void> broadcast(at::Tensor&, int) override { return count(); }
    Result<std::vector<at::Tensor>> allGather(const at::Tensor& tensor) override {
        ++calls;
        return std::vector<at::Tensor>{tensor};
    }
    Result<void> barrier() override { return count(); }

    int calls = 0;

private:
    Result<void> count() {
        ++calls;
        return {};
    }
};

TEST(JoinedGroups, ATensorGoesWhereItLies) {
    const auto onCpu = std::make_shared<Counting>();
    const auto elsewhere = std::make_shared<Counting>();
    const auto group = joinGroups(onCpu, elsewhere);
    EXPECT_EQ(group->rank(), 1);
    EXPECT_EQ(group->size(), 2);
    at::Tensor here = at::empty({1}, at::TensorOptions(at::kFloat));
    at::Tensor there = at::empty({1}, at::TensorOptions(at::kFloat).device(at::kMeta));
    for (at::Tensor* tensor : {&here, &there, &there}) {
        EXPECT_TRUE(group->allReduce(*tensor));
        EXPECT_TRUE(group->broadcast(*tensor, 0));
        EXPECT_TRUE(group->allGather(*tensor));
    }
    EXPECT_TRUE(group->barrier());
    EXPECT_EQ(onCpu->calls, 4);
    EXPECT_EQ(elsewhere->calls, 6);
}

}  // namespace
}  // namespace lapidary::distributed
