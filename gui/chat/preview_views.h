// The views of one picture that go into the model, as a list: the whole picture first, then its crops.  Lives on the main thread.
#pragma once

#include <QAbstractListModel>
#include <optional>
#include <vector>

#include "core/shared/protocol/event.h"

namespace lapidary::gui {

class PreviewViews final : public QAbstractListModel {
    Q_OBJECT

public:
    using QAbstractListModel::QAbstractListModel;

    // tile_roles.h; also Qt::DisplayRole, ToolTipRole and AccessibleTextRole.
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] const std::vector<protocol::PreviewView>& views() const { return m_views; }

    // `millisecondsPerView`: as measured with this model; absent where nothing was measured.
    void show(const std::vector<protocol::PreviewView>& views, std::optional<double> millisecondsPerView);

private:
    [[nodiscard]] QString title(int row) const;
    [[nodiscard]] QString accessibleText(int row) const;
    [[nodiscard]] QString time() const;

    std::vector<protocol::PreviewView> m_views;
    std::optional<double> m_millisecondsPerView;
};

}  // namespace lapidary::gui
