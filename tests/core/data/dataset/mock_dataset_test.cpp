// Bridge's mock set: numpy's picture, one sample over and over.
#include "core/data/dataset/mock_dataset.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/core/data/dataset/dataset_fixture.h"

namespace lapidary::dataset {
namespace {

// numpy 2.4.6: g = numpy.random.default_rng(0), then twice g.integers(0, 256, size=(256, 256, 3), dtype=numpy.uint8).
TEST(MockDataset, PicturesAreNumpysByteForByte) {
    const auto pictures = mockPictures(2);
    ASSERT_EQ(pictures.size(), 2U);
    EXPECT_EQ(image::sha256Hex(pictures[0]), "8e791be2e9445092cbc71d9cb38669d1f0a040717ef979c8d9932698baf40723");
    EXPECT_EQ(image::sha256Hex(pictures[1]), "b583c90cf140d958e73286e20a2dd87fdbc816aa6bdafbe75a93d327c6d25a4a");
}

TEST(MockDataset, IsOneConversationOverAndOver) {
    const auto set = MockDataset::create(5, 1, *tinyProcessor(), {});
    ASSERT_TRUE(set) << set.error().toString();
    EXPECT_EQ((*set)->size(), 5);
    const auto first = (*set)->sample(0);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->views.size(), 1U);
    const std::string text = tinyProcessor()->tokenizer().decode(first->ids, true);
    EXPECT_NE(text.find("Describe this image."), std::string::npos) << text;
    EXPECT_NE(text.find("dummy assistant response"), std::string::npos) << text;
    EXPECT_EQ((*set)->sample(4)->ids, first->ids);
    EXPECT_FALSE((*set)->sample(5));
    const auto learned =
        std::count_if(first->labels.begin(), first->labels.end(), [](std::int64_t label) { return label != kNoLabel; });
    EXPECT_GT(learned, 1);
}

TEST(MockDataset, CountsPicturesAndSaysWhatDoesNotFit) {
    EXPECT_EQ((*MockDataset::create(1, 3, *tinyProcessor(), {}))->sample(0)->views.size(), 3U);
    EXPECT_EQ((*MockDataset::create(1, 0, *tinyProcessor(), {}))->sample(0)->views.size(), 0U);
    EXPECT_NE((*MockDataset::create(1, 1, *tinyProcessor(), {}))->fingerprint(),
              (*MockDataset::create(1, 2, *tinyProcessor(), {}))->fingerprint());
    SampleSettings settings;
    settings.maxTokens = 8;
    const auto set = MockDataset::create(1, 1, *tinyProcessor(), settings);
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().code, ErrorCode::InvalidData);
    EXPECT_NE(set.error().toString().find("model.seq_length"), std::string::npos) << set.error().toString();
}

// A model without a tower is asked without a picture.
TEST(MockDataset, TrainsTextModels) {
    const auto tokenizer = text::Tokenizer::fromJson(test::goldenText("tokenizer/tiny.json"), "tiny.json");
    config::Gemma3Config config;
    config.text.vocabSize = 464;
    const auto processor = processor::Gemma3Processor::create(*tokenizer, config);
    ASSERT_TRUE(processor) << processor.error().toString();
    const auto set = MockDataset::create(1, 1, *processor, {});
    ASSERT_TRUE(set) << set.error().toString();
    EXPECT_TRUE((*set)->sample(0)->views.empty());
}

}  // namespace
}  // namespace lapidary::dataset
