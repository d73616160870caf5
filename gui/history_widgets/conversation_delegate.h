// Draws a conversation: its title, and when it was last used or where the words of a search stand in it.
#pragma once

#include "gui/widgets/two_line_delegate.h"

namespace lapidary::gui {

class ConversationDelegate final : public TwoLineDelegate {
    Q_OBJECT

public:
    using TwoLineDelegate::TwoLineDelegate;

protected:
    [[nodiscard]] Lines lines(const QModelIndex& index) const override;
};

}  // namespace lapidary::gui
