// What a forecast says of weights is what a load makes of them.
#include "core/engine/session/forecast.h"

#include <gtest/gtest.h>

#include "core/data/checkpoint/quantize_source.h"
#include "core/engine/session/model.h"
#include "core/shared/plan/parameter_table.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::session {
namespace {

std::int64_t weightsOf(const plan::MemoryForecast& forecast) {
    return forecast.bytesOf("language weights") + forecast.bytesOf("vision weights") + forecast.bytesOf("projection weights");
}

// The tower is quantised too; in blocks of 32 the tiny model's rows (48, 80, 24, 40) find no room and stay float32.
TEST(Forecast, WeightsAreThoseThatALoadMakes) {
    const test::TempDir folder;
    test::buildTinyVisionModel(folder.path());
    for (const std::string quantize : {"", "int8", "q4_0"}) {
        ModelRequest request;
        request.model = folder.path().string();
        request.quantize = quantize;
        request.threads = 1;
        const auto model = Model::load(request);
        ASSERT_TRUE(model) << model.error().toString();
        const checkpoint::Checkpoint& opened = (*model)->opened().checkpoint;
        std::shared_ptr<checkpoint::TensorSource> source = opened.tensors;
        if (!quantize.empty()) {
            source =
                *checkpoint::quantizeSource(source, opened.config, opened.untiedHead, *checkpoint::parseQuantization(quantize));
        }
        std::int64_t made = 0;
        for (const std::string& name : source->names()) made += static_cast<std::int64_t>(source->tensor(name)->bytes.size());
        const auto forecast = forecastOf(opened, 64, (*model)->network().options());
        ASSERT_TRUE(forecast) << forecast.error().toString();
        EXPECT_EQ(weightsOf(*forecast), made) << quantize;
        EXPECT_EQ((*model)->weightBytes(), made) << quantize;
        EXPECT_EQ((*model)->quantizeName(), quantize);
    }
}

// A GPU holds plain numbers of the precision whatever the file holds; bfloat16 rounds floats on the CPU, too, but no blocks.
TEST(Forecast, WeightsAreThoseOfTheDevice) {
    const test::TempDir folder;
    test::buildTinyVisionModel(folder.path());
    const auto opened = openWithProcessor(folder.path());
    ASSERT_TRUE(opened) << opened.error().toString();
    const checkpoint::Checkpoint& checkpoint = opened->checkpoint;
    std::int64_t numbers = 0;
    for (const plan::Parameter& parameter : plan::parameterTable(checkpoint.config, checkpoint.untiedHead))
        numbers += parameter.elements();
    model::LoadOptions options;
    const auto weights = [&] { return weightsOf(*forecastOf(checkpoint, 64, options)); };
    EXPECT_EQ(weights(), 4 * numbers);
    options.precision = ops::Precision::BFloat16;
    EXPECT_EQ(weights(), 2 * numbers);
    options.quantize = kernels::BlockFormat::Int8Row;
    const std::int64_t quantised = weights();
    EXPECT_LT(quantised, 2 * numbers);
    options.device = at::Device(at::kCUDA, 0);
    EXPECT_EQ(weights(), 2 * numbers);
    options.precision = ops::Precision::Float32;
    EXPECT_EQ(weights(), 4 * numbers);
    options.device = at::kCPU;
    EXPECT_GE(weights(), quantised);
    EXPECT_LT(weights(), 2 * numbers);
}

TEST(Forecast, WhatCannotBeMeantIsRefused) {
    for (const auto& [dtype, quantize] : {std::pair("auto", "q3_k"), std::pair("float8", "")}) {
        ModelRequest request;
        request.device = "cpu";
        request.dtype = dtype;
        request.quantize = quantize;
        const auto options = loadOptionsOf(request);
        ASSERT_FALSE(options);
        EXPECT_EQ(options.error().code, ErrorCode::Usage);
    }
}

}  // namespace
}  // namespace lapidary::session
