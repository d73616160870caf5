#include "gui/window/main_window.h"

#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QPointer>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolBar>

#include "gui/chat_widgets/composer_widget.h"
#include "gui/engine_client/error_sentences.h"
#include "gui/engine_client/verb_process.h"
#include "gui/history_widgets/history_panel.h"
#include "gui/models/load_dialog.h"
#include "gui/models/models_page.h"
#include "gui/window/chat_page.h"
#include "gui/window/engine_notices.h"
#include "gui/window/log_page.h"

namespace lapidary::gui {
namespace {

constexpr int kHistoryWidth = 230;
constexpr int kLargestZoom = 10;
constexpr int kSmallestZoom = -5;
constexpr double kZoomStep = 0.1;

}  // namespace

MainWindow::MainWindow(EngineApi& engine, QSettings& settings, const QString& dataFolder, QString program, QWidget* parent)
    : QMainWindow(parent),
      m_engine(engine),
      m_settings(settings),
      m_program(std::move(program)),
      m_dataFolder(dataFolder),
      m_systemPalette(QApplication::palette()),
      m_systemPointSize(QApplication::font().pointSizeF()),
      m_history(dataFolder),
      m_session(engine),
      m_chat(engine, m_session),
      m_keeper(m_chat, m_history),
      m_presets(settings),
      m_catalog(m_program, settings) {
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(QStringLiteral("Lapidary"));
    setAcceptDrops(true);
    resize(1280, 800);
    buildPages();
    buildMenus();
    buildViewMenu();
    connectEngine();
    connectModels();
    connectHistory();
    setTheme(static_cast<ThemeChoice>(m_settings.value(QStringLiteral("view/theme")).toInt()));
    zoom(0);
    restoreGeometry(m_settings.value(QStringLiteral("view/geometry")).toByteArray());
    showModelState();
    showPage(Page::Models);
    m_catalog.refresh();
}

MainWindow::~MainWindow() = default;

void MainWindow::buildPages() {
    auto* splitter = new QSplitter(this);
    splitter->setObjectName(QStringLiteral("mainSplitter"));
    splitter->setChildrenCollapsible(false);
    m_historyPanel = new HistoryPanel(m_history, splitter);
    m_historyPanel->setMinimumWidth(170);
    m_pages = new QStackedWidget(splitter);
    m_modelsPage = new ModelsPage(m_catalog, m_pages);
    m_chatPage =
        new ChatPage({m_engine, m_session, m_chat, m_keeper, m_presets}, m_dataFolder + QStringLiteral("/pasted"), m_pages);
    m_logPage = new LogPage(m_pages);
    m_pages->addWidget(m_modelsPage);
    m_pages->addWidget(m_chatPage);
    m_pages->addWidget(m_logPage);
    splitter->addWidget(m_historyPanel);
    splitter->addWidget(m_pages);
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({kHistoryWidth, 1280 - kHistoryWidth});
    setCentralWidget(splitter);
}

void MainWindow::buildMenus() {
    QMenu* const file = menuBar()->addMenu(tr("&File"));
    QAction* const fresh = file->addAction(tr("&New chat"), this, [this] {
        m_keeper.startNew({});
        showPage(Page::Chat);
    });
    fresh->setShortcut(QKeySequence::New);
    file->addAction(m_chatPage->composer().addImageAction());
    file->addAction(m_chatPage->composer().addAddressAction());
    file->addSeparator();
    file->addAction(tr("&Close the model"), &m_session, &ModelSession::unload);
    file->addSeparator();
    file->addAction(tr("&Quit"), QKeySequence::Quit, this, &QWidget::close);
    QMenu* const conversation = menuBar()->addMenu(tr("&Conversation"));
    conversation->addAction(m_chatPage->composer().sendAction());
    conversation->addAction(m_chatPage->composer().stopAction());
    conversation->addSeparator();
    conversation->addActions(m_historyPanel->conversationActions());
    conversation->addSeparator();
    conversation->addAction(tr("&Search in all conversations"), QKeySequence::Find, m_historyPanel, &HistoryPanel::focusSearch);
    QMenu* const go = menuBar()->addMenu(tr("&Go"));
    auto* bar = addToolBar(tr("Pages"));
    bar->setObjectName(QStringLiteral("pagesBar"));
    bar->setMovable(false);
    bar->setToolButtonStyle(Qt::ToolButtonTextOnly);
    m_pageActions = new QActionGroup(this);
    const QStringList names{tr("Models"), tr("Chat"), tr("Log")};
    for (int page = 0; page < names.size(); ++page) {
        QAction* const action = go->addAction(names[page], this, [this, page] { showPage(static_cast<Page>(page)); });
        action->setObjectName(QStringLiteral("page%1").arg(page));
        action->setShortcut(QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + page)));
        action->setCheckable(true);
        m_pageActions->addAction(action);
        bar->addAction(action);
    }
}

