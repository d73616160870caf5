// `lapidary forward`: logits and more of one forward, as a safetensors file.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <vector>

#include "app/lapidary/common_options.h"
#include "app/lapidary/ids_file.h"
#include "app/lapidary/json_output.h"
#include "core/engine/session/forward_file.h"

namespace lapidary::app {
namespace {

class ForwardVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addModelOptions(command, m_model);
        addPromptOptions(command, m_prompt);
        command.add_option("-o,--output", m_output, "the file to write")->type_name("F.safetensors")->required();
        command.add_option("--input-ids", m_idsFile, "a JSON list of token ids instead of a prompt")->type_name("F.json");
        command.add_option("--pixel-values", m_pixelsFile, "with --input-ids: tensor pixel_values instead of pictures")
            ->type_name("F.safetensors");
        command.add_option("--last", m_last, "keep the logits of the last N positions only")
            ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40))
            ->type_name("N");
        command.add_flag("--hidden-states", m_hiddenStates, "add hidden_states.0 (embeddings) … hidden_states.<layers>");
        command.add_flag("--attentions", m_attentions, "add attentions.N of every layer");
        command.add_flag("--image-features", m_imageFeatures, "add pixel_values and image_features");
    }

    Result<void> run(const Invocation& invocation) override {
        const bool typed =
            m_prompt.prompt || !m_prompt.messagesFile.empty() || !m_prompt.images.empty() || !m_prompt.system.empty();
        if (!m_idsFile.empty() && typed)
            return Error{ErrorCode::Usage, "--input-ids replaces the prompt: give one of them", ""};
        if (m_idsFile.empty() && !m_pixelsFile.empty())
            return Error{ErrorCode::Usage, "--pixel-values goes with --input-ids", ""};
        std::vector<std::filesystem::path> inputs(m_prompt.cropsFiles.begin(), m_prompt.cropsFiles.end());
        inputs.insert(inputs.end(), {m_idsFile, m_pixelsFile, m_prompt.messagesFile});
        RETURN_IF_ERROR(checkOutput(inputs));
        session::ForwardRequest request;
        request.lastLogits = m_last;
        request.hiddenStates = m_hiddenStates;
        request.attentions = m_attentions;
        request.imageFeatures = m_imageFeatures;
        ReadPrompt read;
        if (m_idsFile.empty()) {
            ASSIGN_OR_RETURN(read, readTyped(invocation.stop));
        } else {
            RETURN_IF_ERROR(readCrops(m_prompt, 0));
            ASSIGN_OR_RETURN(request.ids, readIdsFile(m_idsFile));
            m_model.request.tokenizer = session::TokenizerNeed::Optional;
        }
        ASSIGN_OR_RETURN(const auto model, loadModel(m_model, invocation));
        RETURN_IF_ERROR(checkOutput(model->opened().checkpoint.files));
        if (m_idsFile.empty()) {
            RETURN_IF_ERROR(layOut(*model, read, request, invocation));
        } else {
            RETURN_IF_ERROR(requireKnownIds(request.ids, model->config(), m_idsFile));
        }
        if (!m_pixelsFile.empty()) {
            if (!model->config().isVisionLanguage()) return session::textOnlyModelError();
            ASSIGN_OR_RETURN(request.pixelValues, session::readPixelValues(m_pixelsFile));
        }
        RETURN_IF_ERROR(session::writeForwardFile(*model, request, m_output, invocation.stop));
        if (invocation.console.json)
            printJson({{"output", m_output}, {"tokens", request.ids.size()}});
        else
            invocation.console.note("wrote " + m_output);
        return {};
    }

private:
    // The result must not replace what it was made from.  Errors: Usage.
    Result<void> checkOutput(const std::vector<std::filesystem::path>& inputs) const {
        std::error_code ignored;
        if (std::filesystem::is_directory(m_output, ignored))
            return Error{ErrorCode::Usage, "expected a file to write, found the folder '" + m_output + "'", "--output"};
        for (const auto& input : inputs) {
            if (input.empty() || !std::filesystem::equivalent(m_output, input, ignored)) continue;
            return Error{ErrorCode::Usage,
                         "'" + m_output + "' is read by this command and would be replaced; name another file", "--output"};
        }
        return {};
    }

    [[nodiscard]] Result<ReadPrompt> readTyped(const std::stop_token& stop) const {
        ASSIGN_OR_RETURN(const ReadPrompt read, readPrompt(m_prompt, m_model, stop));
        std::vector<std::filesystem::path> pictures;
        for (const image::ImageSource& source : read.conversation.images) {
            if (source.kind == image::ImageSource::Kind::Path) pictures.emplace_back(source.value);
        }
        RETURN_IF_ERROR(checkOutput(pictures));
        return read;
    }

    Result<void> layOut(const session::Model& model, const ReadPrompt& read, session::ForwardRequest& request,
                        const Invocation& invocation) const {
        session::PromptSettings settings = promptSettings(m_prompt, m_model, model.opened(), read.crops);
        settings.urls = read.urls;
        settings.contextTokens = model.contextTokens();
        noteCompletionMode(model.opened(), m_prompt, invocation.console);
        ASSIGN_OR_RETURN(const auto prompt, session::buildPrompt(model.opened(), read.conversation, settings, invocation.stop));
        request.ids = prompt.ids;
        request.pixelValues = session::pixelValuesOf(prompt, model.processor().imageProcessor());
        return {};
    }

    ModelOptions m_model;
    PromptOptions m_prompt;
    std::string m_output;
    std::string m_idsFile;
    std::string m_pixelsFile;
    std::int64_t m_last = 0;
    bool m_hiddenStates = false;
    bool m_attentions = false;
    bool m_imageFeatures = false;
};

}  // namespace

std::unique_ptr<Verb> makeForwardVerb() { return std::make_unique<ForwardVerb>(); }

}  // namespace lapidary::app
