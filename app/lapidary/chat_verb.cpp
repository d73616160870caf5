// `lapidary chat`: a conversation in the terminal.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string_view>

#include "app/lapidary/chat_transcript.h"
#include "app/lapidary/common_options.h"
#include "app/lapidary/json_output.h"
#include "app/lapidary/line_reader.h"
#include "core/data/text/utf8.h"

namespace lapidary::app {
namespace {

constexpr const char* kHelp =
    "/image PATH             add a picture to the next message; ~ and quotes as in a shell\n"
    "/pan-and-scan on|off    also look at crops of long pictures\n"
    "/undo                   forget the last question and its answer\n"
    "/save FILE.json         write the conversation as a messages file\n"
    "/quit                   leave (so does Ctrl-D); Ctrl-C stops an answer";

class ChatVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addModelOptions(command, m_model);
        addVisionCacheOption(command, m_model);
        command.add_option("--system", m_prompt.system, "system message")->type_name("T");
        addViewOptions(command, m_prompt);
        addSamplingOptions(command, m_sampling);
    }

    Result<void> run(const Invocation& invocation) override {
        RETURN_IF_ERROR(text::requireUtf8(m_prompt.system, "--system"));
        RETURN_IF_ERROR(checkSampling(m_sampling));
        ASSIGN_OR_RETURN(const auto model, loadModel(m_model, invocation));
        const auto folder = dataFolder();
        LineReader lines(folder.empty() ? folder : folder / "chat_history");
        noteCompletionMode(model->opened(), m_prompt, invocation.console);
        invocation.console.note("Type a message, or /help.");
        ChatTranscript transcript(m_prompt.system);
        session::Sequence sequence(model);
        session::ImageFeatureMemory memory;
        std::stop_token stop = invocation.stop;
        while (true) {
            ASSIGN_OR_RETURN(const std::optional<std::string> line, lines.read("> ", stop));
            if (!line || *line == "/quit") return {};
            if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
            if (const auto valid = text::requireUtf8(*line, "the line"); !valid) {
                invocation.console.error(valid.error().toString());
                continue;
            }
            if (line->front() == '/') {
                command(*line, *model, transcript, invocation.console);
                continue;
            }
            transcript.ask(*line);
            auto answered = answer(*model, sequence, memory, transcript, invocation, stop);
            // A bad picture or a full context ends this question, not the conversation.
            if (!answered) {
                invocation.console.error(answered.error().toString());
                transcript.undo();
            }
            if (stop.stop_requested()) stop = invocation.renewStop();
            if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "cancelled", ""};
        }
    }

private:
    void command(const std::string& line, const session::Model& model, ChatTranscript& transcript, const Console& console) {
        const std::size_t space = line.find(' ');
        const std::string name = line.substr(0, space);
        const std::string argument = space == std::string::npos ? "" : typedPath(std::string_view(line).substr(space));
        if (name == "/help") {
            console.note(kHelp);
        } else if (name == "/image") {
            const auto added = model.processor().acceptsPictures() ? transcript.addImage(argument)
                                                                   : Result<void>(session::textOnlyModelError());
            if (!added)
                console.error(added.error().toString());
            else
                console.note("The next message has " + std::to_string(transcript.pendingImages()) +
                             (transcript.pendingImages() == 1 ? " picture." : " pictures."));
        } else if (name == "/pan-and-scan" && argument == "on" && !model.processor().acceptsPictures()) {
            console.error(session::textOnlyModelError().toString());
        } else if (name == "/pan-and-scan" && (argument == "on" || argument == "off")) {
            m_prompt.panAndScan = argument == "on";
            console.note("Pan & scan is " + argument + ".");
        } else if (name == "/undo") {
            console.note(transcript.undo() ? "The last question is forgotten." : "There is nothing to undo.");
        } else if (name == "/pan-and-scan") {
            console.error("/pan-and-scan takes on or off, as in '/pan-and-scan on'");
        } else if (name == "/save" && argument.empty()) {
            console.error("/save needs the name of a file to write, as in '/save talk.json'");
        } else if (name == "/save") {
            const auto saved = transcript.save(argument);
            if (!saved)
                console.error(saved.error().toString());
            else
                console.note("Saved to " + argument + ".");
        } else {
            console.error("'" + line + "' is not a command; /help lists them");
        }
    }

    Result<void> answer(const session::Model& model, session::Sequence& sequence, session::ImageFeatureMemory& memory,
                        ChatTranscript& transcript, const Invocation& invocation, const std::stop_token& stop) const {
        session::PromptSettings settings = promptSettings(m_prompt, m_model, model.opened());
        settings.urls = image::UrlConsent::Allow;  // every address was typed by the person
        settings.contextTokens = model.contextTokens();
        ASSIGN_OR_RETURN(const auto prompt, session::buildPrompt(model.opened(), transcript.conversation(), settings, stop));
        ASSIGN_OR_RETURN(const session::AnswerSettings answering, answerSettings(m_sampling, model));
        session::AnswerCallbacks callbacks;
        if (!invocation.console.json) {
            callbacks.onToken = [](const generate::GeneratedToken& token) { std::cout << token.text << std::flush; };
        }
        ASSIGN_OR_RETURN(const session::AnswerReport report,
                         session::answer(model, sequence, memory, prompt, answering, callbacks, stop));
        if (invocation.console.json)
            printJson(reportJson(report), -1);
        else
            std::cout << std::endl;
        tellReusedViews(report, invocation.console);
        transcript.answer(report.text);
        return {};
    }

    ModelOptions m_model;
    PromptOptions m_prompt;
    SamplingOptions m_sampling;
};

}  // namespace

std::unique_ptr<Verb> makeChatVerb() { return std::make_unique<ChatVerb>(); }

}  // namespace lapidary::app
