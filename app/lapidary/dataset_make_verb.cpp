// `lapidary dataset make cord-v2 | medpix | raven`: a local copy (files, folder, Hugging Face cache) as JSON lines and picture files.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lapidary/dataset_options.h"
#include "app/lapidary/dataset_verbs.h"
#include "app/lapidary/json_output.h"
#include "core/data/dataset/record_writer.h"

namespace lapidary::app {
namespace {

class DatasetCopyVerb : public Verb {
public:
    explicit DatasetCopyVerb(std::string maker) : m_maker(std::move(maker)) {}

    void addOptions(CLI::App& command) override {
        command
            .add_option(
                "--from", m_from,
                "file, folder or repository id of the local copy (default: the maker's repository in the Hugging Face cache)")
            ->type_name("PATH");
        command.add_option("--split", m_split, "train, validation or test")->capture_default_str()->type_name("NAME");
        command.add_option("-o,--output", m_request.folder, "folder for <split>.jsonl and images/")
            ->required()
            ->type_name("DIR");
        command.add_option("--bad-rows", m_badRows, "rows that cannot be used")
            ->check(CLI::IsMember({"stop", "skip"}))
            ->capture_default_str()
            ->type_name("stop|skip");
        command.add_option("--limit", m_request.limit, "at most so many rows; 0: all")
            ->check(CLI::NonNegativeNumber)
            ->type_name("N");
        command.footer("Example:\n  lapidary dataset make cord-v2 --split validation --output receipts");
    }

    Result<void> run(const Invocation& invocation) override {
        ASSIGN_OR_RETURN(m_request.badRows, dataset::badRows(m_badRows));
        dataset::RecordRequest source;
        source.path = m_from;
        source.maker = m_maker;
        source.split = m_split;
        ASSIGN_OR_RETURN(const auto records, dataset::RecordSet::open(source, invocation.stop));
        m_request.progress = rowProgress(invocation.console);
        ASSIGN_OR_RETURN(const auto report, writeRecords(records, m_request, invocation.stop));
        nlohmann::ordered_json document{
            {"file", report.file.string()}, {"rows", report.rows}, {"pictures", report.pictures}, {"dropped", report.dropped}};
        document["left_out"] = nlohmann::ordered_json::array();
        for (const auto& finding : report.findings.kept())
            document["left_out"].push_back({{"place", finding.place}, {"message", finding.message}});
        if (invocation.console.json) {
            printJson(document);
            return {};
        }
        std::cout << report.file.string() << '\n';
        for (const auto& finding : report.findings.kept()) invocation.console.warning(finding.place + ": " + finding.message);
        invocation.console.note(
            std::to_string(report.rows) + " rows with " + std::to_string(report.pictures) + " pictures" +
            (report.dropped > 0 ? "; " + std::to_string(report.dropped) + " dropped by the maker's own rule" : ""));
        return {};
    }

private:
    std::string m_maker;
    std::string m_from;
    std::string m_split = "train";
    std::string m_badRows = "stop";
    dataset::WriteRequest m_request;
};

}  // namespace

std::unique_ptr<Verb> makeDatasetCopyVerb(const std::string& maker) { return std::make_unique<DatasetCopyVerb>(maker); }

}  // namespace lapidary::app
