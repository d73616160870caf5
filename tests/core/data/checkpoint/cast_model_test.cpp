#include "core/data/checkpoint/cast_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "core/shared/plan/parameter_table.h"
#include "tests/core/data/checkpoint/checkpoint_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::checkpoint {
namespace {

namespace fs = std::filesystem;

class CastModel : public ::testing::Test {
protected:
    [[nodiscard]] fs::path base(const test::BuildOptions& options = {}) const {
        test::buildCheckpoint(m_folder.path() / "base", test::tinyVisionConfig(), options);
        (void)m_folder.write("base/tokenizer.model", "the vocabulary");
        return m_folder.path() / "base";
    }
    [[nodiscard]] fs::path output() const { return m_folder.path() / "made"; }
    [[nodiscard]] Result<CastReport> cast(const fs::path& model, const std::string& dtype, const fs::path& to) const {
        return castModel({model, dtype, to, {}});
    }
    [[nodiscard]] Error refusal(const fs::path& model, const std::string& dtype) const {
        const auto report = cast(model, dtype, output());
        EXPECT_FALSE(report);
        EXPECT_FALSE(fs::exists(output().string() + ".partial"));
        return report ? Error{} : report.error();
    }

    test::TempDir m_folder;
};

TEST_F(CastModel, EveryNumberIsRoundedOnceAndTheConfigSaysSo) {
    for (const auto& [dtype, stored, largest] :
         {std::tuple("bfloat16", "BF16", 0x1p-8), std::tuple("float16", "F16", 0x1p-11), std::tuple("float32", "F32", 0.0)}) {
        fs::remove_all(output());
        const auto report = cast(base(), dtype, output());
        ASSERT_TRUE(report) << report.error().toString();
        const Checkpoint made = opened(output());
        EXPECT_EQ(made.config.dtype, dtype);
        EXPECT_TRUE(fs::exists(output() / "tokenizer.model"));
        EXPECT_FALSE(fs::exists(output() / "lapidary-unfinished"));
        std::int64_t tensors = 0;
        for (const plan::Parameter& parameter : plan::parameterTable(test::tinyVisionConfig())) {
            const std::vector<float> values = test::seededValues(parameter, 1);
            const std::string expected = test::encodeValues(stored, values.data(), values.size());
            const StoredTensor tensor = *made.tensors->tensor(parameter.name);
            const auto* const bytes = reinterpret_cast<const char*>(tensor.bytes.data());
            EXPECT_EQ(std::string(bytes, tensor.bytes.size()), expected) << parameter.name;
            ++tensors;
        }
        EXPECT_EQ(report->tensors, tensors);
        EXPECT_EQ(report->castTensors, std::string(stored) == "F32" ? 0 : tensors);
        EXPECT_LE(report->largestChange, largest);
        EXPECT_GE(report->largestChange, 0.9 * largest);
    }
}

TEST_F(CastModel, ShorterNumbersBecomeLongerOnesExactly) {
    test::BuildOptions options;
    options.dtype = "BF16";
    options.shards = 2;
    const fs::path model = base(options);
    const auto report = cast(model, "float32", output());
    ASSERT_TRUE(report) << report.error().toString();
    EXPECT_EQ(report->largestChange, 0.0);
    const auto back = cast(output(), "bfloat16", m_folder.path() / "back");
    ASSERT_TRUE(back) << back.error().toString();
    const Checkpoint first = opened(model), last = opened(m_folder.path() / "back");
    for (const std::string& name : first.tensors->names()) {
        const StoredTensor a = *first.tensors->tensor(name), b = *last.tensors->tensor(name);
        EXPECT_TRUE(std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end())) << name;
    }
}

TEST_F(CastModel, WhatCannotBeCastLeavesNothing) {
    EXPECT_EQ(refusal(base(), "int8").code, ErrorCode::Usage);
    EXPECT_EQ(refusal(m_folder.path() / "none", "bfloat16").code, ErrorCode::NotFound);
    test::BuildOptions options;
    options.edit = [](auto& tensors) { tensors.begin()->second.second[3] = 70000.0F; };
    const Error tooLarge = refusal(base(options), "float16");
    EXPECT_EQ(tooLarge.code, ErrorCode::InvalidData);
    EXPECT_NE(tooLarge.message.find("70000"), std::string::npos) << tooLarge.message;
    EXPECT_FALSE(fs::exists(output()));
    fs::create_directories(output());
    EXPECT_EQ(cast(base(), "bfloat16", output()).error().code, ErrorCode::Usage) << "nothing is overwritten";
    EXPECT_EQ(cast(base(), "bfloat16", base() / "inside").error().code, ErrorCode::Usage);
}

TEST_F(CastModel, StopsWhenAsked) {
    std::stop_source stop;
    CastRequest request{base(), "bfloat16", output(), {}};
    request.onProgress = [&](const std::string&, double fraction) {
        if (fraction > 0.5) stop.request_stop();
    };
    EXPECT_EQ(castModel(request, stop.get_token()).error().code, ErrorCode::Cancelled);
    EXPECT_FALSE(fs::exists(output()));
    EXPECT_FALSE(fs::exists(output().string() + ".partial"));
}

}  // namespace
}  // namespace lapidary::checkpoint
