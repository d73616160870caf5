// `lapidary model list | pull | remove | verify`: the local Hugging Face cache, and the demo model in the list.
#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "app/lapidary/json_output.h"
#include "app/lapidary/progress_line.h"
#include "app/lapidary/verb.h"
#include "core/data/net/hub.h"
#include "core/engine/session/opened_checkpoint.h"

namespace lapidary::app {
namespace {

constexpr auto kProgressPause = std::chrono::milliseconds(250);  // between two lines of JSON

using nlohmann::ordered_json;

// The demo model as an entry of the list, without a revision.
net::CachedModel shippedModel(const std::filesystem::path& folder) {
    net::CachedModel model{session::kDemoModel, "", folder};
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        model.sizeBytes += file.is_regular_file() ? file.file_size() : 0;
        ++model.files;
    }
    return model;
}

class ModelVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        command.require_subcommand(1);
        m_list = command.add_subcommand("list", "the demo model, and the models in the cache");
        m_pull = command.add_subcommand("pull", "download a model, or what is missing of it");
        m_remove = command.add_subcommand("remove", "delete a model from the cache");
        m_verify = command.add_subcommand("verify", "compare every file with its hash");
        for (CLI::App* with : {m_pull, m_remove, m_verify}) {
            with->add_option("id", m_id, "model id, as google/gemma-3-4b-it")->type_name("ID")->required();
        }
        m_pull->add_option("--revision", m_options.revision, "branch, tag or commit")->capture_default_str()->type_name("REV");
        m_pull->add_option("--include", m_options.include, "only files that match this pattern (repeatable)")
            ->type_name("PATTERN")
            ->allow_extra_args(false);
        for (CLI::App* any : {m_list, m_pull, m_remove, m_verify})
            any->fallthrough();  // --json and its kind belong to the verb
    }

    Result<void> run(const Invocation& invocation) override {
        ASSIGN_OR_RETURN(net::HubSettings settings, net::hubSettingsFromEnvironment());
        const net::Hub hub(std::move(settings));
        if (m_list->parsed()) return list(hub, invocation.console);
        if (m_id == session::kDemoModel)
            return Error{ErrorCode::Usage, "the demo model comes with Lapidary and is not in the cache", "id"};
        if (m_pull->parsed()) return pull(hub, invocation);
        if (m_remove->parsed()) return remove(hub, invocation.console);
        return verify(hub, invocation);
    }

private:
    static Result<void> list(const net::Hub& hub, const Console& console) {
        ASSIGN_OR_RETURN(auto models, hub.list());
        const bool isCacheEmpty = models.empty();
        if (const auto demo = session::resolveModelPath(session::kDemoModel))
            models.insert(models.begin(), shippedModel(*demo));
        if (console.json) {
            ordered_json document = ordered_json::array();
            for (const net::CachedModel& model : models) {
                document.push_back({{"id", model.id},
                                    {"revision", model.revision},
                                    {"path", model.snapshot.string()},
                                    {"bytes", model.sizeBytes},
                                    {"files", model.files},
                                    {"complete", model.complete}});
            }
            printJson(document);
            return {};
        }
        for (const net::CachedModel& model : models) {
            std::cout << model.id << "  " << megabytes(model.sizeBytes) << "  "
                      << (model.revision.empty() ? "comes with Lapidary" : model.revision.substr(0, 12))
                      << (model.complete ? "" : "  (incomplete: lapidary model pull " + model.id + ")") << '\n';
        }
        if (isCacheEmpty) console.note("The cache holds no model. Fetch one with: lapidary model pull google/gemma-3-1b-it");
        return {};
    }

    Result<void> pull(const net::Hub& hub, const Invocation& invocation) {
        Result<net::PullResult> pulled = Error{};
        {
            ProgressLine line(invocation.console.progressWanted());
            const bool isJson = invocation.console.json;
            auto told = std::chrono::steady_clock::time_point();
            m_options.progress = [&, isJson](const net::PullProgress& progress) {
                const auto now = std::chrono::steady_clock::now();
                const bool isWhole = progress.fileBytes == progress.fileTotal;
                if (isJson && (isWhole || now - told > kProgressPause)) {
                    told = now;
                    printJson({{"file", progress.file},
                               {"bytes", progress.fileBytes},
                               {"total_bytes", progress.fileTotal},
                               {"index", progress.fileIndex},
                               {"count", progress.fileCount}},
                              -1);
                }
                line.show("[" + std::to_string(progress.fileIndex) + "/" + std::to_string(progress.fileCount) + "] " +
                              progress.file + "  " + megabytes(progress.fileBytes) + " of " + megabytes(progress.fileTotal),
                          progress.fileBytes == progress.fileTotal);
            };
            pulled = hub.pull(m_id, m_options, invocation.stop);
        }
        if (!pulled) return pulled.error();
        if (invocation.console.json) {
            printJson({{"id", m_id},
                       {"commit", pulled->commit},
                       {"path", pulled->snapshot.string()},
                       {"downloaded_files", pulled->downloadedFiles},
                       {"downloaded_bytes", pulled->downloadedBytes}},
                      -1);
        } else {
            std::cout << pulled->snapshot.string() << '\n';
            invocation.console.note(std::to_string(pulled->downloadedFiles) + " files, " + megabytes(pulled->downloadedBytes) +
                                    " downloaded, every file checked against its hash");
        }
        return {};
    }

    Result<void> remove(const net::Hub& hub, const Console& console) const {
        ASSIGN_OR_RETURN(const std::uint64_t bytes, hub.remove(m_id));
        if (console.json)
            printJson({{"id", m_id}, {"freed_bytes", bytes}});
        else
            std::cout << m_id << ": " << megabytes(bytes) << " freed\n";
        return {};
    }

    Result<void> verify(const net::Hub& hub, const Invocation& invocation) const {
        ASSIGN_OR_RETURN(const auto files, hub.verify(m_id, invocation.stop));
        std::size_t wrong = 0;
        ordered_json document{{"id", m_id}, {"files", ordered_json::array()}};
        for (const net::VerifiedFile& file : files) {
            if (!file.matches) ++wrong;
            document["files"].push_back({{"file", file.file}, {"matches", file.matches}, {"problem", file.problem}});
            if (!invocation.console.json)
                std::cout << (file.matches ? "ok       " : "DIFFERS  ") << file.file
                          << (file.matches ? "" : ": " + file.problem) << '\n';
        }
        if (invocation.console.json) printJson(document);
        if (wrong == 0) return {};
        return Error{ErrorCode::Different,
                     std::to_string(wrong) + " of " + std::to_string(files.size()) + " files of '" + m_id +
                         "' are not what their hashes say; remove the model and pull it again",
                     ""};
    }

    CLI::App* m_list = nullptr;
    CLI::App* m_pull = nullptr;
    CLI::App* m_remove = nullptr;
    CLI::App* m_verify = nullptr;
    std::string m_id;
    net::PullOptions m_options;
};

}  // namespace

std::unique_ptr<Verb> makeModelVerb() { return std::make_unique<ModelVerb>(); }

}  // namespace lapidary::app
