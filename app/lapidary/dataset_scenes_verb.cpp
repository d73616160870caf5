// `lapidary dataset make scenes`: the demo model's own questions and pictures, as files.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lapidary/dataset_options.h"
#include "app/lapidary/dataset_verbs.h"
#include "app/lapidary/json_output.h"
#include "core/data/scenes/evaluation.h"
#include "core/data/scenes/scene_files.h"
#include "core/data/text/utf8.h"
#include "core/shared/base/json.h"

namespace lapidary::app {
namespace {

class DatasetScenesVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        command.add_option("--split", m_split, "train, or test: seeds, words and combinations that training never sees")
            ->check(CLI::IsMember({"train", "test"}))
            ->capture_default_str()
            ->type_name("train|test");
        command.add_option("--seed", m_options.seed, "which pictures")->capture_default_str()->type_name("N");
        command.add_option("--count", m_options.count, "questions; a picture has one to four")
            ->capture_default_str()
            ->type_name("N");
        command.add_option("--kinds", m_kinds, "these kinds of question alone, as shape,colour,small-print (default: all)")
            ->delimiter(',')
            ->type_name("KIND,…");
        command.add_option("--say", m_say, "another word for an answer, to teach it, as ring=donut (repeatable)")
            ->type_name("ANSWER=WORD")
            ->allow_extra_args(false);
        command.add_option("-o,--output", m_folder, "folder for <split>.jsonl and images/")->required()->type_name("DIR");
        command.footer("Example (the evaluation set of the demo model):\n  lapidary dataset make scenes --split test --seed " +
                       std::to_string(scenes::kEvaluationSeed) + " --count " + std::to_string(scenes::kEvaluationQuestions) +
                       " --output scenes");
    }

    Result<void> run(const Invocation& invocation) override {
        m_options.split = m_split == "test" ? scenes::Split::Test : scenes::Split::Train;
        RETURN_IF_ERROR(readKinds());
        RETURN_IF_ERROR(readWords());
        ASSIGN_OR_RETURN(const auto report,
                         writeSceneFiles(m_folder, m_options, rowProgress(invocation.console), invocation.stop));
        if (invocation.console.json) {
            printJson({{"file", report.list.string()},
                       {"rows", report.questions},
                       {"pictures", report.pictures},
                       {"reworded", report.reworded}});
            return {};
        }
        std::cout << report.list.string() << '\n';
        invocation.console.note(std::to_string(report.questions) + " questions about " + std::to_string(report.pictures) +
                                " pictures" +
                                (m_say.empty() ? "" : "; " + std::to_string(report.reworded) + " answers say another word"));
        return {};
    }

private:
    Result<void> readKinds() {
        for (const std::string& name : m_kinds) {
            const auto kind = scenes::kindOf(name);
            if (!kind) {
                const std::vector<std::string> known(scenes::kKindNames.begin(),
                                                     scenes::kKindNames.begin() + scenes::kPromisedKinds);
                std::string message = "there is no kind '" + clipText(name, 40) + "'; there are";
                for (const std::string& each : known) message += (each == known.front() ? " " : ", ") + each;
                return Error{ErrorCode::Usage, message, "--kinds"};
            }
            m_options.kinds.push_back(*kind);
        }
        return {};
    }

    Result<void> readWords() {
        for (const std::string& pair : m_say) {
            RETURN_IF_ERROR(text::requireUtf8(pair, "--say"));
            const std::size_t sign = pair.find('=');
            if (sign == std::string::npos || sign == 0 || sign + 1 == pair.size())
                return Error{ErrorCode::Usage, "expected an answer and its new word, as ring=donut, found '" + pair + "'",
                             "--say"};
            m_options.say[pair.substr(0, sign)] = pair.substr(sign + 1);
        }
        return {};
    }

    std::string m_split = "train";
    std::string m_folder;
    std::vector<std::string> m_kinds;
    std::vector<std::string> m_say;
    scenes::SceneFilesOptions m_options;
};

}  // namespace

std::unique_ptr<Verb> makeDatasetScenesVerb() { return std::make_unique<DatasetScenesVerb>(); }

}  // namespace lapidary::app
