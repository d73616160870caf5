// `lapidary dataset make scenes`: the demo model's own questions and pictures, as files.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lapidary/dataset_options.h"
#include "app/lapidary/dataset_verbs.h"
#include "app/lapidary/json_output.h"
#include "core/data/scenes/evaluation.h"
#include "core/data/scenes/scene_files.h"

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
        command.add_option("-o,--output", m_folder, "folder for <split>.jsonl and images/")->required()->type_name("DIR");
        command.footer("Example (the evaluation set of the demo model):\n  lapidary dataset make scenes --split test --seed " +
                       std::to_string(scenes::kEvaluationSeed) + " --count " + std::to_string(scenes::kEvaluationQuestions) +
                       " --output scenes");
    }

    Result<void> run(const Invocation& invocation) override {
        m_options.split = m_split == "test" ? scenes::Split::Test : scenes::Split::Train;
        ASSIGN_OR_RETURN(const auto report,
                         writeSceneFiles(m_folder, m_options, rowProgress(invocation.console), invocation.stop));
        if (invocation.console.json) {
            printJson({{"file", report.list.string()}, {"rows", report.questions}, {"pictures", report.pictures}});
            return {};
        }
        std::cout << report.list.string() << '\n';
        invocation.console.note(std::to_string(report.questions) + " questions about " + std::to_string(report.pictures) +
                                " pictures");
        return {};
    }

private:
    std::string m_split = "train";
    std::string m_folder;
    scenes::SceneFilesOptions m_options;
};

}  // namespace

std::unique_ptr<Verb> makeDatasetScenesVerb() { return std::make_unique<DatasetScenesVerb>(); }

}  // namespace lapidary::app
