// Messages and pictures → what the model reads: ids, token types, image spans, views (specification 5.4, 6.4).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/image/image_processor.h"
#include "core/data/image/image_reader.h"
#include "core/data/processor/prompt_draft.h"
#include "core/data/text/chat_template.h"
#include "core/data/text/tokenizer.h"
#include "core/shared/base/result.h"
#include "core/shared/config/gemma3_config.h"
#include "core/shared/rules/visible_keys.h"

namespace lapidary::processor {

struct PictureSize {  // in pixels
    std::int64_t width = 0;
    std::int64_t height = 0;
};

// One place of a picture, in prompt order.
struct PromptImage {
    std::int64_t picture = 0;  // index among the pictures given
    std::int64_t width = 0;   // of the picture, in pixels
    std::int64_t height = 0;
    std::vector<rules::CropBox> boxes;  // whole picture first, then crops: one a view
    std::int64_t firstView = 0;         // index into `views`
    std::int64_t tokens = 0;            // soft tokens of all its views
};

struct ProcessedPrompt {
    std::vector<std::int64_t> ids;           // [seq], <bos> included
    std::vector<std::int64_t> tokenTypeIds;  // [seq], 1 at soft tokens
    std::vector<rules::ImageSpan> imageSpans;  // one a view, in order
    std::vector<image::View> views;            // in prompt order: a picture, its crops, the next picture
    std::vector<PromptImage> images;
};

struct ProcessSettings {
    image::ViewSettings views;
    std::vector<image::ViewSettings> viewsOfPicture;  // one a picture where they differ (own crops); empty: `views` for all
    text::SpecialTokens typedSpecialTokens = text::SpecialTokens::AsText;  // Parse: --parse-special
    // Tokens that fit (Fault25); nothing: no check.  Counted before a view is resized.
    std::optional<std::int64_t> contextTokens;
};

// Immutable: any thread may use it.
class Gemma3Processor {
public:
    // A text-only configuration gives a processor that refuses pictures (Fault15).  Errors: InvalidData (the tokenizer lacks the
    // configuration's image tokens, or gives them other ids: Fault16).
    static Result<Gemma3Processor> create(std::shared_ptr<const text::Tokenizer> tokenizer, const config::Gemma3Config& config,
                                          const image::ImageProcessorSettings& images = {});

    // A conversation.  `pictures`: one for each image part; ContentPart::imageIndex says which, -1 takes the next unnamed one.
    // Errors: InvalidData as renderChat has it; "3 image placeholders but 2 pictures: message 1 (user) has 1, message 3 (user) has 2"
    // (Fault24); more tokens than settings.contextTokens (Fault25); Cancelled.
    Result<ProcessedPrompt> chat(std::span<const text::Message> messages, std::span<const image::Picture> pictures,
                                 text::AfterLastMessage after, const ProcessSettings& settings = {},
                                 std::stop_token stop = {}) const;

    // The same without a chat template (completion mode, and --raw in Parse mode): <bos> and the messages' texts, one a line, no
    // roles.  In Parse mode a text that starts with "<bos>" gets no second one.
    Result<ProcessedPrompt> complete(std::span<const text::Message> messages, std::span<const image::Picture> pictures,
                                     const ProcessSettings& settings = {}, std::stop_token stop = {}) const;

    // A prompt as transformers' processor takes it: <bos> and the text as it is; where there are pictures, every "<start_of_image>" in it is one's place.  In Parse mode a
    // text that starts with "<bos>" gets no second one.  Pictures without any text: "<start_of_image>" once each, joined by spaces.
    Result<ProcessedPrompt> raw(std::string_view prompt, std::span<const image::Picture> pictures,
                                const ProcessSettings& settings = {}, std::stop_token stop = {}) const;

    // Tokens that the conversation would take, from picture sizes alone: no view is made.
    Result<std::int64_t> countTokens(std::span<const text::Message> messages, std::span<const PictureSize> pictures,
                                     text::AfterLastMessage after, const ProcessSettings& settings = {}) const;

    // The conversation without views: ids, token types, spans and places of pictures, from picture sizes alone.
    Result<ProcessedPrompt> layout(std::span<const text::Message> messages, std::span<const PictureSize> pictures,
                                   text::AfterLastMessage after, const ProcessSettings& settings = {}) const;

    // The ids of a prompt whose pictures have so many crops each, as transformers' processor lays them out; `prompt` is raw()'s.
    Result<std::vector<std::int64_t>> expandedIds(std::string_view prompt, std::span<const std::int64_t> numCrops,
                                                  text::SpecialTokens typed = text::SpecialTokens::Parse) const;

    [[nodiscard]] const text::Tokenizer& tokenizer() const { return *m_tokenizer; }
    [[nodiscard]] const std::shared_ptr<const text::Tokenizer>& tokenizerPointer() const { return m_tokenizer; }
    [[nodiscard]] const image::ImageProcessor& imageProcessor() const { return m_images; }
    [[nodiscard]] bool acceptsPictures() const { return m_acceptsPictures; }
    [[nodiscard]] std::int64_t tokensPerView() const { return m_tokensPerView; }

private:
    // What pictures become: the views' rectangles, picture by picture.
    using Boxes = std::vector<std::vector<rules::CropBox>>;

    Gemma3Processor(std::shared_ptr<const text::Tokenizer> tokenizer, image::ImageProcessor images);
    [[nodiscard]] Result<Boxes> boxesOf(std::span<const PictureSize> pictures, const ProcessSettings& settings) const;
    [[nodiscard]] Result<ProcessedPrompt> layOut(const PromptDraft& draft, const Boxes& boxes,
                                                 std::optional<std::int64_t> contextTokens) const;
    [[nodiscard]] Result<ProcessedPrompt> process(PromptDraft draft, std::span<const image::Picture> pictures,
                                                  const ProcessSettings& settings, const std::stop_token& stop) const;
    [[nodiscard]] Result<std::int64_t> count(PromptDraft draft, std::span<const PictureSize> pictures,
                                             const ProcessSettings& settings) const;

    std::shared_ptr<const text::Tokenizer> m_tokenizer;
    image::ImageProcessor m_images;
    bool m_acceptsPictures = false;
    std::int64_t m_tokensPerView = 256;
    std::int64_t m_imageTokenId = 262144;
    std::int64_t m_vocabSize = 0;  // rows of the embedding
};

}  // namespace lapidary::processor
