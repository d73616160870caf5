#include "app/lapidary/score_scenes.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lapidary/json_output.h"

namespace lapidary::app {

void addSceneScoreOptions(CLI::App& command, SceneScoreOptions& options) {
    auto* const scenes = command.add_flag(
        "--scenes", options.wanted, "the demo model's questions: right answers by kind, with pan & scan, without, and blank");
    command.add_option("--questions", options.questions, "how many of them are asked")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str()
        ->needs(scenes)
        ->type_name("N");
    command.add_option("--split", options.split, "test: what training never sees; train")
        ->check(CLI::IsMember({"test", "train"}))
        ->capture_default_str()
        ->needs(scenes)
        ->type_name("test|train");
    command.add_option("--seed", options.seed, "which pictures")->capture_default_str()->needs(scenes)->type_name("N");
    command.add_flag("--markdown", options.markdown, "print the table as Markdown")->needs(scenes);
    command.add_flag("--promises", options.promises, "leave with 7 unless every promise of the demo model is kept")
        ->needs(scenes);
}

Result<void> scoreScenes(const session::Model& model, const SceneScoreOptions& options, const train::ScoringSettings& settings,
                         const Invocation& invocation) {
    const train::SceneQuestions questions{options.split == "test" ? scenes::Split::Test : scenes::Split::Train, options.seed,
                                          options.questions};
    ASSIGN_OR_RETURN(const scenes::Scores scores, train::scoreScenes(model, questions, settings, invocation.stop));
    const std::vector<std::string> broken = scenes::brokenPromises(scores);
    if (invocation.console.json) {
        nlohmann::ordered_json document{{"split", options.split}, {"seed", options.seed}, {"questions", options.questions}};
        document.update(nlohmann::ordered_json(scores.toJson()));
        document["broken_promises"] = broken;
        printJson(document);
    } else {
        std::cout << (options.markdown ? scenes::scoreMarkdown(scores) : scenes::scoreTable(scores));
    }
    if (!options.promises) return {};
    for (const std::string& sentence : broken) invocation.console.warning(sentence);
    if (broken.empty()) return {};
    return Error{ErrorCode::Different, std::to_string(broken.size()) + " promises are not kept", "--promises"};
}

}  // namespace lapidary::app
