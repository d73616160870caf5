#include "gui/chat/composer_pictures.h"

#include <QSizeF>
#include <algorithm>

#include "gui/chat/tile_roles.h"

namespace lapidary::gui {
namespace {

using State = PictureInspection::State;

TileState tileState(State state) {
    if (state == State::Loading) return TileState::Loading;
    return state == State::Ready ? TileState::Ready : TileState::Failed;
}

}  // namespace

ComposerPictures::ComposerPictures(EngineApi& engine, QObject* parent) : QAbstractListModel(parent), m_inspector(engine) {
    connect(&m_inspector, &PictureInspector::changed, this, [this](int id) {
        if (const int row = rowOf(id); row >= 0) emit dataChanged(index(row), index(row));
        emit pictureChanged(id);
    });
}

int ComposerPictures::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_order.size());
}

QVariant ComposerPictures::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const int id = m_order[static_cast<std::size_t>(index.row())];
    const PictureInspection& inspection = *m_inspector.find(id);
    switch (role) {
        case Qt::DisplayRole: return m_pictures.at(id).name;
        case Qt::AccessibleTextRole:
        case Qt::ToolTipRole: return accessibleText(index.row());
        case TileImage: return inspection.thumbnail;
        case TileAspect:
            return QSizeF(static_cast<double>(inspection.preview.width), static_cast<double>(inspection.preview.height));
        case TileBadge: return QString::number(index.row() + 1);
        case TileLines: return lines(id);
        case TileStateRole: return static_cast<int>(tileState(inspection.state));
        case TileId: return id;
        default: return {};
    }
}

// Between items, not on one, can something be dropped.
Qt::ItemFlags ComposerPictures::flags(const QModelIndex& index) const {
    const Qt::ItemFlags standard = QAbstractListModel::flags(index);
    return index.isValid() ? standard | Qt::ItemIsDragEnabled : standard | Qt::ItemIsDropEnabled;
}

bool ComposerPictures::moveRows(const QModelIndex& from, int row, int count, const QModelIndex& to, int before) {
    const bool isWithin = row >= 0 && row < rowCount() && before >= 0 && before <= rowCount();
    if (from.isValid() || to.isValid() || count != 1 || !isWithin || before == row || before == row + 1) return false;
    emit moveRequested(m_order[static_cast<std::size_t>(row)], before > row ? before - 1 : before);
    return true;
}

QStringList ComposerPictures::lines(int id) const {
    const PictureInspection& inspection = *m_inspector.find(id);
    const QString& name = m_pictures.at(id).name;
    if (inspection.state == State::Failed) return {name, tr("Not readable")};
    if (inspection.state == State::Loading) return {name, tr("Being read")};
    return {name, tr("%Ln token(s)", nullptr, static_cast<int>(inspection.preview.tokens))};
}

QString ComposerPictures::accessibleText(int row) const {
    const int id = m_order[static_cast<std::size_t>(row)];
    const PictureInspection& inspection = *m_inspector.find(id);
    const QString which = tr("Picture %1 of %2: %3.").arg(row + 1).arg(rowCount()).arg(m_pictures.at(id).name);
    QStringList sentences{which};
    if (inspection.state == State::Loading) sentences.append(tr("It is being read."));
    if (inspection.state == State::Failed) {
        sentences.append(inspection.error);
        if (!inspection.details.isEmpty()) sentences.append(inspection.details);
    }
    if (inspection.state == State::Ready)
        sentences.append(tr("%1 by %2 pixels, %L3 tokens.")
                             .arg(inspection.preview.width)
                             .arg(inspection.preview.height)
                             .arg(inspection.preview.tokens));
    return sentences.join(QLatin1Char(' '));
}

int ComposerPictures::rowOf(int id) const {
    const auto found = std::find(m_order.begin(), m_order.end(), id);
    return found == m_order.end() ? -1 : static_cast<int>(found - m_order.begin());
}

const Picture* ComposerPictures::find(int id) const {
    const auto found = m_pictures.find(id);
    return found == m_pictures.end() ? nullptr : &found->second;
}

Picture ComposerPictures::described(int id) const {
    Picture picture = m_pictures.at(id);
    picture.seen.clear();
    const PictureInspection& inspection = *m_inspector.find(id);
    if (inspection.state != State::Ready) return picture;
    picture.width = inspection.preview.width;
    picture.height = inspection.preview.height;
    for (const protocol::PreviewView& view : inspection.preview.views)
        picture.seen.push_back({view.whole, view.box, view.tokens, QString::fromStdString(view.sha256)});
    return picture;
}

std::vector<int> ComposerPictures::failed() const {
    std::vector<int> found;
    for (const int id : m_order) {
        if (m_inspector.find(id)->state == State::Failed) found.push_back(id);
    }
    return found;
}

bool ComposerPictures::isLoading() const {
    return std::any_of(m_order.begin(), m_order.end(), [&](int id) { return m_inspector.find(id)->state == State::Loading; });
}

int ComposerPictures::add(Picture picture) {
    const int id = m_nextId++;
    m_inspector.inspect(id, picture);
    m_pictures.emplace(id, std::move(picture));
    return id;
}

void ComposerPictures::setOrder(const std::vector<int>& order) {
    beginResetModel();
    m_order.clear();
    for (const int id : order) {
        if (m_pictures.count(id) != 0) m_order.push_back(id);
    }
    endResetModel();
}

void ComposerPictures::setViews(int id, const PictureViews& views) {
    const auto found = m_pictures.find(id);
    if (found == m_pictures.end() || found->second.views == views) return;
    found->second.views = views;
    m_inspector.setViews(id, views);
}

void ComposerPictures::clear() {
    setOrder({});
    m_inspector.forgetAll();
    m_pictures.clear();
}

}  // namespace lapidary::gui
