#include "gui/chat_widgets/composer_edit.h"

#include <QAbstractTextDocumentLayout>
#include <QBuffer>
#include <QFutureWatcher>
#include <QJsonArray>
#include <QJsonDocument>
#include <QMimeData>
#include <QPainter>
#include <QPromise>
#include <QThreadPool>
#include <QUrl>
#include <memory>

#include "gui/chat_widgets/engine_pictures.h"
#include "gui/chat_widgets/tile_delegate.h"

namespace lapidary::gui {
namespace {

using Piece = ComposerDocument::Piece;
const auto kPiecesFormat = QStringLiteral("application/x-lapidary-message");

// Only what looks like a picture's file: folders and models are for the window around.  The file system is not asked.
QStringList pictureFiles(const QMimeData& source) {
    QStringList files;
    for (const QUrl& url : source.urls()) {
        const QString path = url.isLocalFile() ? url.toLocalFile() : QString();
        const QString name = path.section(QLatin1Char('/'), -1);
        if (name.lastIndexOf(QLatin1Char('.')) > 0 && !name.endsWith(QStringLiteral(".gguf"), Qt::CaseInsensitive))
            files.append(path);
    }
    return files;
}

QString webAddress(const QMimeData& source) {
    for (const QUrl& url : source.urls()) {
        if (url.scheme() == QStringLiteral("https")) return url.toString(QUrl::FullyEncoded);
    }
    return {};
}

// The encoded picture as the other program offers it, so that this process need not decode it: PNG, if there is one.
QString imageFormat(const QMimeData& source) {
    QString found;
    for (const QString& format : source.formats()) {
        if (format == QStringLiteral("image/png")) return format;
        if (format.startsWith(QStringLiteral("image/")) && found.isEmpty()) found = format;
    }
    return found;
}

// Spreadsheets and the like offer their text as a picture as well: then the text is meant.
bool meansImage(const QMimeData& source) {
    const bool has = source.hasImage() || !imageFormat(source).isEmpty();
    return has && (!source.hasFormat(QStringLiteral("text/plain")) || source.hasUrls());
}

QByteArray written(const std::vector<Piece>& pieces) {
    QJsonArray array;
    for (const Piece& piece : pieces) array.append(piece.picture != 0 ? QJsonValue(piece.picture) : QJsonValue(piece.text));
    return QJsonDocument(array).toJson(QJsonDocument::Compact);
}

std::vector<Piece> readPieces(const QByteArray& json) {
    std::vector<Piece> pieces;
    const QJsonArray array = QJsonDocument::fromJson(json).array();
    for (const QJsonValue value : array) pieces.push_back({value.toString(), value.toInt()});
    return pieces;
}

QByteArray encodePng(const QImage& image) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    image.save(&buffer, "png");
    return bytes;
}

}  // namespace

InlinePicture::InlinePicture(const ComposerModel& composer, EnginePictures& pictures, QObject* parent)
    : QObject(parent), m_composer(composer), m_pictures(pictures) {}

QSizeF InlinePicture::intrinsicSize(QTextDocument* document, int, const QTextFormat&) {
    const double line = QFontMetricsF(document->defaultFont()).lineSpacing();
    return {line * 2.8, line * 2.0};
}

void InlinePicture::drawObject(QPainter* painter, const QRectF& rect, QTextDocument*, int, const QTextFormat& format) {
    const int id = format.intProperty(ComposerDocument::kPictureProperty);
    const PictureInspection* const inspection = m_composer.pictures().inspection(id);
    if (inspection == nullptr) return;
    painter->save();
    painter->setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const QRectF tile = rect.adjusted(2.0, 1.0, -2.0, -1.0);
    const bool failed = inspection->state == PictureInspection::State::Failed;
    const QImage image = failed ? QImage() : m_pictures.image(inspection->thumbnail);
    painter->fillRect(tile, QColor(128, 128, 128, 60));
    if (!image.isNull()) painter->drawImage(fittedRect(image.size(), tile.adjusted(1.0, 1.0, -1.0, -1.0)), image);
    painter->setPen(QPen(QColor(128, 128, 128), 1.0, failed ? Qt::DashLine : Qt::SolidLine));
    painter->drawRect(tile);
    const QString number = QString::number(m_composer.pictures().rowOf(id) + 1);
    paintBadge(*painter, tile.topLeft(), failed ? number + QStringLiteral(" !") : number, false);
    painter->restore();
}

