#include "core/data/dataset/finding.h"

namespace lapidary::dataset {
namespace {

struct RuleText {
    Rule rule;
    const char* name;
    const char* meaning;
};

constexpr std::array<RuleText, 24> kRules{{
    {Rule::BadRow, "bad_row", "the row cannot be read"},
    {Rule::BadRecord, "bad_record", "the row's columns make no conversation"},
    {Rule::RoleOrder, "role_order", "turns do not alternate between user and assistant"},
    {Rule::SystemAfterUser, "system_after_user", "a system message stands behind other turns"},
    {Rule::ToolRole, "tool_role", "Gemma 3's template knows no tool turns"},
    {Rule::NoAnswer, "no_answer", "there is no assistant turn to learn from"},
    {Rule::EmptyAnswer, "empty_answer", "an assistant turn is empty"},
    {Rule::PictureCount, "picture_count", "places and pictures differ in number"},
    {Rule::PictureMissing, "picture_missing", "a picture's file is not there"},
    {Rule::PictureUnreadable, "picture_unreadable", "a picture cannot be decoded"},
    {Rule::UrlRefused, "url_refused", "a picture is an address, which is followed with consent alone"},
    {Rule::TooLong, "too_long", "the sample is longer than the limit"},
    {Rule::TooLongSkipped, "too_long_skipped", "the sample is longer than the limit and is left out"},
    {Rule::TooLongSplit, "too_long_split", "the sample is longer than the limit; its text is split into several"},
    {Rule::NoLabels, "no_labels", "every label of the sample is masked"},
    {Rule::EndsWithQuestion, "ends_with_question", "the last turn is the user's: nothing is learned from it"},
    {Rule::PictureInAnswer, "picture_in_answer", "an assistant turn holds a picture"},
    {Rule::PictureUnused, "picture_unused", "a picture has no place in the text"},
    {Rule::DuplicateId, "duplicate_id", "the id is another row's too"},
    {Rule::DuplicateRow, "duplicate_row", "an earlier row has the same texts and pictures"},
    {Rule::MarkersInText, "markers_in_text", "the text holds template markers, which stay plain text"},
    {Rule::AnswerNotFound, "answer_not_found", "an answer's tokens were not found in the sample"},
    {Rule::OverlapPicture, "overlap_picture", "a picture of the evaluation set is in the training set"},
    {Rule::OverlapText, "overlap_text", "a conversation of the evaluation set is in the training set"},
}};

const RuleText& textOf(Rule rule) { return kRules.at(static_cast<std::size_t>(rule)); }

}  // namespace

const char* ruleName(Rule rule) { return textOf(rule).name; }
const char* ruleMeaning(Rule rule) { return textOf(rule).meaning; }

}  // namespace lapidary::dataset
