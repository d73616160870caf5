#include "gui/chat/preview_views.h"

#include <QLocale>
#include <QSizeF>

#include "gui/chat/tile_roles.h"

namespace lapidary::gui {

int PreviewViews::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(m_views.size()); }

QVariant PreviewViews::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const protocol::PreviewView& view = m_views[static_cast<std::size_t>(index.row())];
    switch (role) {
        case Qt::DisplayRole: return title(index.row());
        case Qt::AccessibleTextRole: return accessibleText(index.row());
        case Qt::ToolTipRole:  // what nobody wants to be read out
            return accessibleText(index.row()) + QLatin1Char(' ') +
                   tr("Its pixels have the SHA-256 %1.").arg(QString::fromStdString(view.sha256));
        case TileImage: return QString::fromStdString(view.path);
        case TileAspect: return QSizeF(1.0, 1.0);  // as the model sees it: stretched into a square
        case TileBadge: return view.whole ? QString() : QString::number(index.row());
        case TileLines:
            return QStringList{title(index.row()), tr("%Ln token(s)", nullptr, static_cast<int>(view.tokens)), time()};
        case TileStateRole: return static_cast<int>(TileState::Ready);
        default: return {};
    }
}

QString PreviewViews::title(int row) const {
    return m_views[static_cast<std::size_t>(row)].whole ? tr("Whole picture") : tr("Crop %1").arg(row);
}

QString PreviewViews::time() const {
    if (!m_millisecondsPerView) return {};
    return tr("%1 ms").arg(QLocale().toString(*m_millisecondsPerView, 'f', 0));
}

QString PreviewViews::accessibleText(int row) const {
    const protocol::PreviewView& view = m_views[static_cast<std::size_t>(row)];
    QStringList sentences{tr("%1: %2 by %3 pixels, %4 from the left and %5 from the top, %L6 tokens.")
                              .arg(title(row))
                              .arg(view.box.right - view.box.left)
                              .arg(view.box.bottom - view.box.top)
                              .arg(view.box.left)
                              .arg(view.box.top)
                              .arg(view.tokens)};
    if (m_millisecondsPerView)
        sentences.append(tr("A view took %1 milliseconds when it was measured last.")
                             .arg(QLocale().toString(*m_millisecondsPerView, 'f', 0)));
    return sentences.join(QLatin1Char(' '));
}

void PreviewViews::show(const std::vector<protocol::PreviewView>& views, std::optional<double> millisecondsPerView) {
    if (views == m_views) {
        if (millisecondsPerView == m_millisecondsPerView) return;
        m_millisecondsPerView = millisecondsPerView;
        if (!m_views.empty()) emit dataChanged(index(0), index(rowCount() - 1));
        return;
    }
    beginResetModel();
    m_views = views;
    m_millisecondsPerView = millisecondsPerView;
    endResetModel();
}

}  // namespace lapidary::gui