void MainWindow::buildViewMenu() {
    QMenu* const view = menuBar()->addMenu(tr("&View"));
    auto* themes = new QActionGroup(this);
    const QStringList names{tr("As the &system has it"), tr("&Light"), tr("&Dark")};
    const int chosen = m_settings.value(QStringLiteral("view/theme")).toInt();
    for (int theme = 0; theme < names.size(); ++theme) {
        QAction* const action =
            view->addAction(names[theme], this, [this, theme] { setTheme(static_cast<ThemeChoice>(theme)); });
        action->setObjectName(QStringLiteral("theme%1").arg(theme));
        action->setCheckable(true);
        action->setChecked(theme == chosen);
        themes->addAction(action);
    }
    view->addSeparator();
    view->addAction(tr("&Larger text"), QKeySequence::ZoomIn, this, [this] { zoom(1); });
    view->addAction(tr("S&maller text"), QKeySequence::ZoomOut, this, [this] { zoom(-1); });
    view->addAction(tr("&Normal text"), QKeySequence(Qt::CTRL | Qt::Key_0), this, [this] {
        m_settings.setValue(QStringLiteral("view/zoom"), 0);
        zoom(0);
    });
    QMenu* const help = menuBar()->addMenu(tr("&Help"));
    help->addAction(tr("&Keyboard"), QKeySequence::HelpContents, this, &MainWindow::showShortcuts);
    help->addAction(tr("&About Lapidary"), this, &MainWindow::showAbout);
}

void MainWindow::connectEngine() {
    connect(&m_engine, &EngineApi::died, this, &MainWindow::engineDied);
    connect(&m_engine, &EngineApi::logged, m_logPage, &LogPage::append);
    connect(&m_chat, &ChatViewModel::failed, this, [this](qint64, const protocol::ErrorEvent& error) { answerFailed(error); });
    connect(&m_chat, &ChatViewModel::warned, this, [this](const QString& message) {
        m_chatPage->banner().show({Notice::Kind::Info, tr("The engine has a remark about this answer."), message, {}});
    });
    connect(&m_chatPage->banner(), &Banner::actionClicked, this, [this] {
        m_chatPage->banner().clear();
        m_chat.goOn();
    });
}

void MainWindow::connectModels() {
    connect(m_chatPage, &ChatPage::openModelRequested, this, [this] { showPage(Page::Models); });
    connect(m_modelsPage, &ModelsPage::openRequested, this, &MainWindow::askHowToOpen);
    connect(m_modelsPage, &ModelsPage::openAtOnce, this, &MainWindow::openModel);
    connect(m_modelsPage, &ModelsPage::cancelLoading, &m_session, &ModelSession::cancelLoading);
    connect(m_modelsPage, &ModelsPage::downloadRequested, this, &MainWindow::download);
    connect(m_modelsPage, &ModelsPage::cancelDownload, this, [this] {
        if (m_download != nullptr) std::exchange(m_download, nullptr)->cancel();
        m_modelsPage->showDownload(tr("Stopped. What has arrived is kept, and the next download goes on from there."), 0.0,
                                   false);
    });
    connect(&m_session, &ModelSession::stateChanged, this, &MainWindow::showModelState);
    connect(&m_session, &ModelSession::progressed, this,
            [this](const QString& stage, double fraction) { m_modelsPage->showLoading(loadingText(stage), fraction); });
}

