#include "gui/window/chat_page.h"

#include <QClipboard>
#include <QDesktopServices>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QStandardPaths>
#include <QTabBar>
#include <QTabWidget>
#include <QUrl>
#include <QUuid>
#include <QVBoxLayout>
#include <QtConcurrent>
#include <utility>

#include "gui/chat_widgets/composer_widget.h"
#include "gui/chat_widgets/preview_panel.h"
#include "gui/settings/conversation_panel.h"
#include "gui/window/chat_bar.h"
#include "gui/window/chat_guidance.h"

namespace lapidary::gui {
namespace {

constexpr int kSideWidth = 380;
constexpr int kMargin = 12;
const auto kPictureFolder = QStringLiteral("pictures/folder");

}  // namespace

ChatPage::ChatPage(const ChatServices& services, QString folderForPasted, QWidget* parent)
    : QWidget(parent),
      m_services(services),
      m_folderForPasted(std::move(folderForPasted)),
      m_composer(services.engine),
      m_draft(m_composer, services.settings),
      m_preview(services.engine, m_composer),
      m_thumbnails(services.engine) {
    setObjectName(QStringLiteral("chatPage"));
    auto* bar = new ChatBar(services.session, services.chat, this);
    connect(bar, &ChatBar::openModelRequested, this, &ChatPage::openModelRequested);
    auto* splitter = new QSplitter(this);
    splitter->setObjectName(QStringLiteral("chatSplitter"));
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(buildConversation());
    splitter->addWidget(buildSide());
    splitter->setStretchFactor(0, 1);
    splitter->setSizes({900, kSideWidth});
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(bar);
    layout->addWidget(splitter, 1);
    connectComposer();
    connectMessages();
    connect(&m_services.keeper, &ConversationKeeper::shown, this, &ChatPage::showConversation);
    connect(&m_services.session, &ModelSession::stateChanged, this, &ChatPage::showModel);
    connect(&m_services.chat, &ChatViewModel::gaugeChanged, this, &ChatPage::showBusy);
    connect(&m_services.chat, &ChatViewModel::busyChanged, this, &ChatPage::showBusy);
    connect(&m_services.chat, &ChatViewModel::firstToken, this, &ChatPage::showBusy);
    showConversation();
    showModel();
    m_draft.restore();
}

QWidget* ChatPage::buildConversation() {
    auto* area = new QWidget(this);
    m_messages = new MessageListView(&m_thumbnails.provider(), area);
    m_center = new QStackedWidget(area);
    auto* guidance = new ChatGuidance(m_services.session, m_center);
    connect(guidance, &ChatGuidance::examplePicked, this, [this](const QString& path) { addFiles({path}); });
    m_center->addWidget(guidance);
    m_center->addWidget(m_messages);
    m_editRow = new QWidget(area);
    auto* row = new QHBoxLayout(m_editRow);
    row->setContentsMargins(0, 0, 0, 0);
    auto* text = new QLabel(tr("You are changing a message; the old one stays as a branch."), m_editRow);
    text->setObjectName(QStringLiteral("editNotice"));
    auto* cancel = new QPushButton(tr("Cancel the change"), m_editRow);
    cancel->setObjectName(QStringLiteral("cancelEdit"));
    row->addWidget(text, 1);
    row->addWidget(cancel);
    m_editRow->hide();
    connect(cancel, &QPushButton::clicked, this, [this] {
        endEdit();
        m_draft.bringBack(DraftKeeper::Return::InPlace);
    });
    m_composerWidget = new ComposerWidget(m_composer, m_preview, m_pictures, area);  // behind the row above it, also for Tab
    auto* layout = new QVBoxLayout(area);
    layout->setContentsMargins(kMargin, 0, kMargin / 2, kMargin);
    layout->addWidget(m_center, 1);
    layout->addWidget(m_editRow);
    layout->addWidget(m_composerWidget);
    return area;
}

QWidget* ChatPage::buildSide() {
    auto* tabs = new QTabWidget(this);
    tabs->setObjectName(QStringLiteral("chatSide"));
    tabs->tabBar()->setAccessibleName(tr("Beside the conversation"));
    tabs->setDocumentMode(true);
    tabs->setMinimumWidth(300);
    tabs->addTab(new PreviewPanel(m_preview, m_pictures, tabs), tr("What the model sees"));
    m_panel = new ConversationPanel(m_services.presets, tabs);
    auto* scroll = new QScrollArea(tabs);
    scroll->setObjectName(QStringLiteral("settingsScroll"));
    scroll->setAccessibleName(tr("Settings of the conversation"));
    scroll->setFocusPolicy(Qt::NoFocus);  // it follows the focus of what is in it
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidget(m_panel);
    tabs->addTab(scroll, tr("Settings"));
    connect(m_panel, &ConversationPanel::changed, this, [this](const ConversationSettings& settings) {
        m_services.keeper.setSettings(settings);
        m_messages->setTinted(settings.probabilities);
    });
    return tabs;
}

void ChatPage::connectComposer() {
    connect(&m_composer, &ComposerModel::submitted, this, &ChatPage::submit);
    connect(m_composerWidget, &ComposerWidget::stopRequested, &m_services.chat, &ChatViewModel::stop);
    connect(m_composerWidget, &ComposerWidget::addImageRequested, this, &ChatPage::chooseFiles);
    connect(m_composerWidget, &ComposerWidget::imagePasted, this, &ChatPage::keepPasted);
    connect(&m_services.keeper, &ConversationKeeper::refused, this,
            [this](const std::vector<MessagePart>& parts, const QString& sentence) {
                m_draft.giveBack(parts);
                m_composer.refuse(sentence);
            });
    connect(&m_services.keeper, &ConversationKeeper::found, m_messages, &MessageListView::focusRow);
}

void ChatPage::connectMessages() {
    connect(m_messages, &MessageListView::actionRequested, this, &ChatPage::act);
    connect(m_messages, &MessageListView::tokenClicked, this, &ChatPage::offerAlternatives);
    connect(m_messages, &MessageListView::pictureActivated, this, &ChatPage::openPicture);
    connect(m_messages, &MessageListView::codeCopyRequested, this,
            [](const QString& code) { QGuiApplication::clipboard()->setText(code); });
    connect(m_messages, &MessageListView::linkActivated, this, [](const QUrl& url) {
        const QString scheme = url.scheme().toLower();
        if (scheme == QLatin1String("https") || scheme == QLatin1String("http") || scheme == QLatin1String("mailto"))
            QDesktopServices::openUrl(url);
    });
}

void ChatPage::setTheme(const Theme& theme) {
    m_theme = theme;
    m_messages->setTheme(theme);
}

void ChatPage::addFiles(const QStringList& paths) { m_composerWidget->addFiles(paths); }

void ChatPage::focusComposer() { m_composerWidget->focusText(); }

void ChatPage::showConversation() {
    const std::shared_ptr<OpenConversation>& shown = m_services.chat.shown();
    m_messages->setConversation(&shown->messages);
    m_messages->setTinted(shown->settings.probabilities);
    m_panel->show(shown->settings);
    endEdit();
    m_draft.bringBack(DraftKeeper::Return::Before);  // what was being changed is not lost either
    const auto showCenter = [this] { m_center->setCurrentIndex(m_services.chat.shown()->messages.size() > 0 ? 1 : 0); };
    disconnect(&shown->messages, nullptr, this, nullptr);  // it may be shown again
    connect(&shown->messages, &Conversation::messageAdded, this, showCenter);
    connect(&shown->messages, &Conversation::pathChanged, this, showCenter);
    showCenter();
    showBusy();
}

void ChatPage::showModel() {
    const ModelSession& session = m_services.session;
    const bool refuses = session.state() == ModelSession::State::Loaded && !session.loaded().vision;
    m_composer.setPictureRefusal(refuses ? tr("The open model reads no pictures.") : QString());
    if (!m_refusal.isEmpty() && m_composer.notice() == m_refusal) {  // it may be no longer true
        m_refusal = m_services.chat.whyNotSend(m_composer.parts());
        m_composer.refuse(m_refusal);
    }
    showBusy();
}

void ChatPage::showBusy() {
    m_composerWidget->setAnswering(m_services.chat.isBusy() || m_services.chat.waiting() > 0);
    m_preview.setMillisecondsPerView(m_services.chat.millisecondsPerView());
}

void ChatPage::submit() {
    const QString reason = m_services.chat.whyNotSend(m_composer.parts());
    if (!reason.isEmpty()) {
        m_refusal = reason;
        m_composer.refuse(reason);
        return;
    }
    const std::int64_t editing = m_editing;
    const std::vector<MessagePart> parts = m_composer.take();
    endEdit();
    m_draft.bringBack(DraftKeeper::Return::InPlace);
    if (editing != 0) {
        m_services.keeper.edit(editing, parts);
    } else {
        m_services.keeper.send(parts, QString::fromStdString(m_services.session.loaded().model));
    }
    m_messages->scrollToEnd();
}

// Where pictures were taken from last; at first, and where that folder has gone, the person's own.
QString ChatPage::pictureFolder() const {
    QString last = m_services.settings.value(kPictureFolder).toString();
    if (!last.isEmpty() && QFileInfo(last).isDir()) return last;
    return QStandardPaths::writableLocation(QStandardPaths::PicturesLocation);
}

void ChatPage::chooseFiles() {
    auto* dialog = new QFileDialog(this, tr("Add pictures"), pictureFolder());
    dialog->setObjectName(QStringLiteral("pictureDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    dialog->setNameFilters({tr("Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff *.gif)"), tr("All files (*)")});
    connect(dialog, &QFileDialog::filesSelected, this, [this](const QStringList& paths) {
        m_services.settings.setValue(kPictureFolder, QFileInfo(paths.front()).path());
        addFiles(paths);
    });
    dialog->open();
}

void ChatPage::keepPasted(const QByteArray& bytes, const QString& suffix) {
    const QString path = m_folderForPasted + QStringLiteral("/pasted-") + QUuid::createUuid().toString(QUuid::Id128).left(8) +
                         QLatin1Char('.') + suffix;
    auto* watcher = new QFutureWatcher<bool>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, path] {
        watcher->deleteLater();
        if (watcher->result()) {
            addFiles({path});
        } else {
            m_composer.refuse(tr("The pasted picture could not be written to %1.").arg(path));
        }
    });
    watcher->setFuture(QtConcurrent::run([path, bytes] {
        QDir().mkpath(QFileInfo(path).path());
        QFile file(path);
        return file.open(QIODevice::WriteOnly | QIODevice::NewOnly) && file.write(bytes) == bytes.size();
    }));
}

}  // namespace lapidary::gui
