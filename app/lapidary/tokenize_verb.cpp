// `lapidary tokenize`: text or messages to ids and pieces, and back.
#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>

#include "app/lapidary/common_options.h"
#include "app/lapidary/json_output.h"
#include "core/data/text/utf8.h"
#include "core/shared/base/json.h"

namespace lapidary::app {
namespace {

using nlohmann::ordered_json;

// "2 105 106", "2,105,106" or a JSON list.  Errors: InvalidData naming what is no id of this vocabulary, and its position.
Result<std::vector<std::int64_t>> parseIds(const std::string& text, const text::Tokenizer& tokenizer) {
    std::vector<std::int64_t> ids;
    std::size_t at = 0;
    constexpr const char* kSeparators = " \t\r\n,[]";
    while (true) {
        at = text.find_first_not_of(kSeparators, at);
        if (at == std::string::npos) return ids;
        const std::string word = text.substr(at, text.find_first_of(kSeparators, at) - at);
        std::int64_t id = 0;
        const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), id);
        if (problem != std::errc() || end != word.data() + word.size() || !tokenizer.isKnown(id)) {
            return Error{ErrorCode::InvalidData,
                         "position " + std::to_string(ids.size() + 1) + ": expected a token id from 0 to " +
                             std::to_string(tokenizer.size() - 1) + " (the vocabulary has " + std::to_string(tokenizer.size()) +
                             " entries), found '" + clipText(word, 40) + "'",
                         "--decode"};
        }
        ids.push_back(id);
        at += word.size();
    }
}

class TokenizeVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addCheckpointOptions(command, m_model);
        command.add_option("text", m_text, "the text (or, with --decode, the ids); without it: standard input")
            ->type_name("TEXT");
        command.add_option("--messages", m_prompt.messagesFile, "a conversation, as the chat template renders it")
            ->type_name("F.json");
        command.add_flag("--decode", m_decode, "ids to text");
        command.add_flag("--skip-special", m_skipSpecial, "with --decode: leave special tokens out");
        command.add_flag("--no-bos", m_noBos, "no <bos> before a text");
        command.add_flag("--parse-special", m_model.parseSpecial, "special tokens typed in the text count as such");
        command.add_flag("--allow-urls", m_model.allowUrls, "fetch addresses that stand in the messages");
        addViewOptions(command, m_prompt);
        addCropsOption(command, m_prompt);
    }

    Result<void> run(const Invocation& invocation) override {
        if (m_skipSpecial && !m_decode) return Error{ErrorCode::Usage, "--skip-special goes with --decode", ""};
        if (!m_prompt.messagesFile.empty()) {
            if (!m_text && !m_decode && !m_noBos) return runMessages(invocation);
            return Error{ErrorCode::Usage,
                         "--messages describes the whole text: leave the plain text, --decode and --no-bos out", ""};
        }
        RETURN_IF_ERROR(readCrops(m_prompt, 0));
        ASSIGN_OR_RETURN(const std::filesystem::path path, session::resolveModelPath(m_model.model()));
        ASSIGN_OR_RETURN(const auto tokenizer, session::openTokenizer(path));
        std::string text;
        if (m_text) {
            text = *m_text;
        } else {
            ASSIGN_OR_RETURN(text, readStandardInput(invocation.stop));
        }
        if (m_decode) {
            ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids, parseIds(text, *tokenizer));
            const std::string decoded = tokenizer->decode(ids, m_skipSpecial);
            if (invocation.console.json)
                printJson({{"text", decoded}});
            else
                std::cout << decoded << '\n';
            return {};
        }
        RETURN_IF_ERROR(text::requireUtf8(text, m_text ? "TEXT" : "standard input"));
        std::vector<std::int64_t> ids =
            tokenizer->encode(text, m_model.parseSpecial ? text::SpecialTokens::Parse : text::SpecialTokens::AsText);
        if (!m_noBos) ids.insert(ids.begin(), tokenizer->bosId());
        print(ids, *tokenizer, invocation.console);
        return {};
    }

private:
    Result<void> runMessages(const Invocation& invocation) const {
        ASSIGN_OR_RETURN(const ReadPrompt read, readPrompt(m_prompt, m_model, invocation.stop));
        ASSIGN_OR_RETURN(const session::OpenedCheckpoint opened, openCheckpointOf(m_model, invocation));
        session::PromptSettings settings = promptSettings(m_prompt, m_model, opened, read.crops);
        settings.urls = read.urls;
        ASSIGN_OR_RETURN(const auto prompt, session::buildPrompt(opened, read.conversation, settings, invocation.stop));
        print(prompt.ids, opened.tokenizer(), invocation.console);
        return {};
    }

    static void print(const std::vector<std::int64_t>& ids, const text::Tokenizer& tokenizer, const Console& console) {
        if (console.json) {
            ordered_json pieces = ordered_json::array();
            for (const std::int64_t id : ids) pieces.push_back(tokenizer.piece(id));
            printJson({{"count", ids.size()}, {"ids", ids}, {"pieces", pieces}});
            return;
        }
        for (const std::int64_t id : ids) {
            // Quoted as JSON has it, so that newlines and spaces can be seen.
            std::cout << id << '\t'
                      << ordered_json(tokenizer.piece(id)).dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
        }
    }

    ModelOptions m_model;
    PromptOptions m_prompt;
    std::optional<std::string> m_text;
    bool m_decode = false;
    bool m_skipSpecial = false;
    bool m_noBos = false;
};

}  // namespace

std::unique_ptr<Verb> makeTokenizeVerb() { return std::make_unique<TokenizeVerb>(); }

}  // namespace lapidary::app
