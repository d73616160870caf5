// Draws a model of the catalog: its name, where it comes from, and what it is.
#pragma once

#include "gui/widgets/two_line_delegate.h"

namespace lapidary::gui {

class ModelDelegate final : public TwoLineDelegate {
    Q_OBJECT

public:
    using TwoLineDelegate::TwoLineDelegate;

protected:
    [[nodiscard]] Lines lines(const QModelIndex& index) const override;
};

}  // namespace lapidary::gui