ComposerEdit::ComposerEdit(ComposerModel& composer, EnginePictures& pictures, QWidget* parent)
    : QTextEdit(parent), m_composer(composer) {
    setObjectName(QStringLiteral("messageEdit"));
    setAccessibleName(tr("Message"));
    setPlaceholderText(tr("Write a message. Pictures can be dropped or pasted here, between any two words."));
    setAcceptRichText(false);
    setTabChangesFocus(true);
    composer.document().document().setDefaultFont(font());
    setDocument(&composer.document().document());
    document()->documentLayout()->registerHandler(ComposerDocument::kObjectType, new InlinePicture(composer, pictures, this));
    const auto repaint = [this] { viewport()->update(); };
    connect(&composer, &ComposerModel::pictureChanged, this, repaint);
    connect(&composer, &ComposerModel::picturesChanged, this, repaint);
    connect(&pictures, &EnginePictures::loaded, this, repaint);
}

QSize ComposerEdit::sizeHint() const { return {480, 5 * fontMetrics().lineSpacing() + 12}; }

QSize ComposerEdit::minimumSizeHint() const { return {160, 3 * fontMetrics().lineSpacing() + 12}; }

bool ComposerEdit::canInsertFromMimeData(const QMimeData* source) const {
    if (source->hasFormat(kPiecesFormat) || meansImage(*source)) return true;
    if (source->hasUrls()) return !pictureFiles(*source).isEmpty() || !webAddress(*source).isEmpty();
    return source->hasText();
}

void ComposerEdit::insertFromMimeData(const QMimeData* source) {
    QTextCursor cursor = textCursor();
    if (source->hasFormat(kPiecesFormat)) {
        cursor.removeSelectedText();
        m_composer.paste(readPieces(source->data(kPiecesFormat)), cursor.position());
    } else if (const QStringList files = pictureFiles(*source); !files.isEmpty()) {
        cursor.removeSelectedText();
        m_composer.addFiles(files, cursor.position());
        setFocus();  // one that drops them has it elsewhere
    } else if (meansImage(*source)) {
        if (const QString format = imageFormat(*source); !format.isEmpty())
            emit imagePasted(source->data(format), format.section(QLatin1Char('/'), 1));
        else
            encodePasted(qvariant_cast<QImage>(source->imageData()));
    } else if (const QString address = webAddress(*source); !address.isEmpty()) {
        emit addressDropped(address);
    } else if (source->hasText()) {
        cursor.insertText(source->text(), QTextCharFormat());
    }
}

// Rare: a picture that is offered decoded alone.  Encoding a large one takes a while.
void ComposerEdit::encodePasted(const QImage& image) {
    if (image.isNull()) return;
    auto promise = std::make_shared<QPromise<QByteArray>>();
    auto* const watcher = new QFutureWatcher<QByteArray>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher] {
        emit imagePasted(watcher->result(), QStringLiteral("png"));
        watcher->deleteLater();
    });
    promise->start();
    watcher->setFuture(promise->future());
    QThreadPool::globalInstance()->start([promise, image] {
        promise->addResult(encodePng(image));
        promise->finish();
    });
}

QMimeData* ComposerEdit::createMimeDataFromSelection() const {
    const QTextCursor cursor = textCursor();
    const std::vector<Piece> pieces = m_composer.document().pieces(cursor.selectionStart(), cursor.selectionEnd());
    QString text;
    for (const Piece& piece : pieces) text += piece.text;
    auto* const mime = new QMimeData;  // the caller's
    if (!text.isEmpty()) mime->setText(text);
    mime->setData(kPiecesFormat, written(pieces));
    return mime;
}

}  // namespace lapidary::gui
