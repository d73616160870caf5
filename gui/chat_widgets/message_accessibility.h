// The conversation as assistive technology sees it: a list whose items are the messages that are near.
#pragma once

namespace lapidary::gui {

// Tells Qt of it; again is no harm.
void installMessageAccessibility();

}  // namespace lapidary::gui
