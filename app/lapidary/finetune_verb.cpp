// `lapidary finetune`: a training run from a recipe, or what it would be and need.
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "app/lapidary/finetune_options.h"
#include "app/lapidary/finetune_report.h"
#include "app/lapidary/verb.h"
#include "core/data/net/wandb_sync.h"
#include "core/engine/distributed/group_environment.h"
#include "core/engine/train/tensor_memory.h"
#include "core/engine/train/training_run.h"

namespace lapidary::app {
namespace {

std::optional<std::string> variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::optional<std::string>() : value;
}

// Version, commit, LibTorch and kernels: what a run that goes on must share with the one that began.
std::string oneLine(std::string text) {
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) text.replace(at, 1, "; ");
    return text;
}

// A silent rank is named within dist.distributed_timeout_minutes: a sixth of it is left for finding out which.
std::chrono::milliseconds groupTimeout(const plan::Recipe& recipe) {
    return std::chrono::seconds(50 * recipe.dist.distributedTimeoutMinutes);
}

std::function<std::int64_t()> peakBytesOf(at::Device device) {
    const auto plugin = ops::CudaPlugin::open();
    return [plugin, device] { return plugin ? plugin->peakBytes(device.index()) : 0; };
}

// Uploads after an evaluation or a checkpoint and at the end, when the recipe names a project.
class WandbGuest {
public:
    WandbGuest(const plan::Recipe& recipe, const plan::RunPlaces& places, const Console& console) : m_console(console) {
        if (!recipe.logger.wandbProject) return;
        net::WandbSettings settings;
        settings.project = *recipe.logger.wandbProject;
        settings.entity = recipe.logger.wandbEntity;
        settings.runId = net::wandbRunId(recipe.logger.wandbExpName.value_or(places.folder.filename().string()));
        settings.tensorboard = places.tensorboard;
        settings.log = places.folder / "wandb.log";
        m_sync = std::make_unique<net::WandbSync>(settings, variable("WANDB_API_KEY"), variable("PATH").value_or(""));
        if (!m_sync->whyOff().empty()) console.note(m_sync->whyOff());
    }
    void onEvent(const protocol::TrainingEventBody& body) {
        const bool last = std::holds_alternative<protocol::RunFinishedEvent>(body);
        if (m_sync == nullptr || !m_sync->whyOff().empty()) return;
        if (!last && !std::holds_alternative<protocol::EvaluationEvent>(body) &&
            !std::holds_alternative<protocol::SavedEvent>(body))
            return;
        const auto outcome = m_sync->start();
        if (!outcome) m_console.warning("Weights & Biases: " + outcome.error().toString());
        if (last && outcome && *outcome == net::WandbSync::Outcome::StillBusy) {
            m_console.note("An upload to Weights & Biases is still going on; for what it misses: " + m_sync->command());
        }
    }

private:
    const Console& m_console;
    std::unique_ptr<net::WandbSync> m_sync;
};

class FinetuneVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addFinetuneOptions(command, m_options);
        command.add_flag("--dry-run", m_dryRun, "print the recipe as it would run, and how it differs from the built-in one");
        command.add_flag("--estimate", m_estimate, "print the memory that the run would need");
        command.add_flag("--resume", m_resume, "go on with the run that is there");
        command.add_flag("--accept-changes", m_acceptChanges,
                         "resume although recipe, data or program changed: no longer bit for bit; with "
                         "checkpoint.ckpt_step: leave what was saved behind that step");
        command.add_option("--tell", m_word, "leave a word for the run that another process writes in the folder of --recipe")
            ->check(CLI::IsMember(train::runCommandNames()))
            ->type_name("WORD");
        command
            .add_option("--device", m_device,
                        "where the model learns (default: a GPU where there is one, for each rank its own)")
            ->type_name("auto|cpu|cuda|cuda:N");
        command.add_option("--threads", m_threads, "threads (default: all cores, shared among the ranks of a machine)")
            ->type_name("N");
    }

    [[nodiscard]] bool outlivesTerminal() const override { return !m_dryRun && !m_estimate; }

    Result<void> run(const Invocation& invocation) override {
        const Console& console = invocation.console;
        ASSIGN_OR_RETURN(const ResolvedRecipe resolved, resolveRecipe(m_options));
        const plan::SettledRecipe settled = plan::settle(resolved.recipe);
        const plan::Recipe& recipe = settled.recipe;
        const plan::RunPlaces places = plan::runPlaces(recipe, variable("SAVE_DIR"));
        if (!m_word.empty()) return train::tellRun(m_resume ? places.load : places.folder, train::runCommandOf(m_word));
        ASSIGN_OR_RETURN(const distributed::GroupSettings ranks, distributed::groupSettings(variable));
        const Result<void> runnable = plan::checkRecipe(recipe, ranks.size);
        if (ranks.rank > 0 && (m_dryRun || m_estimate)) return {};  // rank 0 tells
        if (m_dryRun) printDryRun(resolved, settled, runnable, places, console);
        if (m_estimate) {
            ASSIGN_OR_RETURN(const auto estimates,
                             estimateTraining(recipe, recipe.checkpoint.pretrainedCheckpoint.value_or(recipe.model.hfPath),
                                              m_threads, invocation.stop));
            printEstimates(estimates, console);
            if (m_device.starts_with("cuda"))
                console.note("This is what a run on the CPU needs; the memory of a GPU is not forecast.");
        }
        if (m_dryRun || m_estimate) return {};
        RETURN_IF_ERROR(runnable);
        RETURN_IF_ERROR(plan::checkDataset(recipe.dataset));
        if (ranks.rank == 0) {
            for (const std::string& note : settled.notes) console.note(note);
        }
        return train(recipe, places, ranks, invocation);
    }

private:
    Result<void> train(const plan::Recipe& recipe, const plan::RunPlaces& places, const distributed::GroupSettings& ranks,
                       const Invocation& invocation) const {
        train::useTensorMemory();
        std::signal(SIGPIPE, SIG_IGN);  // a reader or a rank that went away is seen by write()
        ASSIGN_OR_RETURN(const at::Device device, distributed::deviceOfRank(m_device, ranks));
        ASSIGN_OR_RETURN(const auto group, distributed::makeProcessGroup(variable, groupTimeout(recipe), device));
        TrainingConsole lines(recipe, invocation.console);
        std::optional<WandbGuest> guest;  // of rank 0, which alone hears of events
        if (group->rank() == 0) guest.emplace(recipe, places, invocation.console);
        train::RunRequest request;
        request.recipe = recipe;
        request.folder = m_resume ? places.load : places.folder;
        request.tensorboard = places.tensorboard;
        request.device = device;
        if (!device.is_cpu()) request.deviceBytes = peakBytesOf(device);
        request.resume = m_resume;
        request.acceptChanges = m_acceptChanges;
        request.threads = m_threads;
        request.build = oneLine(versionText());
        request.onEvent = [&](const protocol::TrainingEvent& event) {
            lines.show(event);
            if (guest) guest->onEvent(event.body);
        };
        ASSIGN_OR_RETURN(const train::RunResult result, train::runRecipe(request, *group, invocation.stop));
        if (result.reason == "stopped")
            return Error{ErrorCode::Cancelled, "stopped after step " + std::to_string(result.step), ""};
        return {};
    }

    FinetuneOptions m_options;
    bool m_dryRun = false;
    bool m_estimate = false;
    bool m_resume = false;
    std::string m_device = "auto";
    std::string m_word;
    bool m_acceptChanges = false;
    std::int64_t m_threads = 0;
};

}  // namespace

std::unique_ptr<Verb> makeFinetuneVerb() { return std::make_unique<FinetuneVerb>(); }

}  // namespace lapidary::app
