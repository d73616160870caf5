// `lapidary generate`: one answer, or a batch of them.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lapidary/common_options.h"
#include "app/lapidary/json_output.h"

namespace lapidary::app {
namespace {

using nlohmann::ordered_json;

Error cancelled() { return Error{ErrorCode::Cancelled, "cancelled", ""}; }

class GenerateVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addModelOptions(command, m_model);
        addVisionCacheOption(command, m_model);
        addPromptOptions(command, m_prompt);
        command.add_option("--batch", m_batchFile, "JSON lines, each {\"prompt\": …} or {\"messages\": …}; answered together")
            ->type_name("F.jsonl");
        addSamplingOptions(command, m_sampling);
    }

    Result<void> run(const Invocation& invocation) override {
        if (m_sampling.logprobs > 0 && !invocation.console.json) {
            return Error{ErrorCode::Usage, "log-probabilities are part of the JSON result: add --json", "--logprobs"};
        }
        RETURN_IF_ERROR(checkSampling(m_sampling));
        if (!m_batchFile.empty()) return runBatch(invocation);
        ASSIGN_OR_RETURN(const ReadPrompt read, readPrompt(m_prompt, m_model, invocation.stop));
        ASSIGN_OR_RETURN(const auto model, loadModel(m_model, invocation));
        noteCompletionMode(model->opened(), m_prompt, invocation.console);
        ASSIGN_OR_RETURN(const auto prompt, build(*model, read, invocation.stop));
        return answerOne(*model, session::Sequence(model), prompt, invocation);
    }

private:
    Result<processor::ProcessedPrompt> build(const session::Model& model, const ReadPrompt& read,
                                             const std::stop_token& stop) const {
        session::PromptSettings settings = promptSettings(m_prompt, m_model, model.opened(), read.crops);
        settings.urls = read.urls;
        settings.contextTokens = model.contextTokens();
        return session::buildPrompt(model.opened(), read.conversation, settings, stop);
    }

    Result<void> answerOne(const session::Model& model, session::Sequence sequence, const processor::ProcessedPrompt& prompt,
                           const Invocation& invocation) const {
        ASSIGN_OR_RETURN(const session::AnswerSettings settings, answerSettings(m_sampling, model));
        session::ImageFeatureMemory memory;
        ordered_json tokens = ordered_json::array();
        session::AnswerCallbacks callbacks;
        callbacks.onToken = [&](const generate::GeneratedToken& token) {
            if (!invocation.console.json) std::cout << token.text << std::flush;
            if (settings.alternatives > 0) tokens.push_back(tokenJson(token, model.tokenizer()));
        };
        ASSIGN_OR_RETURN(const session::AnswerReport report,
                         session::answer(model, sequence, memory, prompt, settings, callbacks, invocation.stop));
        if (invocation.console.json) {
            ordered_json document = reportJson(report);
            if (settings.sampler.doSample) document["seed"] = settings.sampler.seed;
            if (settings.alternatives > 0) document["tokens"] = std::move(tokens);
            printJson(document);
        } else {
            std::cout << std::endl;
        }
        tellReusedViews(report, invocation.console);
        if (report.reason == generate::FinishReason::Cancelled) return cancelled();
        return {};
    }

    Result<void> runBatch(const Invocation& invocation) {
        if (m_prompt.prompt || !m_prompt.messagesFile.empty() || !m_prompt.images.empty() || !m_prompt.system.empty()) {
            return Error{ErrorCode::Usage,
                         "--batch describes all prompts: leave --prompt, --messages, --image and --system out", ""};
        }
        ASSIGN_OR_RETURN(const auto entries, processor::readBatchFile(m_batchFile));
        std::size_t pictures = 0;
        for (const processor::BatchEntry& entry : entries) pictures += entry.conversation.images.size();
        ASSIGN_OR_RETURN(const CropLists crops, readCrops(m_prompt, pictures));
        auto nextCrops = crops.begin();
        ASSIGN_OR_RETURN(const auto model, loadModel(m_model, invocation));
        noteCompletionMode(model->opened(), m_prompt, invocation.console);
        const auto urls = m_model.allowUrls ? image::UrlConsent::Allow : image::UrlConsent::Refuse;
        std::vector<processor::ProcessedPrompt> prompts;
        for (const processor::BatchEntry& entry : entries) {
            ReadPrompt read{entry.conversation, urls};
            if (entry.prompt) read.conversation.messages.push_back({"user", *entry.prompt});
            const auto ownPictures = static_cast<std::ptrdiff_t>(crops.empty() ? 0 : read.conversation.images.size());
            read.crops.assign(nextCrops, nextCrops + ownPictures);
            nextCrops += ownPictures;
            auto prompt = build(*model, read, invocation.stop);
            if (!prompt) return prompt.error().within(m_batchFile + ": line " + std::to_string(entry.line));
            prompts.push_back(std::move(*prompt));
        }
        ASSIGN_OR_RETURN(const session::AnswerSettings settings, answerSettings(m_sampling, *model));
        std::vector<ordered_json> tokens(prompts.size(), ordered_json::array());
        const auto onToken = [&](std::size_t row, const generate::GeneratedToken& token) {
            if (settings.alternatives > 0) tokens[row].push_back(tokenJson(token, model->tokenizer()));
        };
        session::ImageFeatureMemory memory;
        ASSIGN_OR_RETURN(const auto reports, session::answerBatch(*model, memory, prompts, settings, onToken, invocation.stop));
        for (std::size_t row = 0; row < reports.size(); ++row) {
            // One line a prompt in the order of the file: text with its newlines escaped, as JSON has them.
            ordered_json line = invocation.console.json ? reportJson(reports[row]) : ordered_json{{"text", reports[row].text}};
            line["line"] = entries[row].line;
            if (settings.alternatives > 0) line["tokens"] = std::move(tokens[row]);
            printJson(line, -1);
        }
        return invocation.stop.stop_requested() ? Result<void>(cancelled()) : Result<void>();
    }

    ModelOptions m_model;
    PromptOptions m_prompt;
    SamplingOptions m_sampling;
    std::string m_batchFile;
};

}  // namespace

std::unique_ptr<Verb> makeGenerateVerb() { return std::make_unique<GenerateVerb>(); }

}  // namespace lapidary::app
