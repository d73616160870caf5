// The chat: messages, the composer, and beside them what the model will see and the settings of the conversation.
#pragma once

#include <QWidget>

#include "gui/chat/chat_view_model.h"
#include "gui/chat/composer_model.h"
#include "gui/chat/preview_view_model.h"
#include "gui/chat_widgets/engine_pictures.h"
#include "gui/chat_widgets/message_list_view.h"
#include "gui/settings/presets.h"
#include "gui/widgets/banner.h"
#include "gui/window/conversation_keeper.h"
#include "gui/window/draft_keeper.h"
#include "gui/window/engine_thumbnails.h"

class QStackedWidget;

namespace lapidary::gui {

class ComposerWidget;
class ConversationPanel;

// What the page stands on; all of it outlives the page.
struct ChatServices {
    EngineApi& engine;
    ModelSession& session;
    ChatViewModel& chat;
    ConversationKeeper& keeper;
    Presets& presets;
    QSettings& settings;
};

class ChatPage final : public QWidget {
    Q_OBJECT

public:
    ChatPage(const ChatServices& services, QString folderForPasted, QWidget* parent = nullptr);

    [[nodiscard]] ComposerWidget& composer() { return *m_composerWidget; }
    void setTheme(const Theme& theme);
    void addFiles(const QStringList& paths);
    void focusComposer();

signals:
    void openModelRequested();
    void told(const lapidary::gui::Notice& notice);

private:
    [[nodiscard]] QWidget* buildConversation();
    [[nodiscard]] QWidget* buildSide();
    void connectComposer();
    void connectMessages();
    void showConversation();
    void showModel();
    void showBusy();
    void submit();
    void act(qint64 id, MessageAction action);
    void remove(qint64 id);
    void beginEdit(const Message& message);
    void endEdit();
    void offerAlternatives(qint64 id, int token);
    void openPicture(qint64 id, int picture);
    [[nodiscard]] QString pictureFolder() const;
    void chooseFiles();
    void keepPasted(const QByteArray& bytes, const QString& suffix);

    ChatServices m_services;
    QString m_folderForPasted;
    ComposerModel m_composer;
    DraftKeeper m_draft;
    PreviewViewModel m_preview;
    EnginePictures m_pictures;
    EngineThumbnails m_thumbnails;
    Theme m_theme = Theme::lightTheme();
    QStackedWidget* m_center = nullptr;
    MessageListView* m_messages = nullptr;
    QWidget* m_editRow = nullptr;
    ComposerWidget* m_composerWidget = nullptr;
    ConversationPanel* m_panel = nullptr;
    QString m_refusal;  // why the composer's content could not be sent, while that is what its notice says
    std::int64_t m_editing = 0;  // the message that is edited in the composer
};

}  // namespace lapidary::gui
