#include "gui/chat/composer_model.h"

#include <QVector>
#include <algorithm>
#include <utility>

namespace lapidary::gui {
namespace {

// The last part of a path, without asking the file system.
QString nameOf(const QString& path) {
    const QString name = path.section(QLatin1Char('/'), -1);
    return name.isEmpty() ? path : name;
}

}  // namespace

ComposerModel::ComposerModel(EngineApi& engine, QObject* parent) : QObject(parent), m_pictures(engine) {
    connect(&m_document, &ComposerDocument::picturesChanged, this, [this] {
        m_pictures.setOrder(m_document.pictures());
        emit picturesChanged();
    });
    connect(&m_document, &ComposerDocument::edited, this, [this] {
        stopWaiting();  // what is being changed is not meant to leave by itself
        setNotice({});
        emit edited();
    });
    connect(&m_pictures, &ComposerPictures::pictureChanged, this, &ComposerModel::pictureSettled);
    connect(&m_pictures, &ComposerPictures::moveRequested, this, &ComposerModel::movePicture);
}

bool ComposerModel::isEmpty() const { return parts().empty(); }

std::vector<MessagePart> ComposerModel::parts() const {
    std::vector<MessagePart> result;
    for (const ComposerDocument::Piece& piece : m_document.pieces()) {
        if (piece.picture != 0 && m_pictures.find(piece.picture) != nullptr)
            result.push_back({m_pictures.described(piece.picture), {}});
        else if (!piece.text.trimmed().isEmpty())  // blanks between two pictures say nothing to a model
            result.push_back({std::nullopt, piece.text});
    }
    return result;
}

void ComposerModel::setPictureRefusal(const QString& sentence) {
    if (m_pictureRefusal == sentence) return;
    m_pictureRefusal = sentence;
    emit pictureRefusalChanged();
}

int ComposerModel::addFiles(const QStringList& paths, int position) {
    std::vector<Picture> pictures;
    for (const QString& path : paths) {
        Picture& picture = pictures.emplace_back();
        picture.name = nameOf(path);
        picture.path = path;
    }
    return add(std::move(pictures), position);
}

// The engine reads addresses and refuses what is none: there is one parser of them, not two (fault 22).
int ComposerModel::addAddress(const QString& address, int position) {
    Picture picture;
    picture.url = address.trimmed();
    if (picture.url.isEmpty()) return position;
    picture.name = picture.url;
    return add({std::move(picture)}, position);
}

int ComposerModel::add(std::vector<Picture> pictures, int position) {
    if (!m_pictureRefusal.isEmpty()) {
        setNotice(m_pictureRefusal);
        return position;
    }
    std::vector<ComposerDocument::Piece> pieces;
    pieces.reserve(pictures.size());
    for (Picture& picture : pictures) pieces.push_back({{}, m_pictures.add(std::move(picture))});
    return m_document.insert(position, pieces);
}

int ComposerModel::paste(const std::vector<ComposerDocument::Piece>& pieces, int position) {
    std::vector<ComposerDocument::Piece> copies;
    for (const ComposerDocument::Piece& piece : pieces) {
        if (piece.picture == 0)
            copies.push_back(piece);
        else if (const Picture* const picture = m_pictures.find(piece.picture))
            copies.push_back({{}, m_pictures.add(*picture)});
    }
    return m_document.insert(position, copies);
}

void ComposerModel::submit() {
    m_waiting = false;
    if (isEmpty()) return setNotice(tr("Write something or add a picture first."));
    if (!m_pictureRefusal.isEmpty() && m_pictures.rowCount() > 0) return setNotice(m_pictureRefusal);
    if (!m_pictures.failed().empty()) {
        setNotice(failureSentence());
        m_tellsFailure = true;
        return;
    }
    if (m_pictures.isLoading()) {
        m_waiting = true;
        return setNotice(tr("The message will be sent as soon as its pictures are read."));
    }
    setNotice({});
    emit submitted();
}

void ComposerModel::stopWaiting() {
    if (!std::exchange(m_waiting, false)) return;
    setNotice({});
}

QString ComposerModel::failureSentence() const {
    const std::vector<int> failed = m_pictures.failed();
    if (failed.size() > 1)
        return tr("%n picture(s) of this message cannot be read. Remove them, or try them again.", nullptr,
                  static_cast<int>(failed.size()));
    return tr("“%1” cannot be sent. %2 Remove it, or try it again.")
        .arg(m_pictures.find(failed.front())->name, m_pictures.inspection(failed.front())->error);
}

void ComposerModel::pictureSettled(int id) {
    emit pictureChanged(id);
    if (m_waiting && !m_pictures.isLoading()) return submit();
    if (m_tellsFailure && m_pictures.failed().empty()) setNotice({});
}

void ComposerModel::setNotice(const QString& notice) {
    m_tellsFailure = false;
    if (m_notice == notice) return;
    m_notice = notice;
    emit noticeChanged();
}

std::vector<MessagePart> ComposerModel::take() {
    std::vector<MessagePart> message = parts();
    setParts({});
    return message;
}

void ComposerModel::setParts(const std::vector<MessagePart>& parts) {
    m_waiting = false;
    m_document.reset({});
    m_pictures.clear();
    std::vector<ComposerDocument::Piece> pieces;
    for (const MessagePart& part : parts) {
        if (part.picture)
            pieces.push_back({{}, m_pictures.add(*part.picture)});
        else
            pieces.push_back({part.text, 0});
    }
    m_document.reset(pieces);
}

}  // namespace lapidary::gui
