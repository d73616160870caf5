#include "core/data/checkpoint/quantize_source.h"

#include <gtest/gtest.h>

#include "kernels/quantize.h"
#include "tests/core/data/checkpoint/checkpoint_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"

namespace lapidary::checkpoint {
namespace {

using kernels::BlockFormat;

TEST(QuantizeSource, MatricesAreQuantisedRowByRowTheRestStays) {
    config::Gemma3Config config = test::tinyVisionConfig();
    config.text.hiddenSize = 128;
    for (const auto& [name, format] : {std::pair("int8", BlockFormat::Int8Row), std::pair("int4", BlockFormat::Int4Group128),
                                       std::pair("q8_0", BlockFormat::Q8_0), std::pair("q4_0", BlockFormat::Q4_0)}) {
        ASSERT_EQ(*parseQuantization(name), format);
        for (const char* dtype : {"F32", "BF16"}) {
            const test::TempDir folder;
            test::BuildOptions options;
            options.dtype = dtype;
            test::buildCheckpoint(folder.path(), config, options);
            const Checkpoint checkpoint = opened(folder.path());
            const auto source = quantizeSource(checkpoint.tensors, checkpoint.config, checkpoint.untiedHead, format);
            ASSERT_TRUE(source) << source.error().toString();
            EXPECT_EQ((*source)->names(), checkpoint.tensors->names());
            for (const std::string& tensorName : (*source)->names()) {
                const StoredTensor before = *checkpoint.tensors->tensor(tensorName);
                const StoredTensor after = *(*source)->tensor(tensorName);
                const bool isMatrix = before.shape.size() == 2 && !tensorName.starts_with("multi_modal") &&
                                      tensorName.find("position_embedding") == std::string::npos;
                const bool fits = isMatrix && kernels::rowBytes(format, before.shape[1]).has_value();
                ASSERT_EQ(after.format, fits ? format : before.format) << tensorName << " " << name;
                ASSERT_EQ(after.shape, before.shape);
                if (!fits) {
                    EXPECT_EQ(after.bytes.data(), before.bytes.data()) << "copied needlessly";
                    continue;
                }
                const std::vector<float> values = valuesOf(before);
                const std::int64_t cols = before.shape[1];
                const std::int64_t rowBytes = *kernels::rowBytes(format, cols);
                std::vector<std::byte> expected(static_cast<std::size_t>(before.shape[0] * rowBytes));
                for (std::int64_t row = 0; row < before.shape[0]; ++row) {
                    kernels::quantizeRow(format, values.data() + row * cols, expected.data() + row * rowBytes, cols);
                }
                EXPECT_TRUE(std::equal(after.bytes.begin(), after.bytes.end(), expected.begin(), expected.end())) << tensorName;
            }
            EXPECT_FALSE((*source)->tensor("absent"));
            EXPECT_TRUE((*source)->contains("language_model.model.norm.weight"));
        }
    }
}

TEST(QuantizeSource, SaysWhichMatricesStayAsStored) {
    config::Gemma3Config config = test::tinyVisionConfig();
    config.text.hiddenSize = 128;
    EXPECT_TRUE(quantizeWarnings(config, false, BlockFormat::Int8Row).empty()) << "a row is its block";
    for (const BlockFormat format : {BlockFormat::Int4Group128, BlockFormat::Q8_0, BlockFormat::Q4_0}) {
        const auto warnings = quantizeWarnings(config, false, format);
        ASSERT_EQ(warnings.size(), 1U);
        expectSays(warnings.front(), {"--quantize " + quantizationName(format) + ": ", " of ", "stay as stored",
                                      format == BlockFormat::Int4Group128 ? "no multiple of 128" : "no multiple of 32"});
    }
    for (const char* name : {"int8", "int4", "q8_0", "q4_0"}) EXPECT_EQ(quantizationName(*parseQuantization(name)), name);
    EXPECT_EQ(quantizationName(BlockFormat::Q4_K), "");
}

TEST(QuantizeSource, RefusesQuantisedSourcesAndUnknownNames) {
    const test::TempDir folder;
    config::Gemma3Config config = test::tinyTextConfig();
    test::GgufModelOptions options;
    options.matrices = BlockFormat::Q8_0;
    test::writeTextGguf(folder.path() / "m.gguf", config, options);
    const Checkpoint checkpoint = opened(folder.path() / "m.gguf");
    const auto source = quantizeSource(checkpoint.tensors, checkpoint.config, false, BlockFormat::Int8Row);
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().code, ErrorCode::Usage);
    expectSays(source.error().message, {"float weights", "Q8_0"});
    const auto unknown = parseQuantization("q3_k");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::Usage);
    expectSays(unknown.error().message, {"int8, int4, q8_0 or q4_0", "q3_k"});
}

}  // namespace
}  // namespace lapidary::checkpoint
