// `lapidary score`: mean negative log-likelihood and perplexity of a text, in windows; right answers of a data set, or of the demo
// model's own questions (score_scenes).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>

#include "app/lapidary/common_options.h"
#include "app/lapidary/ids_file.h"
#include "app/lapidary/json_output.h"
#include "app/lapidary/progress_line.h"
#include "app/lapidary/score_scenes.h"
#include "core/data/text/utf8.h"
#include "core/engine/session/score.h"
#include "core/shared/base/file.h"

namespace lapidary::app {
namespace {

class ScoreVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addModelOptions(command, m_model);
        command.add_option("--text-file", m_textFile, "UTF-8 text; <bos> is put before it")->type_name("F");
        command.add_option("--input-ids", m_idsFile, "a JSON list of token ids, taken as it stands")->type_name("F.json");
        command.add_option("--data-path", m_dataPath, "a data set, as finetune reads it: how many of its answers are right")
            ->type_name("F");
        addSceneScoreOptions(command, m_scenes);
        command.add_option("--window", m_window, "tokens of a text seen at once (default: the context, at most 2048)")
            ->check(CLI::Range(std::int64_t{2}, std::int64_t{1} << 40))
            ->type_name("N");
        command.add_option("--stride", m_stride, "tokens by which a window moves on (default: half a window)")
            ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40))
            ->type_name("N");
        command.add_option("--batch-size", m_batchSize, "rows or pictures at once")
            ->check(CLI::Range(1, 1024))
            ->capture_default_str()
            ->type_name("N");
    }

    Result<void> run(const Invocation& invocation) override {
        const int asked = int{!m_textFile.empty()} + int{!m_idsFile.empty()} + int{!m_dataPath.empty()} + int{m_scenes.wanted};
        if (asked != 1) return Error{ErrorCode::Usage, "give one of --text-file, --input-ids, --data-path and --scenes", ""};
        if (!m_idsFile.empty()) m_model.request.tokenizer = session::TokenizerNeed::Optional;
        ASSIGN_OR_RETURN(const auto model, loadModel(m_model, invocation));
        if (m_dataPath.empty() && !m_scenes.wanted) return scoreText(*model, invocation);
        ProgressLine line(invocation.console.progressWanted());
        train::ScoringSettings settings;
        settings.samplesAtOnce = m_batchSize;
        settings.onProgress = [&](std::int64_t done, std::int64_t total) {
            line.show(std::to_string(done) + " / " + std::to_string(total), done == total);
        };
        if (m_scenes.wanted) return scoreScenes(*model, m_scenes, settings, invocation);
        ASSIGN_OR_RETURN(const train::Tally tally, train::scoreRows(*model, m_dataPath, settings, invocation.stop));
        printAnswers(tally, invocation.console);
        return {};
    }

private:
    Result<void> scoreText(const session::Model& model, const Invocation& invocation) const {
        ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids, readIds(model));
        session::ScoreSettings settings;
        settings.window = m_window > 0 ? m_window : std::min<std::int64_t>(2048, model.contextTokens());
        settings.stride = m_stride > 0 ? m_stride : std::max<std::int64_t>(1, settings.window / 2);
        if (invocation.console.progressWanted()) {
            settings.onProgress = [](std::int64_t done, std::int64_t total) {
                std::cerr << '\r' << done << " / " << total << " tokens " << std::flush;
            };
        }
        const auto score = session::scoreIds(model, ids, settings, invocation.stop);
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

    [[nodiscard]] Result<std::vector<std::int64_t>> readIds(const session::Model& model) const {
        if (!m_idsFile.empty()) {
            ASSIGN_OR_RETURN(std::vector<std::int64_t> ids, readIdsFile(m_idsFile));
            RETURN_IF_ERROR(requireKnownIds(ids, model.config(), m_idsFile));
            return ids;
        }
        constexpr std::uint64_t kMaxTextBytes = std::uint64_t{1} << 30;
        ASSIGN_OR_RETURN(const std::string text, readFile(m_textFile, kMaxTextBytes));
        RETURN_IF_ERROR(text::requireUtf8(text, m_textFile));
        std::vector<std::int64_t> ids =
            model.tokenizer().encode(text, m_model.parseSpecial ? text::SpecialTokens::Parse : text::SpecialTokens::AsText);
        ids.insert(ids.begin(), model.tokenizer().bosId());
        return ids;
    }

    static void printAnswers(const train::Tally& tally, const Console& console) {
        train::Tally::Count all;
        for (const auto& [kind, count] : tally.kinds) {
            all.right += count.right;
            all.asked += count.asked;
        }
        if (console.json) {
            printJson({{"rows", all.asked},
                       {"right", all.right},
                       {"accuracy", all.accuracy()},
                       {"scored_tokens", tally.targets},
                       {"mean_nll", tally.loss()}});
            return;
        }
        std::cout << "rows        " << all.asked << "\nright       " << all.right << " (" << 100.0 * all.accuracy()
                  << " %)\nmean NLL    " << tally.loss() << " of an answer's token\n";
    }

    ModelOptions m_model;
    SceneScoreOptions m_scenes;
    std::string m_textFile;
    std::string m_idsFile;
    std::string m_dataPath;
    std::int64_t m_window = 0;
    std::int64_t m_stride = 0;
    std::int64_t m_batchSize = 16;
};

}  // namespace

std::unique_ptr<Verb> makeScoreVerb() { return std::make_unique<ScoreVerb>(); }

}  // namespace lapidary::app
