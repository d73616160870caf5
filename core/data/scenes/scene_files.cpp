#include "core/data/scenes/scene_files.h"

#include <nlohmann/json.hpp>
#include <string>

#include "core/data/image/image_processor.h"
#include "core/data/scenes/draw.h"
#include "core/data/scenes/evaluation.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"

namespace lapidary::scenes {
namespace {

constexpr std::int64_t kMostQuestions = 1'000'000;

std::string numbered(std::size_t number) {
    std::string digits = std::to_string(number);
    return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

Json lineOf(const Question& question, const std::string& id, const std::string& picture) {
    const Json content = {{{"type", "image"}, {"path", picture}}, {{"type", "text"}, {"text", question.text}}};
    return {{"id", id},
            {"kind", nameOf(question.kind)},
            {"messages", {{{"role", "user"}, {"content", content}}, {{"role", "assistant"}, {"content", question.answer}}}}};
}

Result<void> check(const SceneFilesOptions& options) {
    if (options.count < 1 || options.count > kMostQuestions) {
        return Error{ErrorCode::Usage,
                     "--count: expected 1 to " + std::to_string(kMostQuestions) + ", found " + std::to_string(options.count),
                     ""};
    }
    for (const Kind kind : options.kinds) {
        if (indexOf(kind) >= kPromisedKinds)
            return Error{ErrorCode::Usage, "--kinds: '" + std::string(nameOf(kind)) + "' is asked in training alone", ""};
    }
    return {};
}

// Puts other words for answers.  Gives how many; an error for a word that is none of the answers.
Result<std::int64_t> reword(std::vector<AskedScene>& scenes, const std::map<std::string, std::string>& say) {
    std::map<std::string, std::int64_t> found;
    for (AskedScene& asked : scenes) {
        for (Question& question : asked.questions) {
            const auto word = say.find(question.answer);
            if (word == say.end()) continue;
            ++found[word->first];
            question.answer = word->second;
        }
    }
    std::int64_t all = 0;
    for (const auto& [word, another] : say) {
        if (!found.contains(word))
            return Error{ErrorCode::Usage, "--say: none of these questions is answered by '" + clipText(word, 40) + "'", ""};
        all += found.at(word);
    }
    return all;
}

}  // namespace

Result<SceneFilesReport> writeSceneFiles(const std::filesystem::path& folder, const SceneFilesOptions& options,
                                         const std::function<void(std::int64_t, std::int64_t)>& progress,
                                         std::stop_token stop) {
    RETURN_IF_ERROR(check(options));
    auto scenes = askedScenes(options.split, options.seed, options.count, options.kinds);
    ASSIGN_OR_RETURN(const std::int64_t reworded, reword(scenes, options.say));
    std::error_code failure;
    std::filesystem::create_directories(folder / "images", failure);
    if (failure) return systemError("cannot make the folder", folder / "images", failure.value());
    const std::string run = std::string(nameOf(options.split)) + "-" + std::to_string(options.seed) + "-";
    std::string list;
    SceneFilesReport report{folder / (std::string(nameOf(options.split)) + ".jsonl"), 0, 0, reworded};
    for (const AskedScene& asked : scenes) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "stopped while writing pictures", folder.string()};
        const image::Picture picture = drawScene(asked.scene);
        const std::string name = "images/" + run + numbered(static_cast<std::size_t>(report.pictures)) + ".png";
        ASSIGN_OR_RETURN(const std::string png, image::encodePng(picture.rgb, picture.width, picture.height));
        RETURN_IF_ERROR(writeFileAtomically(folder / name, png));
        ++report.pictures;
        for (const Question& question : asked.questions) {
            list += lineOf(question, run + numbered(static_cast<std::size_t>(report.questions)), name).dump() + "\n";
            ++report.questions;
        }
        if (progress) progress(report.pictures, std::ssize(scenes));
    }
    RETURN_IF_ERROR(writeFileAtomically(report.list, list));
    return report;
}

}  // namespace lapidary::scenes
