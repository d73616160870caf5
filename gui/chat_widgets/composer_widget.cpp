#include "gui/chat_widgets/composer_widget.h"

#include <QAccessible>
#include <QAction>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTextCursor>
#include <QToolButton>
#include <QVBoxLayout>

#include "gui/chat_widgets/composer_edit.h"
#include "gui/chat_widgets/picture_strip.h"

namespace lapidary::gui {
namespace {

QToolButton* buttonOf(QAction* action, const QString& name, QWidget* parent) {
    auto* const button = new QToolButton(parent);
    button->setObjectName(name);
    button->setDefaultAction(action);
    button->setAccessibleName(action->text());
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

}  // namespace

ComposerWidget::ComposerWidget(ComposerModel& composer, PreviewViewModel& preview, EnginePictures& pictures, QWidget* parent)
    : QWidget(parent), m_composer(composer) {
    setObjectName(QStringLiteral("composer"));
    buildActions();
    auto* const layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    // Made in the order in which they are seen: Tab goes that way.
    layout->addWidget(buildNotice());
    layout->addWidget(new PictureStrip(composer, preview, pictures, this));
    m_edit = new ComposerEdit(composer, pictures, this);
    layout->addWidget(m_edit, 1);
    layout->addWidget(buildAddressRow());
    layout->addWidget(buildButtons());
    connect(m_edit, &ComposerEdit::imagePasted, this, &ComposerWidget::imagePasted);
    connect(m_edit, &ComposerEdit::addressDropped, this, &ComposerWidget::showAddressRow);
    connect(&composer, &ComposerModel::noticeChanged, this, &ComposerWidget::showNotice);
    connect(&composer, &ComposerModel::pictureRefusalChanged, this, &ComposerWidget::showRefusal);
    showNotice();
    showRefusal();
    updateStop();
}

void ComposerWidget::buildActions() {
    const auto action = [this](const char* name, const QString& text, const QList<QKeySequence>& keys) {
        auto* const made = new QAction(text, this);
        made->setObjectName(QLatin1String(name));
        made->setShortcuts(keys);
        made->setToolTip(
            tr("%1 (%2)").arg(QString(text).remove(QStringLiteral("…")), keys.front().toString(QKeySequence::NativeText)));
        addAction(made);
        return made;
    };
    m_send =
        action("sendAction", tr("Send"), {QKeySequence(Qt::CTRL | Qt::Key_Return), QKeySequence(Qt::CTRL | Qt::Key_Enter)});
    m_stop = action("stopAction", tr("Stop"), {QKeySequence(Qt::Key_Escape)});
    m_addImage = action("addImageAction", tr("Add picture…"), {QKeySequence(Qt::CTRL | Qt::Key_O)});
    m_addAddress = action("addAddressAction", tr("Picture from address…"), {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O)});
    connect(m_send, &QAction::triggered, &m_composer, &ComposerModel::submit);
    connect(m_stop, &QAction::triggered, this, [this] {
        if (m_composer.isWaiting())
            m_composer.stopWaiting();
        else
            emit stopRequested();
    });
    connect(m_addImage, &QAction::triggered, this, &ComposerWidget::addImageRequested);
    connect(m_addAddress, &QAction::triggered, this, [this] { showAddressRow({}); });
}

QWidget* ComposerWidget::buildNotice() {
    m_notice = new QFrame(this);
    m_notice->setObjectName(QStringLiteral("composerNotice"));
    m_notice->setFrameShape(QFrame::StyledPanel);
    m_noticeText = new QLabel(m_notice);
    m_noticeText->setObjectName(QStringLiteral("composerNoticeText"));
    m_noticeText->setWordWrap(true);
    m_noticeText->setTextFormat(Qt::PlainText);  // names of files and addresses are in it
    m_noticeText->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_noticeText->setFocusPolicy(Qt::StrongFocus);
    m_removeFailed = new QPushButton(tr("Remove unreadable pictures"), m_notice);
    m_removeFailed->setObjectName(QStringLiteral("removeFailedButton"));
    auto* const layout = new QHBoxLayout(m_notice);
    layout->addWidget(m_noticeText, 1);
    layout->addWidget(m_removeFailed);
    connect(m_removeFailed, &QPushButton::clicked, &m_composer, &ComposerModel::removeFailed);
    return m_notice;
}

QWidget* ComposerWidget::buildAddressRow() {
    m_addressRow = new QWidget(this);
    m_addressRow->setObjectName(QStringLiteral("addressRow"));
    auto* const label = new QLabel(tr("&Address of the picture:"), m_addressRow);
    m_address = new QLineEdit(m_addressRow);
    m_address->setObjectName(QStringLiteral("addressEdit"));
    m_address->setAccessibleName(tr("Address of the picture"));
    m_address->setPlaceholderText(QStringLiteral("https://"));
    label->setBuddy(m_address);
    auto* const add = new QPushButton(tr("Add"), m_addressRow);
    add->setObjectName(QStringLiteral("addAddressButton"));
    add->setAccessibleName(tr("Add the picture at this address"));
    auto* const cancel = new QPushButton(tr("Close"), m_addressRow);
    cancel->setObjectName(QStringLiteral("closeAddressButton"));
    cancel->setAccessibleName(tr("Add no picture from an address"));
    auto* const layout = new QHBoxLayout(m_addressRow);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(label);
    layout->addWidget(m_address, 1);
    layout->addWidget(add);
    layout->addWidget(cancel);
    connect(m_address, &QLineEdit::returnPressed, this, &ComposerWidget::takeAddress);
    connect(add, &QPushButton::clicked, this, &ComposerWidget::takeAddress);
    connect(cancel, &QPushButton::clicked, this, [this] {
        m_addressRow->hide();
        focusText();
    });
    m_addressRow->hide();
    return m_addressRow;
}

QWidget* ComposerWidget::buildButtons() {
    auto* const row = new QWidget(this);
    auto* const hint = new QLabel(tr("%1 sends").arg(m_send->shortcut().toString(QKeySequence::NativeText)), row);
    hint->setObjectName(QStringLiteral("sendHint"));
    auto* const layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(buttonOf(m_addImage, QStringLiteral("addImageButton"), row));
    layout->addWidget(buttonOf(m_addAddress, QStringLiteral("addFromAddressButton"), row));
    layout->addStretch(1);
    layout->addWidget(hint);
    layout->addWidget(buttonOf(m_stop, QStringLiteral("stopButton"), row));
    layout->addWidget(buttonOf(m_send, QStringLiteral("sendButton"), row));
    return row;
}

void ComposerWidget::showNotice() {
    const QString& notice = m_composer.notice();
    m_noticeText->setText(notice);
    m_removeFailed->setVisible(m_composer.canRemoveFailed());
    m_notice->setVisible(!notice.isEmpty());
    updateStop();
    if (notice.isEmpty()) return;
    QAccessibleEvent alert(m_noticeText, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

void ComposerWidget::showRefusal() {
    const QString& refusal = m_composer.pictureRefusal();
    for (QAction* const action : {m_addImage, m_addAddress}) {
        action->setEnabled(refusal.isEmpty());
        if (!refusal.isEmpty())
            action->setToolTip(refusal);
        else
            action->setToolTip(tr("%1 (%2)").arg(action->text().remove(QStringLiteral("…")),
                                                 action->shortcut().toString(QKeySequence::NativeText)));
    }
}

void ComposerWidget::showAddressRow(const QString& address) {
    m_address->setText(address);
    m_addressRow->show();
    m_address->setFocus();
}

void ComposerWidget::takeAddress() {
    if (m_address->text().trimmed().isEmpty()) return;
    const int behind = m_composer.addAddress(m_address->text(), m_edit->textCursor().position());
    m_addressRow->hide();
    goOnAt(behind);
}

void ComposerWidget::addFiles(const QStringList& paths) { goOnAt(m_composer.addFiles(paths, m_edit->textCursor().position())); }

// Whoever added a picture writes about it next: on the button, a space would open the dialog again.
void ComposerWidget::goOnAt(int position) {
    QTextCursor cursor = m_edit->textCursor();
    cursor.setPosition(position);
    m_edit->setTextCursor(cursor);
    focusText();
}

void ComposerWidget::focusText() { m_edit->setFocus(); }

void ComposerWidget::setAnswering(bool answering) {
    m_answering = answering;
    updateStop();
}

// Esc belongs to whoever needs it while there is nothing to stop.
void ComposerWidget::updateStop() { m_stop->setEnabled(m_answering || m_composer.isWaiting()); }

}  // namespace lapidary::gui
