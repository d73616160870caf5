#include "core/data/scenes/scorer.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/data/text/chat_template.h"
#include "core/shared/base/json.h"

namespace lapidary::scenes {
namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 200> line{};
    std::snprintf(line.data(), line.size(), format, values...);
    return line.data();
}

double shareOf(std::int64_t right, std::int64_t asked) {
    return asked == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(asked);
}

// A dash where nothing was asked.
std::string percent(bool asked, double share) { return asked ? formatted("%.1f", 100.0 * share) : "-"; }

// A line of a table: a kind's name, how often it was asked for, a cell a way of showing.
struct TableLine {
    std::string name;
    std::int64_t asked = 0;
    std::array<std::string, 3> cells;
};

// Every kind that was asked for, then all of them.
std::vector<TableLine> tableLines(const Scores& scores) {
    const std::array<const Scorer*, 3> columns{&scores.panAndScan, &scores.wholeOnly, &scores.blank};
    std::vector<TableLine> lines;
    lines.reserve(kKindCount + 1);
    for (std::size_t i = 0; i < kKindCount; ++i) {
        const auto kind = static_cast<Kind>(i);
        if (scores.panAndScan.asked(kind) == 0) continue;
        TableLine line{std::string(nameOf(kind)), scores.panAndScan.asked(kind), {}};
        for (std::size_t c = 0; c < columns.size(); ++c)
            line.cells[c] = percent(columns[c]->asked(kind) > 0, columns[c]->accuracy(kind));
        lines.push_back(std::move(line));
    }
    TableLine all{"all", scores.panAndScan.asked(), {}};
    for (std::size_t c = 0; c < columns.size(); ++c) all.cells[c] = percent(columns[c]->asked() > 0, columns[c]->accuracy());
    lines.push_back(std::move(all));
    return lines;
}

std::string gainSentence(const Scores& scores) {
    if (scores.panAndScan.asked(Kind::SmallPrint) == 0 || scores.wholeOnly.asked(Kind::SmallPrint) == 0) return "";
    return formatted("Small print: %.1f %% right with pan & scan, %.1f %% without it: %.1f points gained.\n",
                     100.0 * scores.panAndScan.accuracy(Kind::SmallPrint), 100.0 * scores.wholeOnly.accuracy(Kind::SmallPrint),
                     100.0 * scores.smallPrintGain());
}

}  // namespace

bool isRight(std::string_view expected, std::string_view given) {
    return text::stripPython(given) == text::stripPython(expected);
}

void Scorer::add(Kind kind, std::int64_t right, std::int64_t asked) {
    m_asked[indexOf(kind)] += asked;
    m_right[indexOf(kind)] += right;
}

void Scorer::add(const Scorer& other) {
    for (std::size_t kind = 0; kind < kKindCount; ++kind) {
        m_asked[kind] += other.m_asked[kind];
        m_right[kind] += other.m_right[kind];
    }
}

std::int64_t Scorer::asked() const { return std::accumulate(m_asked.begin(), m_asked.end(), std::int64_t{0}); }

double Scorer::accuracy() const { return shareOf(std::accumulate(m_right.begin(), m_right.end(), std::int64_t{0}), asked()); }

double Scorer::accuracy(Kind kind) const { return shareOf(m_right[indexOf(kind)], m_asked[indexOf(kind)]); }

Json Scorer::toJson() const {
    Json root{{"asked", asked()}, {"accuracy", accuracy()}, {"kinds", Json::object()}};
    for (std::size_t i = 0; i < kKindCount; ++i) {
        const auto kind = static_cast<Kind>(i);
        if (asked(kind) > 0) root["kinds"][std::string(nameOf(kind))] = {{"asked", asked(kind)}, {"accuracy", accuracy(kind)}};
    }
    return root;
}

double Scores::smallPrintGain() const { return panAndScan.accuracy(Kind::SmallPrint) - wholeOnly.accuracy(Kind::SmallPrint); }

Json Scores::toJson() const {
    return {{"pan_and_scan", panAndScan.toJson()},
            {"whole_only", wholeOnly.toJson()},
            {"blank", blank.toJson()},
            {"small_print_gain", smallPrintGain()}};
}

std::vector<std::string> brokenPromises(const Scores& scores, const Promises& promises) {
    std::vector<std::string> broken;
    const auto atLeast = [&](const std::string& what, double found, double expected) {
        if (found < expected)
            broken.push_back(
                formatted("%s: %.1f %% right, expected at least %.1f %%", what.c_str(), 100.0 * found, 100.0 * expected));
    };
    atLeast("all questions", scores.panAndScan.accuracy(), promises.overall);
    for (std::size_t i = 0; i < kPromisedKinds; ++i) {
        const auto kind = static_cast<Kind>(i);
        atLeast("kind '" + std::string(nameOf(kind)) + "'", scores.panAndScan.accuracy(kind), promises.everyKind);
    }
    const double blank = scores.blank.accuracy();
    if (scores.blank.asked() == 0 || blank > promises.blankAtMost) {
        broken.push_back(formatted("blank pictures: %.1f %% right in %lld questions, expected at most %.1f %%", 100.0 * blank,
                                   static_cast<long long>(scores.blank.asked()), 100.0 * promises.blankAtMost));
    }
    const double gain = scores.smallPrintGain();
    if (scores.wholeOnly.asked(Kind::SmallPrint) == 0 || gain < promises.smallPrintGain) {
        broken.push_back(formatted("small print: %.1f points gained by pan & scan, expected at least %.1f", 100.0 * gain,
                                   100.0 * promises.smallPrintGain));
    }
    return broken;
}

std::string scoreTable(const Scores& scores) {
    std::string table = formatted("%-12s %7s %14s %12s %8s\n", "kind", "asked", "pan & scan %", "whole only %", "blank %");
    for (const TableLine& line : tableLines(scores)) {
        table += formatted("%-12s %7lld %14s %12s %8s\n", line.name.c_str(), static_cast<long long>(line.asked),
                           line.cells[0].c_str(), line.cells[1].c_str(), line.cells[2].c_str());
    }
    return table + gainSentence(scores);
}

std::string scoreMarkdown(const Scores& scores) {
    std::string table =
        "| kind | asked | with pan & scan, % right | whole picture only | blank picture |\n| --- | ---: | ---: | ---: | ---: "
        "|\n";
    for (const TableLine& line : tableLines(scores)) {
        table += formatted("| %s | %lld | %s | %s | %s |\n", line.name.c_str(), static_cast<long long>(line.asked),
                           line.cells[0].c_str(), line.cells[1].c_str(), line.cells[2].c_str());
    }
    const std::string gain = gainSentence(scores);
    return gain.empty() ? table : table + "\n" + gain;
}

}  // namespace lapidary::scenes
