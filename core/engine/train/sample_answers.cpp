#include "core/engine/train/sample_answers.h"

#include <string>
#include <utility>

#include "core/engine/session/prompt.h"
#include "core/engine/session/sequence.h"
#include "core/engine/train/batch_source.h"

namespace lapidary::train {
namespace {

// One user turn, its pictures before the text.
Result<processor::Conversation> conversationOf(const plan::PinnedSample& sample) {
    processor::Conversation conversation;
    std::vector<text::ContentPart> parts;
    parts.reserve(sample.images.size() + 1);
    conversation.images.reserve(sample.images.size());
    for (const std::string& image : sample.images) {
        ASSIGN_OR_RETURN(image::ImageSource source, image::imageSourceFromArgument(image));
        parts.push_back({text::ContentPart::Type::Image, "", std::ssize(conversation.images)});
        conversation.images.push_back(std::move(source));
    }
    parts.push_back({text::ContentPart::Type::Text, sample.prompt, -1});
    conversation.messages.push_back({"user", std::move(parts)});
    return conversation;
}

Result<processor::ProcessedPrompt> promptOf(const plan::PinnedSample& sample, const plan::Recipe& recipe,
                                            const session::Model& model, const std::stop_token& stop) {
    session::PromptSettings settings;
    settings.views = viewSettings(recipe, model.opened());
    settings.contextTokens = model.contextTokens();
    settings.urls = recipe.dataset.allowUrls ? image::UrlConsent::Allow : image::UrlConsent::Refuse;
    ASSIGN_OR_RETURN(const processor::Conversation conversation, conversationOf(sample));
    return session::buildPrompt(model.opened(), conversation, settings, stop);
}

}  // namespace

bool answersSamples(const plan::Recipe& recipe) {
    return !recipe.validation.samples.empty() && recipe.train.task != plan::TrainTask::TowerLabels;
}

SampleAnswers::SampleAnswers(std::shared_ptr<const session::Model> model, std::shared_ptr<model::Adapter> adapter,
                             const session::AnswerSettings& settings, std::vector<Sample> samples)
    : m_model(std::move(model)), m_adapter(std::move(adapter)), m_settings(settings), m_samples(std::move(samples)) {}

Result<SampleAnswers> SampleAnswers::open(const plan::Recipe& recipe, const TrainingModel& model, std::stop_token stop) {
    const session::ActiveAdapter active{"training", model.adapter};
    auto around = session::Model::around(model.opened, model.network, active, model.visionStates);
    std::vector<Sample> samples;
    samples.reserve(recipe.validation.samples.size());
    for (const plan::PinnedSample& asked : recipe.validation.samples) {
        auto prompt = promptOf(asked, recipe, *around, stop);
        if (!prompt) return prompt.error().within("validation.samples[" + std::to_string(samples.size()) + "]");
        samples.push_back({asked, std::move(*prompt)});
    }
    session::AnswerSettings settings;
    settings.maxNewTokens = recipe.validation.sampleMaxNewTokens;
    return SampleAnswers(std::move(around), model.adapter, settings, std::move(samples));
}

Result<void> SampleAnswers::answer(std::int64_t step, const std::function<void(protocol::SampleAnswerEvent)>& tell,
                                   const std::stop_token& stop) const {
    if (m_adapter != nullptr) m_adapter->setTraining(false);
    // Of this evaluation alone: the weights move on.
    session::ImageFeatureMemory memory;
    for (std::size_t i = 0; i < m_samples.size(); ++i) {
        const Sample& sample = m_samples[i];
        session::Sequence sequence(m_model);
        ASSIGN_OR_RETURN(const session::AnswerReport report,
                         session::answer(*m_model, sequence, memory, sample.prompt, m_settings, {}, stop));
        if (report.reason == generate::FinishReason::Cancelled) return {};
        tell({step, static_cast<std::int64_t>(i), sample.asked.prompt, sample.asked.images, report.text});
    }
    return {};
}

}  // namespace lapidary::train
