// `lapidary convert merge`: a base model and adapters become one folder, proved against both.  `lapidary convert cast`: another type of
// number.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lapidary/json_output.h"
#include "app/lapidary/verb.h"
#include "app/lapidary/verb_group.h"
#include "core/data/checkpoint/cast_model.h"
#include "core/engine/session/merge_adapter.h"
#include "core/engine/session/opened_checkpoint.h"

namespace lapidary::app {
namespace {

// Drawn over while it lasts.
std::function<void(const std::string&, double)> percentProgress(const Console& console, const std::string& what) {
    if (!console.progressWanted()) return {};
    return [what](const std::string&, double fraction) {
        std::cerr << '\r' << what << ' ' << static_cast<int>(100.0 * fraction) << " %" << std::flush;
    };
}

class MergeVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        command.add_option("-m,--model,--hf-model-path", m_request.model, "the base: folder, or id in the local cache")
            ->required()
            ->type_name("M");
        command
            .add_option("--adapter,--lora-checkpoint", m_request.adapters, "PEFT adapter folder (repeatable: they are added)")
            ->required()
            ->type_name("DIR")
            ->allow_extra_args(false);
        command.add_option("-o,--output", m_output, "folder to write; must not exist")->required()->type_name("DIR");
    }

    Result<void> run(const Invocation& invocation) override {
        m_request.output = m_output;
        m_request.onProgress = percentProgress(invocation.console, "merging");
        const auto report = session::mergeAdapter(m_request, invocation.stop);
        if (invocation.console.progressWanted()) std::cerr << '\n';
        if (!report) return report.error();
        for (const std::string& warning : report->warnings) invocation.console.warning(warning);
        if (invocation.console.json)
            printJson({{"output", m_output},
                       {"tensors", report->tensors},
                       {"changed_tensors", report->changedTensors},
                       {"touched_tensors", report->touchedTensors},
                       {"bytes", report->bytes},
                       {"merged_to_adapter", report->mergedToAdapter},
                       {"merged_to_base", report->mergedToBase},
                       {"tolerance", report->tolerance}});
        else
            print(*report);
        return {};
    }

private:
    void print(const session::MergeReport& report) const {
        std::cout << "folder               " << m_output << "\ntensors              " << report.tensors << ", of which "
                  << report.changedTensors << " differ from the base (the adapters touch " << report.touchedTensors << ")\n"
                  << "merged - adapter     " << report.mergedToAdapter << " (largest difference of a logit; allowed "
                  << report.tolerance << ")\nmerged - base        " << report.mergedToBase << '\n';
    }

    session::MergeRequest m_request;
    std::string m_output;
};

class CastVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        command.add_option("-m,--model,--hf-model-path", m_model, "folder, or id in the local cache")
            ->required()
            ->type_name("M");
        command.add_option("--dtype", m_request.dtype, "what its weights become")
            ->required()
            ->check(CLI::IsMember({"float32", "bfloat16", "float16"}))
            ->type_name("float32|bfloat16|float16");
        command.add_option("-o,--output", m_output, "folder to write; must not exist")->required()->type_name("DIR");
        command.footer(
            "Example:\n  lapidary convert cast --model run/checkpoints/iter_0000300/model --dtype bfloat16 --output model");
    }

    Result<void> run(const Invocation& invocation) override {
        ASSIGN_OR_RETURN(m_request.model, session::resolveModelPath(m_model));
        m_request.output = m_output;
        m_request.onProgress = percentProgress(invocation.console, "writing");
        const auto report = checkpoint::castModel(m_request, invocation.stop);
        if (invocation.console.progressWanted()) std::cerr << '\n';
        if (!report) return report.error();
        for (const std::string& warning : report->warnings) invocation.console.warning(warning);
        if (invocation.console.json)
            printJson({{"output", m_output},
                       {"dtype", m_request.dtype},
                       {"tensors", report->tensors},
                       {"cast_tensors", report->castTensors},
                       {"bytes", report->bytes},
                       {"largest_relative_change", report->largestChange}});
        else
            std::cout << "folder               " << m_output << "\ntensors              " << report->tensors << ", of which "
                      << report->castTensors << " were stored in another type\nbytes                " << report->bytes
                      << "\nlargest change       " << report->largestChange << " of a number (its rounding)\n";
        return {};
    }

private:
    std::string m_model;
    std::string m_output;
    checkpoint::CastRequest m_request;
};

}  // namespace

std::unique_ptr<Verb> makeConvertVerb() {
    auto convert = std::make_unique<VerbGroup>();
    convert->add("cast", "write a model with its weights in another type of number", std::make_unique<CastVerb>());
    convert->add("merge", "write a model and its adapters as one folder, and prove it", std::make_unique<MergeVerb>());
    return convert;
}

}  // namespace lapidary::app
