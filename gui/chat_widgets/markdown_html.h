// An answer's Markdown as HTML for an exported page: the same blocks and the same reading as in the window, as elements of their meaning.
#pragma once

#include <QString>

namespace lapidary::gui {

// Elements alone, no document around them.  No script, no image and no address but those that may be opened; all text is escaped.
// Headings begin at <h3>: the page's title and its speakers stand above.  Code is coloured by the classes k, s, c and n (keyword, string,
// comment, number).  May be called from any thread.
[[nodiscard]] QString markdownHtml(const QString& source);

}  // namespace lapidary::gui
