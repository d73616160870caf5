// What a forecast says of weights is what a load makes of them.
#include "core/engine/session/forecast.h"

#include <gtest/gtest.h>

#include "core/data/checkpoint/quantize_source.h"
#include "core/engine/session/model.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::session {
namespace {

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
        const auto forecast = forecastOf(opened, 64, "auto", quantize);
        ASSERT_TRUE(forecast) << forecast.error().toString();
        EXPECT_EQ(forecast->bytesOf("language weights") + forecast->bytesOf("vision weights") +
                      forecast->bytesOf("projection weights"),
                  made)
            << quantize;
        EXPECT_EQ((*model)->weightBytes(), made) << quantize;
        EXPECT_EQ((*model)->quantizeName(), quantize);
    }
}

TEST(Forecast, UnknownQuantisationsAreRefused) {
    const test::TempDir folder;
    test::buildTinyVisionModel(folder.path());
    const auto opened = openWithProcessor(folder.path());
    ASSERT_TRUE(opened) << opened.error().toString();
    const auto unknown = forecastOf(opened->checkpoint, 64, "auto", "q3_k");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::Usage);
}

}  // namespace
}  // namespace lapidary::session
