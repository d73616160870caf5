// `lapidary convert merge`: a base model and adapters become one folder, proved against both.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lapidary/json_output.h"
#include "app/lapidary/verb.h"
#include "app/lapidary/verb_group.h"
#include "core/engine/session/merge_adapter.h"

namespace lapidary::app {
namespace {

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
        if (invocation.console.progressWanted()) {
            m_request.onProgress = [](const std::string&, double fraction) {
                std::cerr << "\rmerging " << static_cast<int>(100.0 * fraction) << " %" << std::flush;
            };
        }
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

}  // namespace

std::unique_ptr<Verb> makeConvertVerb() {
    auto convert = std::make_unique<VerbGroup>();
    convert->add("merge", "write a model and its adapters as one folder, and prove it", std::make_unique<MergeVerb>());
    return convert;
}

}  // namespace lapidary::app
