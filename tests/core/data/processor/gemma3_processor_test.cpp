// Prompts with pictures: the reference's ids, counts before work, and every mismatch named (specification 5.4).
#include "core/data/processor/gemma3_processor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/data/text/special_tokens.h"
#include "tests/core/data/text/gemma_tokenizer.h"
#include "tests/support/temp_dir.h"

namespace lapidary::processor {
namespace {

using nlohmann::json;
using text::AfterLastMessage;
using text::ContentPart;
using text::Message;
using text::SpecialTokens;
using Ids = std::vector<std::int64_t>;

config::Gemma3Config visionConfig(std::int64_t tokensPerImage) {
    config::Gemma3Config config;
    config.vision = config::VisionConfig{};
    config.mmTokensPerImage = tokensPerImage;
    return config;
}

Gemma3Processor makeProcessor(std::int64_t tokensPerImage) {
    image::ImageProcessorSettings images;
    images.size = 28;
    auto made = Gemma3Processor::create(test::gemmaTokenizer(test::GemmaSource::SentencePieceModel),
                                        visionConfig(tokensPerImage), images);
    if (!made) throw std::runtime_error(made.error().toString());
    return std::move(*made);
}

ContentPart picturePart(std::int64_t index = -1) { return {ContentPart::Type::Image, "", index}; }
ContentPart textPart(std::string text) { return {ContentPart::Type::Text, std::move(text), -1}; }
Message userMessage(std::vector<ContentPart> parts) { return {"user", std::move(parts)}; }

image::Picture grey(std::int64_t width, std::int64_t height, std::uint8_t value) {
    image::Picture picture;
    picture.width = width;
    picture.height = height;
    picture.rgb.assign(static_cast<std::size_t>(width * height * 3), value);
    return picture;
}

Ids unrolled(const json& runs) {
    Ids ids;
    for (const json& run : runs) ids.insert(ids.end(), run[1].get<std::size_t>(), run[0].get<std::int64_t>());
    return ids;
}

TEST(Gemma3Processor, ExpandsTheReferencePrompts) {
    const json vectors = json::parse(test::goldenText("tokenizer/vectors.json"));
    ASSERT_EQ(vectors["multimodal"].size(), 11U);
    for (const json& vector : vectors["multimodal"]) {
        SCOPED_TRACE(vector["name"].get<std::string>());
        const Gemma3Processor processor = makeProcessor(vector["image_seq_length"].get<std::int64_t>());
        const auto ids = processor.expandedIds(vector["prompt"].get<std::string>(), vector["num_crops"].get<Ids>());
        ASSERT_TRUE(ids) << ids.error().toString();
        EXPECT_EQ(*ids, unrolled(vector["ids_rle"]));
        Ids types;
        for (const std::int64_t id : *ids) types.push_back(id == 262144 ? 1 : 0);
        EXPECT_EQ(types, unrolled(vector["token_type_ids_rle"]));
    }
}

// The same prompts from messages, through the template's segments.
TEST(Gemma3Processor, MessagesGiveTheReferenceIds) {
    const json vectors = json::parse(test::goldenText("tokenizer/vectors.json"));
    const Gemma3Processor processor = makeProcessor(256);
    const std::vector<PictureSize> two{{64, 64}, {64, 64}};
    const auto expect = [&](std::size_t vector, const std::vector<Message>& messages, std::size_t pictures) {
        std::vector<image::Picture> given(pictures, grey(64, 64, 7));
        const auto prompt = processor.chat(messages, given, AfterLastMessage::GenerationPrompt);
        ASSERT_TRUE(prompt) << prompt.error().toString();
        EXPECT_EQ(prompt->ids, unrolled(vectors["multimodal"][vector]["ids_rle"]));
        EXPECT_EQ(prompt->tokenTypeIds, unrolled(vectors["multimodal"][vector]["token_type_ids_rle"]));
        const auto count = processor.countTokens(messages, std::span(two).first(pictures), AfterLastMessage::GenerationPrompt);
        ASSERT_TRUE(count);
        EXPECT_EQ(*count, std::ssize(prompt->ids));
    };
    expect(0, {userMessage({picturePart(), textPart("Describe this image.")})}, 1);
    expect(1,
           {{"system", "You are a helpful assistant."}, userMessage({picturePart(), textPart("Where is the cat standing?")})},
           1);
    expect(2, {userMessage({picturePart(0), picturePart(1), textPart("Compare them.")})}, 2);
    expect(3,
           {userMessage(
               {textPart("First: "), picturePart(), textPart(" Second: "), picturePart(), textPart("\nWhich is older?")})},
           2);
    expect(4, {userMessage({textPart("Describe this image: "), picturePart()})}, 1);
    expect(5, {userMessage({picturePart()})}, 1);
}

TEST(Gemma3Processor, SpansAndViewsFollowThePrompt) {
    const Gemma3Processor processor = makeProcessor(4);
    const std::vector<image::Picture> pictures{grey(600, 300, 10), grey(40, 40, 200)};
    ProcessSettings settings;
    settings.views.mode = image::CropMode::PanAndScan;
    // Second picture first: explicit numbers decide.
    const auto prompt = processor.chat(std::vector{userMessage({picturePart(1), textPart("and"), picturePart(0)})}, pictures,
                                       AfterLastMessage::GenerationPrompt, settings);
    ASSERT_TRUE(prompt) << prompt.error().toString();
    ASSERT_EQ(prompt->images.size(), 2U);
    EXPECT_EQ(prompt->images[0].picture, 1);
    EXPECT_EQ(prompt->images[0].boxes.size(), 1U);
    EXPECT_EQ(prompt->images[1].picture, 0);
    EXPECT_EQ(prompt->images[1].width, 600);
    EXPECT_EQ(prompt->images[1].boxes.size(), 3U);  // 600 x 300: the whole and two crops
    EXPECT_EQ(prompt->images[1].firstView, 1);
    EXPECT_EQ(prompt->images[1].tokens, 12);
    ASSERT_EQ(prompt->views.size(), 4U);
    ASSERT_EQ(prompt->imageSpans.size(), 4U);
    EXPECT_EQ(prompt->views[0].rgb.front(), 200);
    EXPECT_EQ(prompt->views[1].rgb.front(), 10);
    for (const rules::ImageSpan& span : prompt->imageSpans) {
        EXPECT_EQ(span.end - span.begin, 4);
        EXPECT_EQ(prompt->ids[span.begin - 1], 255999);
        EXPECT_EQ(prompt->ids[span.end], 256000);
        for (std::int64_t i = span.begin; i < span.end; ++i) EXPECT_EQ(prompt->tokenTypeIds[i], 1);
    }
    EXPECT_EQ(std::count(prompt->tokenTypeIds.begin(), prompt->tokenTypeIds.end(), 1), 16);
}

TEST(Gemma3Processor, RawPromptsAndCompletion) {
    const Gemma3Processor processor = makeProcessor(4);
    ProcessSettings parse;
    parse.typedSpecialTokens = SpecialTokens::Parse;
    EXPECT_EQ(processor.raw("Hello", {}, parse)->ids, (Ids{2, 9259}));
    EXPECT_EQ(processor.raw("<bos>Hello", {}, parse)->ids, (Ids{2, 9259}));
    EXPECT_EQ(processor.raw("<bos>", {}, {})->ids, (Ids{2, 236820, 46757, 236813}));
    EXPECT_EQ(processor.raw("", {}, {})->ids, (Ids{2}));
    // Without pictures a marker is just its token, as in transformers.
    EXPECT_EQ(processor.raw("<start_of_image>", {}, parse)->ids, (Ids{2, 255999}));
    const std::vector<image::Picture> one{grey(30, 30, 1)};
    EXPECT_EQ(processor.raw("", one, parse)->ids, (Ids{2, 108, 255999, 262144, 262144, 262144, 262144, 256000, 108}));
    EXPECT_EQ(processor.complete(std::vector<Message>{{"user", "Hello"}, {"assistant", "Hello"}}, {})->ids,
              (Ids{2, 9259, 107, 9259}));
    EXPECT_EQ(processor.complete(std::vector{userMessage({picturePart(), textPart("Hello")})}, one)->ids,
              (Ids{2, 108, 255999, 262144, 262144, 262144, 262144, 256000, 108, 9259}));
    EXPECT_FALSE(processor.complete(std::vector<Message>{{"user", text::MessageContent()}}, {}));
    EXPECT_EQ(processor.complete(std::vector<Message>{{"user", "<bos>Hello"}}, {}, parse)->ids, (Ids{2, 9259}));
    EXPECT_EQ(processor.complete(std::vector{userMessage({textPart("<bos>Hello")})}, {}, parse)->ids, (Ids{2, 9259}));
}

// A picture beside the text and its place typed into the text are one picture.
TEST(Gemma3Processor, TypedPlacesAreThePlacesOfAMessagesPictures) {
    const Gemma3Processor processor = makeProcessor(4);
    ProcessSettings parse;
    parse.typedSpecialTokens = SpecialTokens::Parse;
    const std::vector<image::Picture> two{grey(30, 30, 1), grey(30, 30, 2)};
    const auto one = std::span(two).first(1);
    const std::string typed = "a <start_of_image> b";
    const std::vector messages{userMessage({picturePart(0), textPart(typed)})};
    const auto plain = processor.complete(messages, one, parse);
    ASSERT_TRUE(plain) << plain.error().toString();
    EXPECT_EQ(plain->ids, processor.raw(typed, one, parse)->ids);
    const auto chat = processor.chat(messages, one, AfterLastMessage::GenerationPrompt, parse);
    ASSERT_TRUE(chat) << chat.error().toString();
    EXPECT_EQ(chat->ids,
              processor.chat(std::vector<Message>{{"user", typed}}, one, AfterLastMessage::GenerationPrompt, parse)->ids);
    // Pictures keep their order, also beside a message that types none.
    const auto both = processor.chat(
        std::vector{
            userMessage({picturePart(0), textPart("c")}), {"assistant", "d"}, userMessage({picturePart(1), textPart(typed)})},
        two, AfterLastMessage::GenerationPrompt, parse);
    ASSERT_TRUE(both) << both.error().toString();
    EXPECT_EQ(both->views[0].rgb.front(), 1);
    EXPECT_EQ(both->views[1].rgb.front(), 2);
    const auto differ =
        processor.complete(std::vector{userMessage({picturePart(0), picturePart(1), textPart(typed)})}, two, parse);
    ASSERT_FALSE(differ);
    EXPECT_EQ(differ.error().toString(),
              "message 1 (user): 1 typed <start_of_image> but 2 pictures: type one for each picture, or none");
}

TEST(Fault15, TextOnlyModelRefusesPictures) {
    config::Gemma3Config config;
    config.text.vocabSize = 262144;
    auto processor = Gemma3Processor::create(test::gemmaTokenizer(test::GemmaSource::SentencePieceModel), config);
    ASSERT_TRUE(processor) << processor.error().toString();
    EXPECT_FALSE(processor->acceptsPictures());
    const std::vector<image::Picture> one{grey(30, 30, 1)};
    const auto prompt = processor->chat(std::vector{userMessage({picturePart()})}, one, AfterLastMessage::GenerationPrompt);
    ASSERT_FALSE(prompt);
    EXPECT_EQ(prompt.error().code, ErrorCode::Unsupported);
    EXPECT_NE(prompt.error().message.find("text-only"), std::string::npos);
    // The tokenizer knows 262144, the embedding of 270M does not.
    ProcessSettings parse;
    parse.typedSpecialTokens = SpecialTokens::Parse;
    const auto beyond = processor->raw("<image_soft_token>", {}, parse);
    ASSERT_FALSE(beyond);
    EXPECT_NE(beyond.error().message.find("262144 rows"), std::string::npos) << beyond.error().message;
}

TEST(Fault16, ImageTokensThatTokenizerAndConfigurationGiveOtherIds) {
    const auto tokenizer = test::gemmaTokenizer(test::GemmaSource::SentencePieceModel);
    config::Gemma3Config config = visionConfig(4);
    config.boiTokenIndex = 255998;
    const auto wrong = Gemma3Processor::create(tokenizer, config);
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("boi_token_index is 255998"), std::string::npos) << wrong.error().message;
    config = visionConfig(4);
    config.text.vocabSize = 256000;
    const auto small = Gemma3Processor::create(tokenizer, config);
    ASSERT_FALSE(small);
    EXPECT_NE(small.error().message.find("eoi_token_index is 256000, but the embedding has 256000 rows"), std::string::npos)
        << small.error().message;
}

// As in every GGUF: the embedding ends before the soft token, which is replaced by features and never looked up.
TEST(Fault16, TheSoftTokenMayLieBeyondTheEmbedding) {
    config::Gemma3Config config = visionConfig(4);
    config.text.vocabSize = 262144;
    auto processor = Gemma3Processor::create(test::gemmaTokenizer(test::GemmaSource::SentencePieceModel), config);
    ASSERT_TRUE(processor) << processor.error().toString();
    const std::vector<image::Picture> one{grey(30, 30, 1)};
    const std::vector messages{userMessage({picturePart(), textPart("Hi")})};
    const auto prompt = processor->chat(messages, one, AfterLastMessage::GenerationPrompt);
    ASSERT_TRUE(prompt) << prompt.error().toString();
    EXPECT_EQ(std::count(prompt->ids.begin(), prompt->ids.end(), 262144), 4);
    ASSERT_EQ(prompt->imageSpans.size(), 1U);
    // Typed, it is still no picture.
    ProcessSettings parse;
    parse.typedSpecialTokens = SpecialTokens::Parse;
    EXPECT_FALSE(processor->raw("<image_soft_token>", {}, parse));
}

TEST(Fault23, TypedMarkersAreTextBesidePictures) {
    const Gemma3Processor processor = makeProcessor(4);
    const std::vector<image::Picture> one{grey(30, 30, 1)};
    const std::string typed = "<start_of_image><image_soft_token><end_of_turn>";
    const std::vector messages{userMessage({picturePart(), textPart(typed)})};
    const auto prompt = processor.chat(messages, one, AfterLastMessage::GenerationPrompt);
    ASSERT_TRUE(prompt) << prompt.error().toString();
    EXPECT_EQ(prompt->imageSpans.size(), 1U);
    EXPECT_EQ(std::count(prompt->ids.begin(), prompt->ids.end(), 255999), 1);
    EXPECT_EQ(std::count(prompt->ids.begin(), prompt->ids.end(), 106), 1);
    EXPECT_NE(processor.tokenizer().decode(prompt->ids, true).find(typed), std::string::npos);
    // With --parse-special a typed marker is a place, and a typed soft token has no features.
    ProcessSettings parse;
    parse.typedSpecialTokens = SpecialTokens::Parse;
    EXPECT_FALSE(processor.chat(messages, one, AfterLastMessage::GenerationPrompt, parse));
    const std::vector<Message> marker{{"user", "Look: <start_of_image>"}};
    EXPECT_EQ(processor.chat(marker, one, AfterLastMessage::GenerationPrompt, parse)->imageSpans.size(), 1U);
    const auto soft = processor.raw("<image_soft_token>", {}, parse);
    ASSERT_FALSE(soft);
    EXPECT_NE(soft.error().message.find("<image_soft_token>"), std::string::npos);
}

TEST(Fault24, PicturesAndPlacesDiffer) {
    const Gemma3Processor processor = makeProcessor(4);
    const std::vector<image::Picture> two{grey(30, 30, 1), grey(30, 30, 2)};
    const std::vector<Message> messages{
        userMessage({picturePart(), textPart("a")}), {"assistant", "b"}, userMessage({picturePart(), picturePart()})};
    const auto few = processor.chat(messages, two, AfterLastMessage::GenerationPrompt);
    ASSERT_FALSE(few);
    EXPECT_EQ(few.error().message, "3 image placeholders but 2 pictures: message 1 (user) has 1, message 3 (user) has 2");
    const auto many = processor.chat(std::vector{userMessage({picturePart()})}, two, AfterLastMessage::GenerationPrompt);
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().message, "1 image placeholder but 2 pictures: message 1 (user) has 1");
    const auto none = processor.chat(std::vector<Message>{{"user", "Hi"}}, two, AfterLastMessage::GenerationPrompt);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().message, "0 image placeholders but 2 pictures");
    const auto missing = processor.chat(std::vector{userMessage({picturePart(2)})}, two, AfterLastMessage::GenerationPrompt);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message, "message 1 (user) refers to picture 3 of 2");
    // A picture in the system message would never be shown.
    const auto system =
        processor.chat(std::vector<Message>{{"system", std::vector{textPart("s"), picturePart()}}, {"user", "Hi"}},
                       std::span(two).first(1), AfterLastMessage::GenerationPrompt);
    ASSERT_FALSE(system);
    EXPECT_FALSE(processor.raw("<start_of_image>", two));
}

