#include "core/data/scenes/sample_packer.h"

#include <numeric>
#include <utility>

#include "core/data/scenes/scene.h"
#include "core/data/scenes/vocabulary.h"
#include "core/data/text/special_tokens.h"
#include "core/shared/rules/prompt_layout.h"

namespace lapidary::scenes {
namespace {

using text::Segment;

// "<bos><start_of_turn>user\n" and the picture's place, opened: one run of text, since newlines fuse with the layout's.
std::vector<std::int64_t> prefixOf(const processor::Gemma3Processor& processor, std::int64_t crops) {
    std::string markup = std::string(text::kBos) + std::string(text::kStartOfTurn) + "user\n";
    markup += rules::layoutText(rules::imageLayout(crops, processor.tokensPerView()));
    const Segment segment{true, std::move(markup)};
    return processor.tokenizer().encode(std::span(&segment, 1));
}

}  // namespace

SamplePacker::SamplePacker(processor::Gemma3Processor processor) : m_processor(std::move(processor)) {
    for (std::size_t crops = 0; crops < m_prefixes.size(); ++crops)
        m_prefixes[crops] = prefixOf(m_processor, static_cast<std::int64_t>(crops));
}

Result<PackedSample> SamplePacker::pack(const image::Picture& picture, image::CropMode crops,
                                        std::span<const Question> questions) const {
    PackedSample packed;
    dataset::TrainingSample& sample = packed.sample;
    ASSIGN_OR_RETURN(sample.views, m_processor.imageProcessor().views(picture, {crops, kPanAndScan, {}}));
    processor::PromptImage place;
    place.width = picture.width;
    place.height = picture.height;
    for (const image::View& view : sample.views) place.boxes.push_back(view.box);
    place.tokens = std::ssize(sample.views) * m_processor.tokensPerView();
    sample.images = {place};

    sample.ids = m_prefixes.at(sample.views.size() - 1);
    sample.imageSpans = rules::imageSpans(sample.ids, kImageSoftTokenId);
    sample.sharedPrefix = std::ssize(sample.ids);
    sample.labels.assign(sample.ids.size(), dataset::kNoLabel);
    sample.positions.resize(sample.ids.size());
    std::iota(sample.positions.begin(), sample.positions.end(), 0);
    const text::Tokenizer& tokenizer = m_processor.tokenizer();
    const Segment middle{true, std::string(text::kEndOfTurn) + "\n" + std::string(text::kStartOfTurn) + "model\n"};
    for (const Question& question : questions) {
        const std::array<Segment, 2> asked{Segment{false, question.text}, middle};
        const std::vector<std::int64_t> prompt = tokenizer.encode(asked);
        const std::vector<std::int64_t> answer = tokenizer.encode(question.answer, text::SpecialTokens::AsText);
        const auto begin = std::ssize(sample.ids);
        sample.ids.insert(sample.ids.end(), prompt.begin(), prompt.end());
        sample.ids.insert(sample.ids.end(), answer.begin(), answer.end());
        sample.labels.resize(static_cast<std::size_t>(begin) + prompt.size() - 1, dataset::kNoLabel);
        sample.labels.insert(sample.labels.end(), answer.begin(), answer.end());
        sample.labels.push_back(kEndOfTurnId);
        for (std::int64_t at = begin; at < std::ssize(sample.ids); ++at)
            sample.positions.push_back(sample.sharedPrefix + at - begin);
        packed.questions.push_back({question, begin, begin + std::ssize(prompt) - 1, std::ssize(sample.ids)});
    }
    return packed;
}

}  // namespace lapidary::scenes
