// Search through titles and everything that was said.
#pragma once

#include <QString>
#include <vector>

#include "gui/history/history_types.h"
#include "gui/history/sql_connection.h"

namespace lapidary::gui {

// What goes into the index: as long as `text`, letter by letter, so that a place in the one is a place in the other.  Turkish ı and İ
// become i, as SQLite's tokenizer takes other diacritics off but knows no dotless i: "istanbul", "ISTANBUL", "İstanbul" and
// "ıstanbul" find each other.
[[nodiscard]] QString foldedForSearch(QString text);

// FTS5's expression for what a person typed: every word has to be there, each may go on.  Whatever FTS5 would read as an operator is
// quoted.  Empty: nothing to search for.
[[nodiscard]] QString searchExpression(const QString& typed);

// Best first, at most `most`.
Result<std::vector<SearchHit>> searchHistory(SqlConnection& sql, const QString& typed, int most = 200);

}  // namespace lapidary::gui