void MainWindow::connectHistory() {
    connect(m_historyPanel, &HistoryPanel::newRequested, this, [this] {
        m_keeper.startNew({});
        m_historyPanel->select({});
        showPage(Page::Chat);
    });
    connect(m_historyPanel, &HistoryPanel::opened, this, [this](const QString& conversation, qint64 message) {
        showPage(Page::Chat);
        m_keeper.open(conversation, message);
    });
    connect(m_historyPanel, &HistoryPanel::removed, this, [this](const QString& conversation) {
        if (conversation == m_keeper.current()) m_keeper.startNew({});
    });
    const auto tell = [this](const QString& sentence) { m_chatPage->banner().show({Notice::Kind::Info, sentence, {}, {}}); };
    connect(m_historyPanel, &HistoryPanel::told, this, tell);
    connect(&m_history, &HistoryStore::lost, this, [this](const QString& sentence) {
        m_chatPage->banner().show({Notice::Kind::Problem, sentence, {}, {}});
    });
    connect(&m_history, &HistoryStore::statusChanged, this, [this] {
        const HistoryStatus& status = m_history.status();
        const QString text = status.problem.isEmpty() ? status.notice : status.problem;
        if (!text.isEmpty()) m_chatPage->banner().show({Notice::Kind::Warning, text, {}, {}});
    });
    connect(&m_keeper, &ConversationKeeper::keyChanged, m_historyPanel, &HistoryPanel::select);
}

void MainWindow::showPage(Page page) {
    m_pages->setCurrentIndex(static_cast<int>(page));
    m_pageActions->actions().at(static_cast<int>(page))->setChecked(true);
    if (page == Page::Chat) m_chatPage->focusComposer();
}

void MainWindow::openModel(const QString& model) {
    protocol::LoadRequest request;
    request.model = model.toStdString();
    m_session.load(request);
}

void MainWindow::addPictures(const QStringList& paths) {
    showPage(Page::Chat);
    m_chatPage->addFiles(paths);
}

void MainWindow::askHowToOpen(const QString& model, const QString& name) {
    auto* known = new LoadViewModel(m_engine, m_program, model);
    auto* dialog = new LoadDialog(*known, name, m_engine.hello().devices, this);
    known->setParent(dialog);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &LoadDialog::chosen, &m_session, &ModelSession::load);
    dialog->open();
}

void MainWindow::download(const QString& id) {
    if (m_download != nullptr) return;
    m_modelsPage->showDownload(tr("Downloading %1…").arg(id), -1.0, true);
    m_download = VerbProcess::run(
        m_program, {QStringLiteral("model"), QStringLiteral("pull"), id, QStringLiteral("--json")}, this,
        [this, id](const VerbResult& result) {
            m_download = nullptr;
            m_modelsPage->showDownload(
                result.ok() ? tr("%1 is here.").arg(id) : withOriginal(tr("The download failed."), result.errorText), 0.0,
                false);
            m_catalog.refresh();
        });
    connect(m_download, &VerbProcess::line, this, [this, id](const QJsonObject& line) {
        const double total = line.value(QLatin1String("total_bytes")).toDouble();
        const double count = line.value(QLatin1String("count")).toDouble();
        if (total <= 0.0 || count <= 0.0) return;
        const double before = line.value(QLatin1String("index")).toDouble() - 1.0;
        const double fraction = (before + line.value(QLatin1String("bytes")).toDouble() / total) / count;
        m_modelsPage->showDownload(tr("Downloading %1: %2").arg(id, line.value(QLatin1String("file")).toString()), fraction,
                                   true);
    });
}

void MainWindow::engineDied(const EngineDeath& death) {
    const Notice notice = noticeOf(death, m_chat.canGoOn(), m_session.request().has_value());
    m_chatPage->banner().show(notice);
    if (m_pages->currentIndex() == static_cast<int>(Page::Models)) m_modelsPage->showProblem(notice.text);
}