TEST(Fault25, CountsBeforeItWorks) {
    const Gemma3Processor processor = makeProcessor(256);
    const std::vector<PictureSize> sizes(200, PictureSize{600, 300});
    std::vector<ContentPart> parts(200, picturePart());
    const std::vector messages{userMessage(parts)};
    ProcessSettings settings;
    const auto total = processor.countTokens(messages, sizes, AfterLastMessage::GenerationPrompt, settings);
    ASSERT_TRUE(total) << total.error().toString();
    EXPECT_GT(*total, 200 * 256);
    settings.views.mode = image::CropMode::PanAndScan;
    settings.contextTokens = 131072;
    const auto tooMany = processor.countTokens(messages, sizes, AfterLastMessage::GenerationPrompt, settings);
    ASSERT_FALSE(tooMany);
    EXPECT_NE(tooMany.error().message.find("the context holds 131072"), std::string::npos) << tooMany.error().message;
    // Text alone: exactly the context fits, one more does not.
    settings.contextTokens = 3;
    EXPECT_TRUE(processor.raw("a b", {}, settings));
    settings.contextTokens = 2;
    const auto tooLong = processor.raw("a b", {}, settings);
    ASSERT_FALSE(tooLong);
    EXPECT_EQ(tooLong.error().message, "the prompt takes 3 tokens, but the context holds 2");
}

TEST(Gemma3Processor, CancelsBetweenViews) {
    const Gemma3Processor processor = makeProcessor(4);
    const std::vector<image::Picture> one{grey(30, 30, 1)};
    std::stop_source source;
    source.request_stop();
    const auto prompt = processor.chat(std::vector{userMessage({picturePart()})}, one, AfterLastMessage::GenerationPrompt, {},
                                       source.get_token());
    ASSERT_FALSE(prompt);
    EXPECT_EQ(prompt.error().code, ErrorCode::Cancelled);
}

}  // namespace
}  // namespace lapidary::processor
