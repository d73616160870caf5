// The pictures of the message that is being written, in its order, as a list.  A picture that was taken out is kept until the message
// is sent, for undo.  Lives on the main thread.
#pragma once

#include <QAbstractListModel>
#include <map>
#include <vector>

#include "gui/chat/message.h"
#include "gui/chat/picture_inspector.h"

namespace lapidary::gui {

class ComposerPictures final : public QAbstractListModel {
    Q_OBJECT

public:
    explicit ComposerPictures(EngineApi& engine, QObject* parent = nullptr);

    // tile_roles.h; also Qt::DisplayRole, ToolTipRole and AccessibleTextRole.
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    // Dragging within a list: asks for another order, by moveRequested().
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
    [[nodiscard]] Qt::DropActions supportedDropActions() const override { return Qt::MoveAction; }
    bool moveRows(const QModelIndex& from, int row, int count, const QModelIndex& to, int before) override;

    [[nodiscard]] const std::vector<int>& order() const { return m_order; }
    [[nodiscard]] int rowOf(int id) const;  // -1: not in the message
    [[nodiscard]] const Picture* find(int id) const;
    [[nodiscard]] const PictureInspection* inspection(int id) const { return m_inspector.find(id); }
    // With what the engine told: its size, and the views that the model will see.
    [[nodiscard]] Picture described(int id) const;
    [[nodiscard]] std::vector<int> failed() const;
    [[nodiscard]] bool isLoading() const;

    int add(Picture picture);  // its number, from 1; in the message only once setOrder() says so
    void setOrder(const std::vector<int>& order);
    void setViews(int id, const PictureViews& views);
    void retry(int id) { m_inspector.retry(id); }
    void clear();

signals:
    void pictureChanged(int id);
    void moveRequested(int id, int place);

private:
    [[nodiscard]] QString accessibleText(int row) const;
    [[nodiscard]] QStringList lines(int id) const;

    PictureInspector m_inspector;
    std::map<int, Picture> m_pictures;
    std::vector<int> m_order;
    int m_nextId = 1;
};

}  // namespace lapidary::gui
