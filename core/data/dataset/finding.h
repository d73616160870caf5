// What is wrong, or odd, with a row of a data set: one list of rules for the check before a run, for training and for people.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::dataset {

enum class Rule : std::uint8_t {
    // Rows that cannot be used.
    BadRow,           // no JSON, a damaged column, a line that is too long
    BadRecord,        // columns or parts that make no conversation
    RoleOrder,        // turns that do not alternate between user and assistant
    SystemAfterUser,  // a system message that is not the first
    ToolRole,         // tool and function turns: Gemma 3's template has none
    NoAnswer,         // no assistant turn at all
    EmptyAnswer,      // an assistant turn without text
    PictureCount,     // markers without a picture
    PictureMissing,   // a file that is not there
    PictureUnreadable,
    UrlRefused,  // an address, without consent
    TooLong,     // with the policy "fail"
    // Samples that are left out, or used with a word about them.
    TooLongSkipped,
    TooLongSplit,
    NoLabels,          // every label of the sample is masked
    EndsWithQuestion,  // the last turn is the user's: nothing is learned from it
    PictureInAnswer,
    PictureUnused,  // listed, but no marker takes it
    DuplicateId,
    DuplicateRow,  // the same texts and pictures as an earlier row
    MarkersInText,  // template markers typed in the text: rendered twice, or another model's
    AnswerNotFound,  // loss_mask_mode=search did not find an answer's tokens
    OverlapPicture,  // a picture of the evaluation set is one of the training set
    OverlapText,
};

enum class Severity : std::uint8_t { Error, Warning };

// "role_order": for JSON and for people who search.
const char* ruleName(Rule rule);
// A sentence of what the rule means.
const char* ruleMeaning(Rule rule);
inline Severity severityOf(Rule rule) { return rule <= Rule::TooLong ? Severity::Error : Severity::Warning; }

struct Finding {
    Rule rule = Rule::BadRow;
    std::int64_t row = 0;  // in the set, from 0
    std::string place;     // "train.jsonl:12"
    std::string message;   // one sentence
};

// Findings of many rows: all are counted, the first of each rule are kept.
class FindingList {
public:
    static constexpr std::size_t kKeptOfEachRule = 50;

    void add(Finding finding) {
        const std::int64_t count = ++m_counts[finding.rule];
        if (count <= static_cast<std::int64_t>(kKeptOfEachRule)) m_kept.push_back(std::move(finding));
    }
    [[nodiscard]] const std::vector<Finding>& kept() const { return m_kept; }
    [[nodiscard]] const std::map<Rule, std::int64_t>& counts() const { return m_counts; }
    [[nodiscard]] std::int64_t count(Rule rule) const {
        const auto found = m_counts.find(rule);
        return found == m_counts.end() ? 0 : found->second;
    }

private:
    std::vector<Finding> m_kept;
    std::map<Rule, std::int64_t> m_counts;
};

}  // namespace lapidary::dataset