void MainWindow::answerFailed(const protocol::ErrorEvent& error) {
    if (error.code != "child_died") m_chatPage->banner().show(noticeOf(error));
}

void MainWindow::showModelState() {
    switch (m_session.state()) {
        case ModelSession::State::Loading: m_modelsPage->showLoading(loadingText({}), 0.0); return;
        case ModelSession::State::Loaded: {
            m_modelsPage->showProblem({});
            m_catalog.remember(QString::fromStdString(m_session.loaded().model));
            QStringList warnings;
            for (const std::string& warning : m_session.loaded().warnings) warnings.append(QString::fromStdString(warning));
            if (!warnings.isEmpty())
                m_chatPage->banner().show(
                    {Notice::Kind::Warning,
                     tr("The engine has %n remark(s) about this model.", nullptr, static_cast<int>(warnings.size())),
                     warnings.join(QLatin1Char('\n')),
                     {}});
            showPage(Page::Chat);
            break;
        }
        case ModelSession::State::Failed:
            m_modelsPage->showProblem(
                withOriginal(errorSentence(m_session.error().code), QString::fromStdString(m_session.error().message)));
            break;
        case ModelSession::State::None: break;
    }
    m_modelsPage->showLoading({}, -1.0);
}

void MainWindow::setTheme(ThemeChoice choice) {
    m_settings.setValue(QStringLiteral("view/theme"), static_cast<int>(choice));
    const Theme theme = Theme::of(choice, m_systemPalette);
    QApplication::setPalette(theme.palette());
    m_chatPage->setTheme(theme);
}

void MainWindow::zoom(int steps) {
    const int level = std::clamp(m_settings.value(QStringLiteral("view/zoom")).toInt() + steps, kSmallestZoom, kLargestZoom);
    m_settings.setValue(QStringLiteral("view/zoom"), level);
    QFont font = QApplication::font();
    font.setPointSizeF(m_systemPointSize * (1.0 + kZoomStep * level));
    QApplication::setFont(font);
}

void MainWindow::showShortcuts() {
    QStringList rows;
    for (const QAction* action : findChildren<QAction*>()) {
        if (!action->shortcut().isEmpty() && !action->text().isEmpty())
            rows.append(QStringLiteral("<tr><td style='padding-right:24px'><b>%1</b></td><td>%2</td></tr>")
                            .arg(action->shortcut().toString(QKeySequence::NativeText).toHtmlEscaped(),
                                 QString(action->text()).remove(QLatin1Char('&')).toHtmlEscaped()));
    }
    auto* box = new QMessageBox(QMessageBox::NoIcon, tr("Keyboard"),
                                QStringLiteral("<table>") + rows.join(QString()) + QStringLiteral("</table>"),
                                QMessageBox::Close, this);
    box->setObjectName(QStringLiteral("shortcuts"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

void MainWindow::showAbout() {
    auto* box = new QMessageBox(QMessageBox::NoIcon, tr("About Lapidary"),
                                tr("Lapidary %1\nA workbench for Gemma 3 vision-language models.\nLicence: GPL-3.0-or-later.")
                                    .arg(QApplication::applicationVersion()),
                                QMessageBox::Close, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

void MainWindow::comeForward() {
    setWindowState((windowState() & ~Qt::WindowMinimized) | Qt::WindowActive);
    show();
    raise();
    activateWindow();
}

void MainWindow::closeEvent(QCloseEvent* event) {
    m_settings.setValue(QStringLiteral("view/geometry"), saveGeometry());
    QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    QStringList pictures;
    for (const QUrl& url : event->mimeData()->urls()) {
        const QString path = url.toLocalFile();
        if (path.isEmpty()) continue;
        const QFileInfo file(path);
        if (file.isDir() || path.endsWith(QLatin1String(".gguf"), Qt::CaseInsensitive)) {
            askHowToOpen(path, file.fileName());
            return;
        }
        pictures.append(path);
    }
    if (pictures.isEmpty()) return;
    event->acceptProposedAction();
    addPictures(pictures);
}

}  // namespace lapidary::gui
