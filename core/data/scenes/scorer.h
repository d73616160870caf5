// Right answers counted by kind of question.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/scenes/question.h"

namespace lapidary::scenes {

// The whole answer, character by character, white space at its ends aside.
bool isRight(std::string_view expected, std::string_view given);

class Scorer {
public:
    void add(Kind kind, bool right) { add(kind, right ? 1 : 0, 1); }
    void add(Kind kind, std::int64_t right, std::int64_t asked);
    void add(const Question& question, std::string_view given) { add(question.kind, isRight(question.answer, given)); }
    void add(const Scorer& other);

    [[nodiscard]] std::int64_t asked() const;
    [[nodiscard]] std::int64_t asked(Kind kind) const { return m_asked[indexOf(kind)]; }
    // Share of right answers, 0 to 1; 0 where nothing was asked.
    [[nodiscard]] double accuracy() const;
    [[nodiscard]] double accuracy(Kind kind) const;

    // {"asked": 2000, "accuracy": 0.93, "kinds": {"shape": {"asked": 160, "accuracy": 0.99}, …}}; kinds never asked are left out.
    [[nodiscard]] nlohmann::json toJson() const;

private:
    std::array<std::int64_t, kKindCount> m_asked{};
    std::array<std::int64_t, kKindCount> m_right{};
};

// The three ways of showing a picture.
struct Scores {
    Scorer panAndScan;
    Scorer wholeOnly;
    Scorer blank;

    // Points (0 to 1) by which more of the small print is read with pan & scan than without.
    [[nodiscard]] double smallPrintGain() const;
    // {"pan_and_scan": {…}, "whole_only": {…}, "blank": {…}, "small_print_gain": 0.84}
    [[nodiscard]] nlohmann::json toJson() const;
};

// What the demo model must reach on the evaluation set before it is shipped.
struct Promises {
    double overall = 0.90;
    double everyKind = 0.80;
    double blankAtMost = 0.45;
    double smallPrintGain = 0.50;  // with pan & scan over without
};
// One sentence for each promise that is broken ("kind 'count': 78.0 % right, expected at least 80.0 %"); empty: all are kept.
std::vector<std::string> brokenPromises(const Scores& scores, const Promises& promises = {});

// A table for people: a line a kind, a column a way of showing, in percent; the gain of pan & scan below it.
std::string scoreTable(const Scores& scores);
// The same as Markdown, for a model card.
std::string scoreMarkdown(const Scores& scores);

}  // namespace lapidary::scenes
