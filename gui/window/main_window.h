// The window: pages, menus, actions.  What they do is decided elsewhere.
#pragma once

#include <QMainWindow>
#include <QPalette>
#include <QSettings>
#include <memory>

#include "gui/chat/chat_view_model.h"
#include "gui/engine_client/engine_api.h"
#include "gui/history/history_store.h"
#include "gui/models/model_catalog.h"
#include "gui/settings/presets.h"
#include "gui/widgets/theme.h"
#include "gui/window/conversation_keeper.h"

class QActionGroup;
class QStackedWidget;
class QTabBar;

namespace lapidary::gui {

class Banner;
class ChatPage;
class HistoryPanel;
class LogPage;
class ModelsPage;
class VerbProcess;

class MainWindow final : public QMainWindow {
    Q_OBJECT

public:
    enum class Page : std::uint8_t { Models, Chat, Log };

    // `engine` and `settings` outlive the window.  `dataFolder`: of the history.  `program`: the executable `lapidary`.
    MainWindow(EngineApi& engine, QSettings& settings, const QString& dataFolder, QString program, QWidget* parent = nullptr);
    ~MainWindow() override;

    void showPage(Page page);
    void openModel(const QString& model);
    // The conversation that was shown when the window was last there.
    void reopenConversation();
    void addPictures(const QStringList& paths);
    // A second start: to the front.
    void comeForward();
    void tellOfDamagedSettings(const QString& movedTo);

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void buildPages();
    void buildMenus();
    void buildPageMenu();
    void buildViewMenu();
    void connectEngine();
    void connectModels();
    void connectHistory();
    void askHowToOpen(const QString& model, const QString& name);
    void download(const QString& id);
    void engineDied(const EngineDeath& death);
    void answerFailed(const protocol::ErrorEvent& error);
    void showModelState();
    void takeDropped(const QStringList& paths, const QString& model);
    void setTheme(ThemeChoice choice);
    void zoom(int steps);
    void showShortcuts();
    void showAbout();

    EngineApi& m_engine;
    QSettings& m_settings;
    QString m_program;
    QString m_dataFolder;
    QPalette m_systemPalette;
    qreal m_systemPointSize = 10.0;
    HistoryStore m_history;
    ModelSession m_session;
    ChatViewModel m_chat;
    ConversationKeeper m_keeper;
    Presets m_presets;
    ModelCatalog m_catalog;
    VerbProcess* m_download = nullptr;
    QStackedWidget* m_pages = nullptr;
    QActionGroup* m_pageActions = nullptr;
    Banner* m_banner = nullptr;  // above every page: the engine may die while any is looked at
    ModelsPage* m_modelsPage = nullptr;
    ChatPage* m_chatPage = nullptr;
    LogPage* m_logPage = nullptr;
    HistoryPanel* m_historyPanel = nullptr;
};

}  // namespace lapidary::gui
