// `lapidary score`: mean negative log-likelihood and perplexity of a text, in windows.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>

#include "app/lapidary/common_options.h"
#include "app/lapidary/ids_file.h"
#include "app/lapidary/json_output.h"
#include "core/data/text/utf8.h"
#include "core/engine/session/score.h"
#include "core/shared/base/file.h"

namespace lapidary::app {
namespace {

class ScoreVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addModelOptions(command, m_model);
        auto* text = command.add_option("--text-file", m_textFile, "UTF-8 text; <bos> is put before it")->type_name("F");
        command.add_option("--input-ids", m_idsFile, "a JSON list of token ids, taken as it stands")
            ->type_name("F.json")
            ->excludes(text);
        command.add_option("--window", m_window, "tokens seen at once (default: the context, at most 2048)")
            ->check(CLI::Range(std::int64_t{2}, std::int64_t{1} << 40))
            ->type_name("N");
        command.add_option("--stride", m_stride, "tokens by which a window moves on (default: half a window)")
            ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40))
            ->type_name("N");
    }

    Result<void> run(const Invocation& invocation) override {
        if (m_textFile.empty() && m_idsFile.empty()) return Error{ErrorCode::Usage, "give --text-file or --input-ids", ""};
        if (!m_idsFile.empty()) m_model.request.tokenizer = session::TokenizerNeed::Optional;
        ASSIGN_OR_RETURN(const auto model, loadModel(m_model, invocation));
        std::vector<std::int64_t> ids;
        if (m_idsFile.empty()) {
            constexpr std::uint64_t kMaxTextBytes = std::uint64_t{1} << 30;
            ASSIGN_OR_RETURN(const std::string text, readFile(m_textFile, kMaxTextBytes));
            RETURN_IF_ERROR(text::requireUtf8(text, m_textFile));
            ids = model->tokenizer().encode(text,
                                            m_model.parseSpecial ? text::SpecialTokens::Parse : text::SpecialTokens::AsText);
            ids.insert(ids.begin(), model->tokenizer().bosId());
        } else {
            ASSIGN_OR_RETURN(ids, readIdsFile(m_idsFile));
        }
        session::ScoreSettings settings;
        settings.window = m_window > 0 ? m_window : std::min<std::int64_t>(2048, model->contextTokens());
        settings.stride = m_stride > 0 ? m_stride : std::max<std::int64_t>(1, settings.window / 2);
        if (invocation.console.progressWanted()) {
            settings.onProgress = [](std::int64_t done, std::int64_t total) {
                std::cerr << '\r' << done << " / " << total << " tokens " << std::flush;
            };
        }
        const auto score = session::scoreIds(*model, ids, settings, invocation.stop);
        if (invocation.console.progressWanted()) std::cerr << '\n';
        if (!score) return score.error();
        const double perplexity = std::exp(score->meanNll);
        if (invocation.console.json) {
            printJson({{"tokens", ids.size()},
                       {"scored_tokens", score->scoredTokens},
                       {"mean_nll", score->meanNll},
                       {"perplexity", perplexity},
                       {"window", settings.window},
                       {"stride", settings.stride}});
        } else {
            std::cout << "tokens      " << score->scoredTokens << "\nmean NLL    " << score->meanNll << "\nperplexity  "
                      << perplexity << '\n';
        }
        return {};
    }

private:
    ModelOptions m_model;
    std::string m_textFile;
    std::string m_idsFile;
    std::int64_t m_window = 0;
    std::int64_t m_stride = 0;
};

}  // namespace

std::unique_ptr<Verb> makeScoreVerb() { return std::make_unique<ScoreVerb>(); }

}  // namespace lapidary::app
