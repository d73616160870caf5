// `lapidary dataset preview`: one sample as the trainer gets it, token for token.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iomanip>
#include <iostream>

#include "app/lapidary/dataset_options.h"
#include "app/lapidary/dataset_verbs.h"
#include "app/lapidary/json_output.h"
#include "core/data/dataset/template_lint.h"
#include "core/shared/base/file.h"

namespace lapidary::app {
namespace {

using dataset::TrainingSample;
using nlohmann::ordered_json;

ordered_json boxJson(const rules::CropBox& box) { return {box.left, box.top, box.right, box.bottom}; }

// "\n" and its kind made visible.
std::string printable(const std::string& piece) {
    const std::string quoted = ordered_json(piece).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    return quoted.substr(1, quoted.size() - 2);
}

class DatasetPreviewVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addDatasetOptions(command, m_data);
        addSampleOptions(command, m_samples);
        command.add_option("--index", m_index, "which sample, from 0")
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str()
            ->type_name("N");
        command.add_option("-o,--output", m_output, "folder for a PNG of each view")->type_name("DIR");
        command.footer(
            "Example:\n  lapidary dataset preview train.jsonl --index 7 --model google/gemma-3-4b-it --output views");
    }

    Result<void> run(const Invocation& invocation) override {
        ASSIGN_OR_RETURN(const auto processor, m_samples.processor(invocation));
        if (processor == nullptr) return Error{ErrorCode::Usage, "--model is missing: tokens are those of a model", ""};
        dataset::OpenSetOptions options;
        ASSIGN_OR_RETURN(options.settings, m_samples.settings(m_data, processor.get()));
        ASSIGN_OR_RETURN(options.badRows, dataset::badRows(m_data.badRows));
        options.progress = rowProgress(invocation.console);
        ASSIGN_OR_RETURN(const auto request, m_data.request(m_data.data, m_data.split));
        ASSIGN_OR_RETURN(auto records, dataset::RecordSet::open(request, invocation.stop));
        ASSIGN_OR_RETURN(const auto set,
                         dataset::ConversationDataset::open(std::move(records), processor, options, invocation.stop));
        ASSIGN_OR_RETURN(const auto sample, set->sample(m_index));
        ASSIGN_OR_RETURN(ordered_json document, describe(sample, processor->tokenizer()));
        document["index"] = m_index;
        document["samples"] = set->size();
        document["fingerprint"] = set->fingerprint();
        if (invocation.console.json)
            printJson(document);
        else
            printText(document);
        return {};
    }

private:
    [[nodiscard]] Result<ordered_json> describe(const TrainingSample& sample, const text::Tokenizer& tokenizer) const {
        ordered_json document{
            {"id", sample.id}, {"text", tokenizer.decode(sample.ids, false)}, {"ids", sample.ids}, {"labels", sample.labels}};
        document["pieces"] = ordered_json::array();
        document["learned"] = ordered_json::array();  // the token is a target: the label of the position before it
        std::int64_t learned = 0;
        for (std::size_t t = 0; t < sample.ids.size(); ++t) {
            const bool isTarget = t > 0 && sample.labels[t - 1] != dataset::kNoLabel;
            learned += isTarget ? 1 : 0;
            document["pieces"].push_back(tokenizer.piece(sample.ids[t]));
            document["learned"].push_back(isTarget);
        }
        document["tokens"] = sample.ids.size();
        document["learned_tokens"] = learned;
        document["template_problems"] = dataset::lintIds(sample.ids, tokenizer);
        document["views"] = ordered_json::array();
        for (const processor::PromptImage& image : sample.images) {
            for (std::size_t i = 0; i < image.boxes.size(); ++i) {
                const auto number = static_cast<std::size_t>(image.firstView) + i;
                const image::View& view = sample.views[number];
                const rules::ImageSpan& span = sample.imageSpans[number];
                ordered_json entry{{"picture", image.picture},         {"size", {image.width, image.height}},
                                   {"box", boxJson(view.box)},         {"whole", view.whole},
                                   {"tokens", {span.begin, span.end}}, {"sha256", view.sha256}};
                if (!m_output.empty()) {
                    ASSIGN_OR_RETURN(entry["file"], writeView(view, number));
                }
                document["views"].push_back(std::move(entry));
            }
        }
        return document;
    }

    [[nodiscard]] Result<std::string> writeView(const image::View& view, std::size_t number) const {
        std::error_code problem;
        std::filesystem::create_directories(m_output, problem);
        if (problem) return systemError("cannot make the folder", m_output, problem.value());
        const auto file = std::filesystem::path(m_output) /
                          ("sample-" + std::to_string(m_index) + "-view-" + std::to_string(number) + ".png");
        ASSIGN_OR_RETURN(const std::string png, image::encodePng(view.rgb, view.size, view.size));
        RETURN_IF_ERROR(writeFileAtomically(file, png));
        return file.string();
    }

    // One token a line; a run of the same token is one line.
    static void printText(const ordered_json& document) {
        std::cout << document["id"].get<std::string>() << ": sample " << document["index"] << " of " << document["samples"]
                  << ", " << document["tokens"] << " tokens, " << document["learned_tokens"]
                  << " learned\n\nposition      id  learned  piece\n";
        const auto& ids = document["ids"];
        for (std::size_t t = 0; t < ids.size();) {
            std::size_t end = t + 1;
            while (end < ids.size() && ids[end] == ids[t] && document["learned"][end] == document["learned"][t]) ++end;
            std::cout << std::setw(8) << t << std::setw(8) << ids[t].get<std::int64_t>() << std::setw(9)
                      << (document["learned"][t] == true ? "yes" : "-") << "  "
                      << printable(document["pieces"][t].get<std::string>())
                      << (end - t > 1 ? "  × " + std::to_string(end - t) : "") << '\n';
            t = end;
        }
        for (const ordered_json& view : document["views"]) {
            std::cout << "picture " << view["picture"].get<std::int64_t>() + 1 << (view["whole"] == true ? " whole " : " crop ")
                      << view["box"].dump() << ", tokens " << view["tokens"].dump() << ", pixels sha256 "
                      << view["sha256"].get<std::string>()
                      << (view.contains("file") ? "  " + view["file"].get<std::string>() : "") << '\n';
        }
        for (const ordered_json& problem : document["template_problems"])
            std::cout << "template: " << problem.get<std::string>() << '\n';
    }

    DatasetOptions m_data;
    SampleOptions m_samples;
    std::int64_t m_index = 0;
    std::string m_output;
};

}  // namespace

std::unique_ptr<Verb> makeDatasetPreviewVerb() { return std::make_unique<DatasetPreviewVerb>(); }

}  // namespace lapidary::app
