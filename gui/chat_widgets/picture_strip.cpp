#include "gui/chat_widgets/picture_strip.h"

#include <QAction>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QListView>
#include <QScrollBar>
#include <QToolButton>

#include "gui/chat/tile_roles.h"
#include "gui/chat_widgets/engine_pictures.h"
#include "gui/chat_widgets/full_view.h"
#include "gui/chat_widgets/tile_delegate.h"

namespace lapidary::gui {
namespace {

constexpr int kSide = 64;
constexpr int kLines = 2;

}  // namespace

PictureStrip::PictureStrip(ComposerModel& composer, PreviewViewModel& preview, EnginePictures& pictures, QWidget* parent)
    : QWidget(parent), m_composer(composer), m_preview(preview), m_pictures(pictures), m_list(new QListView(this)) {
    setObjectName(QStringLiteral("pictureStrip"));
    auto* const delegate = new TileDelegate(pictures, kSide, kLines, this);
    m_list->setObjectName(QStringLiteral("pictureList"));
    m_list->setAccessibleName(tr("Pictures of the message"));
    m_list->setModel(&composer.pictures());
    m_list->setItemDelegate(delegate);
    m_list->setFlow(QListView::LeftToRight);
    m_list->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setContextMenuPolicy(Qt::ActionsContextMenu);
    m_list->setDragDropMode(QAbstractItemView::InternalMove);
    m_list->setFixedHeight(delegate->tileSize(fontMetrics()).height() + 2 * m_list->frameWidth() +
                           m_list->horizontalScrollBar()->sizeHint().height());
    auto* const buttons = new QWidget(this);
    buildActions(*buttons);
    auto* const layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_list, 1);
    layout->addWidget(buttons);
    connect(m_list, &QListView::activated, this, &PictureStrip::openFullView);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& current) {
        if (current.isValid()) m_preview.select(current.data(TileId).toInt());
    });
    connect(&preview, &PreviewViewModel::changed, this, &PictureStrip::showCurrent);
    connect(&pictures, &EnginePictures::loaded, m_list->viewport(), qOverload<>(&QWidget::update));
    showCurrent();
}

QAction* PictureStrip::makeAction(const char* name, const QString& text, const QKeySequence& keys, QWidget& buttons) {
    auto* const action = new QAction(text, this);
    action->setObjectName(QLatin1String(name));
    action->setShortcut(keys);
    action->setShortcutContext(Qt::WidgetShortcut);
    const QString shortcut = keys.toString(QKeySequence::NativeText);
    action->setToolTip(shortcut.isEmpty() ? text : tr("%1 (%2 in the row of pictures)").arg(text, shortcut));
    m_list->addAction(action);
    auto* const button = new QToolButton(&buttons);
    button->setObjectName(QLatin1String(name) + QStringLiteral("Button"));
    button->setDefaultAction(action);
    button->setAccessibleName(text);
    button->setFocusPolicy(Qt::TabFocus);
    button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    const int place = buttons.layout()->count();
    static_cast<QGridLayout*>(buttons.layout())->addWidget(button, place / 2, place % 2);
    return action;
}

void PictureStrip::buildActions(QWidget& buttons) {
    auto* const grid = new QGridLayout(&buttons);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setSpacing(2);
    m_earlier = makeAction("movePictureEarlier", tr("Move earlier"), QKeySequence(Qt::ALT | Qt::Key_Left), buttons);
    m_later = makeAction("movePictureLater", tr("Move later"), QKeySequence(Qt::ALT | Qt::Key_Right), buttons);
    m_view = makeAction("viewPicture", tr("Full view"), QKeySequence(), buttons);  // Return activates the current one
    m_remove = makeAction("removePicture", tr("Remove"), QKeySequence(QKeySequence::Delete), buttons);
    m_retry = makeAction("retryPicture", tr("Try again"), QKeySequence(Qt::Key_F5), buttons);
    connect(m_earlier, &QAction::triggered, this, [this] { m_composer.movePicture(m_preview.picture(), row() - 1); });
    connect(m_later, &QAction::triggered, this, [this] { m_composer.movePicture(m_preview.picture(), row() + 1); });
    connect(m_view, &QAction::triggered, this, &PictureStrip::openFullView);
    connect(m_retry, &QAction::triggered, this, [this] { m_composer.retry(m_preview.picture()); });
    connect(m_remove, &QAction::triggered, this, [this] { m_composer.removePicture(m_preview.picture()); });
}

int PictureStrip::row() const { return m_composer.pictures().rowOf(m_preview.picture()); }

void PictureStrip::showCurrent() {
    const int current = row();
    const int count = m_composer.pictures().rowCount();
    setVisible(count > 0);
    if (current >= 0 && m_list->currentIndex().row() != current) m_list->setCurrentIndex(m_composer.pictures().index(current));
    const bool failed = current >= 0 && m_preview.state() == PreviewViewModel::State::Failed;
    m_earlier->setEnabled(current > 0);
    m_later->setEnabled(current >= 0 && current + 1 < count);
    m_view->setEnabled(current >= 0 && !failed);
    m_retry->setEnabled(failed);
    m_remove->setEnabled(current >= 0);
}

void PictureStrip::openFullView() {
    const QModelIndex index = m_composer.pictures().index(row());
    if (!index.isValid() || m_preview.state() == PreviewViewModel::State::Failed) return;
    const QString path = m_preview.original().isEmpty() ? index.data(TileImage).toString() : m_preview.original();
    auto* const view = new FullView(m_pictures, path, index.data(TileAspect).toSizeF(), m_preview.title(),
                                    index.data(Qt::AccessibleTextRole).toString(), this);
    view->open();
}

}  // namespace lapidary::gui
