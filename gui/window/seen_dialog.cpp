#include "gui/window/seen_dialog.h"

#include <QDialogButtonBox>
#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QPushButton>
#include <QVBoxLayout>

#include "gui/chat/chat_request.h"
#include "gui/chat_widgets/engine_pictures.h"

namespace lapidary::gui {
namespace {

constexpr int kIconSide = 180;
constexpr int kPathRole = Qt::UserRole;
constexpr int kHashRole = Qt::UserRole + 1;

}  // namespace

SeenDialog::SeenDialog(EngineApi& engine, EnginePictures& pictures, const Message& message,
                       const std::optional<AnswerFigures>& answer, QWidget* parent)
    : QDialog(parent), m_engine(engine), m_pictures(pictures) {
    setObjectName(QStringLiteral("seenDialog"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("What the model saw"));
    resize(820, 560);
    auto* layout = new QVBoxLayout(this);
    auto* about = new QLabel(this);
    about->setObjectName(QStringLiteral("seenAbout"));
    about->setWordWrap(true);
    about->setTextFormat(Qt::PlainText);
    layout->addWidget(about);
    m_list = new QListWidget(this);
    m_list->setObjectName(QStringLiteral("seenViews"));
    m_list->setAccessibleName(tr("Views"));
    m_list->setViewMode(QListView::IconMode);
    m_list->setIconSize({kIconSide, kIconSide});
    m_list->setGridSize({kIconSide + 40, kIconSide + 4 * m_list->fontMetrics().lineSpacing()});
    m_list->setResizeMode(QListView::Adjust);
    m_list->setMovement(QListView::Static);
    m_list->setWordWrap(true);
    layout->addWidget(m_list, 1);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    buttons->button(QDialogButtonBox::Close)->setObjectName(QStringLiteral("seenClose"));
    layout->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::close);
    takeTimes(answer);
    for (const Picture& picture : message.pictures()) addPicture(picture);
    about->setText(aboutText(message, answer));
    connect(&m_pictures, &EnginePictures::loaded, this, &SeenDialog::showImages);
    showImages();
}

QString SeenDialog::aboutText(const Message& message, const std::optional<AnswerFigures>& answer) {
    const QLocale locale;
    qint64 tokens = 0;
    int views = 0;
    for (const Picture& picture : message.pictures()) {
        views += static_cast<int>(picture.seen.size());
        for (const SeenView& view : picture.seen) tokens += view.tokens;
    }
    QStringList sentences{tr("%n view(s) went into the model, as they are here, with %1 tokens in all.", nullptr, views)
                              .arg(locale.toString(tokens))};
    if (answer && answer->views > 0) {
        // Of the whole conversation: earlier pictures are in the prompt as well.
        const auto fresh = static_cast<int>(answer->views - answer->reusedViews);
        if (answer->reusedViews > 0)
            sentences << tr("Of %n view(s) in the prompt, the features of %1 were reused from before.", nullptr,
                            static_cast<int>(answer->views))
                             .arg(locale.toString(static_cast<qlonglong>(answer->reusedViews)));
        if (fresh > 0)
            sentences << tr("Looking at %n view(s) took %1 ms.", nullptr, fresh)
                             .arg(locale.toString(1000.0 * answer->visionSeconds, 'f', 0));
    }
    return sentences.join(QLatin1Char(' '));
}

void SeenDialog::takeTimes(const std::optional<AnswerFigures>& answer) {
    if (!answer || answer->views == 0) return;
    for (const ViewTime& time : answer->viewTimes) m_seconds[time.sha256] = time.seconds;
    m_timesAreKnown = std::ssize(answer->viewTimes) == answer->views - answer->reusedViews;
}

QString SeenDialog::costOf(const SeenView& view) {
    const auto tokens = static_cast<int>(view.tokens);
    if (!m_timesAreKnown) return tr("%Ln token(s)", nullptr, tokens);
    const auto found = m_seconds.find(view.sha256);
    if (found == m_seconds.end()) return tr("%Ln token(s), features reused", nullptr, tokens);
    const QString milliseconds = QLocale().toString(1000.0 * found->second, 'f', 0);
    m_seconds.erase(found);
    return tr("%Ln token(s), %1 ms", nullptr, tokens).arg(milliseconds);
}

void SeenDialog::addPicture(const Picture& picture) {
    for (const SeenView& view : picture.seen) {
        const rules::CropBox& box = view.box;
        const QString title = view.whole ? tr("%1: the whole picture").arg(picture.name)
                                         : tr("%1: pixels %2, %3 to %4, %5")
                                               .arg(picture.name, QString::number(box.left), QString::number(box.top),
                                                    QString::number(box.right), QString::number(box.bottom));
        auto* item = new QListWidgetItem(title + QLatin1Char('\n') + costOf(view), m_list);
        item->setData(kHashRole, view.sha256);
        item->setToolTip(tr("SHA-256 of the pixels: %1").arg(view.sha256));
    }
    // The engine makes the same views again: they are told apart by their hash, so what is shown is what was seen.
    const std::int64_t id = m_engine.send(previewRequestOf(picture));
    connect(&m_engine, &EngineApi::received, this, [this, id](std::int64_t request, const protocol::EventBody& body) {
        const auto* preview = std::get_if<protocol::PreviewEvent>(&body);
        if (request != id || preview == nullptr) return;
        for (const protocol::PreviewView& view : preview->views) {
            for (int row = 0; row < m_list->count(); ++row) {
                if (m_list->item(row)->data(kHashRole).toString() == QString::fromStdString(view.sha256))
                    m_list->item(row)->setData(kPathRole, QString::fromStdString(view.path));
            }
        }
        showImages();
    });
}

void SeenDialog::showImages() {
    for (int row = 0; row < m_list->count(); ++row) {
        QListWidgetItem* const item = m_list->item(row);
        const QString path = item->data(kPathRole).toString();
        if (path.isEmpty() || !item->icon().isNull()) continue;
        const QImage image = m_pictures.image(path);
        if (image.isNull()) continue;
        // Pixel by pixel, as the model gets them.
        item->setIcon(QIcon(QPixmap::fromImage(image.scaled(m_list->iconSize(), Qt::KeepAspectRatio, Qt::FastTransformation))));
    }
}

}  // namespace lapidary::gui
