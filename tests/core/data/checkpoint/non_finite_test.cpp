#include "core/data/checkpoint/non_finite.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "core/data/checkpoint/tensor_list.h"
#include "tests/core/data/checkpoint/checkpoint_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::checkpoint {
namespace {

using kernels::BlockFormat;

TEST(Fault10, NonFiniteWeightsLoadAndAreListed) {
    for (const char* dtype : {"F32", "BF16", "F16"}) {
        const test::TempDir folder;
        test::BuildOptions options;
        options.dtype = dtype;
        options.edit = [](auto& tensors) {
            tensors.at("model.layers.1.mlp.up_proj.weight").second[1000] = std::numeric_limits<float>::quiet_NaN();
            tensors.at("model.layers.1.mlp.up_proj.weight").second.back() = -std::numeric_limits<float>::infinity();
            tensors.at("model.norm.weight").second.front() = std::numeric_limits<float>::infinity();
        };
        test::buildCheckpoint(folder.path(), test::tinyTextConfig(), options);
        const Checkpoint checkpoint = opened(folder.path());
        const auto found = findNonFinite(*checkpoint.tensors);
        ASSERT_TRUE(found);
        ASSERT_EQ(found->size(), 2U) << dtype;
        const bool inOrder = found->front().name == "model.layers.1.mlp.up_proj.weight";
        const NonFiniteTensor& up = (*found)[inOrder ? 0 : 1];
        const NonFiniteTensor& norm = (*found)[inOrder ? 1 : 0];
        EXPECT_EQ(up.name, "model.layers.1.mlp.up_proj.weight");
        EXPECT_EQ(up.nan, 1);
        EXPECT_EQ(up.infinite, 1);
        EXPECT_EQ(norm.name, "model.norm.weight");
        EXPECT_EQ(norm.nan, 0);
        EXPECT_EQ(norm.infinite, 1);
        std::stop_source stop;
        stop.request_stop();
        const auto stopped = findNonFinite(*checkpoint.tensors, stop.get_token());
        ASSERT_FALSE(stopped);
        EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
    }
}

// Quantised blocks: a scale that is NaN or infinite spoils the whole block.  The definition is the dequantiser itself.
TEST(Fault10, ScalesOfQuantisedBlocks) {
    for (int i = static_cast<int>(BlockFormat::Q4_0); i <= static_cast<int>(BlockFormat::Q6_K); ++i) {
        const auto format = static_cast<BlockFormat>(i);
        const auto blockBytes = static_cast<std::size_t>(kernels::blockBytes(format));
        const int cols = kernels::blockElements(format);
        int positions = 0;
        for (std::size_t at = 0; at + 2 <= blockBytes; at += 2) {
            std::vector<std::byte> bytes(3 * blockBytes, std::byte{0x11});
            const std::uint16_t nan = 0x7E00;
            std::memcpy(bytes.data() + blockBytes + at, &nan, sizeof nan);
            std::vector<float> values(static_cast<std::size_t>(3 * cols));
            kernels::dequantizeRow(format, bytes.data(), values.data(), 3 * cols);
            const bool spoilt = std::any_of(values.begin(), values.end(), [](float value) { return value != value; });
            TensorList list;
            list.add({"t", format, {1, 3 * cols}, bytes, nullptr});
            const auto found = findNonFinite(list);
            ASSERT_TRUE(found);
            ASSERT_EQ(!found->empty(), spoilt) << kernels::formatName(format) << " byte " << at;
            if (spoilt) {
                EXPECT_EQ(found->front().nan, 1);
            }
            positions += spoilt ? 1 : 0;
        }
        EXPECT_GE(positions, 1) << kernels::formatName(format);
    }
}

}  // namespace
}  // namespace lapidary::checkpoint
