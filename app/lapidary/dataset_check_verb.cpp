// `lapidary dataset check`: every row is read before a run; findings by rule, rows named, exit code 3 where the set cannot be used.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lapidary/dataset_options.h"
#include "app/lapidary/dataset_verbs.h"
#include "app/lapidary/json_output.h"

namespace lapidary::app {
namespace {

using dataset::Finding;
using dataset::Severity;
using dataset::SurveyReport;
using nlohmann::ordered_json;

const char* severityName(dataset::Rule rule) { return severityOf(rule) == Severity::Error ? "error" : "warning"; }

ordered_json reportJson(const SurveyReport& report, const Result<void>& usable) {
    ordered_json json{{"name", report.name},
                      {"usable", usable.has_value()},
                      {"rows", report.rows},
                      {"usable_rows", report.usableRows},
                      {"error_rows", report.errorRows},
                      {"dropped_rows", report.droppedRows},
                      {"pictures", report.pictures}};
    if (!usable) json["reason"] = usable.error().message;
    json["columns"] = report.columns;
    if (report.tokenised) {
        json["samples"] = report.samples;
        json["tokens"] = {{"min", report.minTokens},
                          {"max", report.maxTokens},
                          {"total", report.totalTokens},
                          {"learned", report.totalLabels}};
        json["template_problems"] = report.templateProblems;
    }
    json["counts"] = ordered_json::object();
    for (const auto& [rule, count] : report.findings.counts())
        json["counts"][ruleName(rule)] = {{"severity", severityName(rule)}, {"rows", count}};
    json["findings"] = ordered_json::array();
    for (const Finding& finding : report.findings.kept()) {
        json["findings"].push_back({{"rule", ruleName(finding.rule)},
                                    {"severity", severityName(finding.rule)},
                                    {"row", finding.row},
                                    {"place", finding.place},
                                    {"message", finding.message}});
    }
    return json;
}

void printReport(const SurveyReport& report, const Result<void>& usable) {
    std::cout << report.name << ": " << report.usableRows << " of " << report.rows << " rows can be used, " << report.pictures
              << " pictures\n";
    for (const auto& [column, meanings] : report.columns) {
        for (const auto& [meaning, count] : meanings)
            std::cout << "  column " << column << " → " << meaning << "  (" << count << " rows)\n";
    }
    if (report.droppedRows > 0) std::cout << "  " << report.droppedRows << " rows are dropped by the maker's own rule\n";
    if (report.tokenised && report.samples > 0) {
        std::cout << "  " << report.samples << " samples of " << report.minTokens << " to " << report.maxTokens << " tokens, "
                  << report.totalTokens << " in all, " << report.totalLabels << " learned\n";
    }
    for (const std::string& problem : report.templateProblems) std::cout << "  template: " << problem << '\n';
    for (const auto& [rule, count] : report.findings.counts()) {
        std::cout << severityName(rule) << " " << ruleName(rule) << ": " << count << " × " << ruleMeaning(rule) << '\n';
        int shown = 0;
        for (const Finding& finding : report.findings.kept()) {
            if (finding.rule != rule || ++shown > 5) continue;
            std::cout << "    " << finding.place << ": " << finding.message << '\n';
        }
        if (count > 5)
            std::cout << "    … " << count - 5 << " more (--json lists up to " << dataset::FindingList::kKeptOfEachRule
                      << " of each rule)\n";
    }
    std::cout << (usable ? "usable" : "CANNOT BE USED: " + usable.error().message) << '\n';
}

class DatasetCheckVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addDatasetOptions(command, m_data);
        addSampleOptions(command, m_samples);
        command.add_option("--eval", m_eval, "an evaluation set, which may share no picture or text with the other")
            ->type_name("PATH");
        command.add_option("--eval-split", m_evalSplit, "split of the evaluation set (of --data where --eval is left out)")
            ->type_name("NAME");
        command.add_flag("--no-decode", m_noDecode, "look for the pictures' files without decoding them");
        command.footer(
            "Example:\n  lapidary dataset check train.jsonl --eval test.jsonl --model google/gemma-3-4b-it --max-tokens 4096");
    }

    Result<void> run(const Invocation& invocation) override {
        ASSIGN_OR_RETURN(const auto processor, m_samples.processor(invocation));
        ASSIGN_OR_RETURN(const auto settings, m_samples.settings(m_data, processor.get()));
        ASSIGN_OR_RETURN(const auto policy, dataset::badRows(m_data.badRows));
        ASSIGN_OR_RETURN(const SurveyReport training,
                         survey(m_data.data, m_data.split, processor.get(), settings, nullptr, invocation));
        const auto usable = usableOrError(training, policy);
        ordered_json document{{"train", reportJson(training, usable)}};
        if (!invocation.console.json) printReport(training, usable);
        Result<void> evalUsable;
        if (!m_eval.empty() || !m_evalSplit.empty()) {
            const std::string split = m_evalSplit.empty() ? m_data.split : m_evalSplit;
            ASSIGN_OR_RETURN(const SurveyReport eval, survey(m_eval.empty() ? m_data.data : m_eval, split, processor.get(),
                                                             settings, &training, invocation));
            evalUsable = usableOrError(eval, policy);
            document["eval"] = reportJson(eval, evalUsable);
            if (!invocation.console.json) printReport(eval, evalUsable);
        }
        if (invocation.console.json) printJson(document);
        if (processor == nullptr) invocation.console.note("Without --model neither lengths nor labels were checked.");
        RETURN_IF_ERROR(usable);
        return evalUsable;
    }

private:
    [[nodiscard]] Result<SurveyReport> survey(const std::string& path, const std::string& split,
                                              const processor::Gemma3Processor* processor,
                                              const dataset::SampleSettings& settings, const SurveyReport* training,
                                              const Invocation& invocation) const {
        ASSIGN_OR_RETURN(const auto request, m_data.request(path, split));
        ASSIGN_OR_RETURN(const auto records, dataset::RecordSet::open(request, invocation.stop));
        const auto depth = m_noDecode ? dataset::SurveyDepth::Files : dataset::SurveyDepth::Decoded;
        ASSIGN_OR_RETURN(auto survey, dataset::surveyRecords(
                                          {&records, processor, settings, depth, training, rowProgress(invocation.console)},
                                          invocation.stop));
        return std::move(survey.report);
    }

    DatasetOptions m_data;
    SampleOptions m_samples;
    std::string m_eval;
    std::string m_evalSplit;
    bool m_noDecode = false;
};

}  // namespace

std::unique_ptr<Verb> makeDatasetCheckVerb() { return std::make_unique<DatasetCheckVerb>(); }

}  // namespace lapidary::app
