#include "gui/window/main_window.h"

#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QFutureWatcher>
#include <QMimeData>
#include <QSplitter>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <QtConcurrent>
#include <algorithm>

#include "core/shared/base/system_memory.h"
#include "gui/chat_widgets/composer_widget.h"
#include "gui/chat_widgets/markdown_html.h"
#include "gui/engine_client/error_sentences.h"
#include "gui/engine_client/verb_process.h"
#include "gui/history_widgets/history_panel.h"
#include "gui/models/load_dialog.h"
#include "gui/models/models_page.h"
#include "gui/settings/checked_settings.h"
#include "gui/widgets/banner.h"
#include "gui/widgets/focus_ring.h"
#include "gui/window/chat_page.h"
#include "gui/window/engine_notices.h"
#include "gui/window/log_page.h"

namespace lapidary::gui {
namespace {

constexpr int kHistoryWidth = 230;

const QString& conversationKey() {
    static const QString key = QStringLiteral("view/conversation");
    return key;
}

}  // namespace

MainWindow::MainWindow(EngineApi& engine, QSettings& settings, const QString& dataFolder, QString program, QWidget* parent)
    : QMainWindow(parent),
      m_engine(engine),
      m_settings(settings),
      m_program(std::move(program)),
      m_dataFolder(dataFolder),
      m_systemPalette(QApplication::palette()),
      m_systemPointSize(QApplication::font().pointSizeF()),
      m_history(dataFolder, DraftKeeper::storedPictures(settings)),
      m_session(engine),
      m_chat(engine, m_session),
      m_keeper(m_chat, m_history),
      m_presets(settings),
      m_catalog(m_program, settings) {
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(QStringLiteral("Lapidary"));
    setAcceptDrops(true);
    resize(1280, 800);
    FocusRing::follow(this);
    buildPages();
    buildMenus();
    connectEngine();
    connectModels();
    connectHistory();
    setTheme(static_cast<ThemeChoice>(wholeSetting(m_settings, QStringLiteral("view/theme"), 0, 2)));
    zoom(0);
    const QString geometry = QStringLiteral("view/geometry");
    if (m_settings.contains(geometry) && !restoreGeometry(m_settings.value(geometry).toByteArray()))
        resetSetting(m_settings, geometry);
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
    auto* right = new QWidget(splitter);
    m_banner = new Banner(right);
    m_pages = new QStackedWidget(right);
    m_modelsPage = new ModelsPage(m_catalog, m_pages);
    m_chatPage = new ChatPage({m_engine, m_session, m_chat, m_keeper, m_presets, m_settings},
                              m_dataFolder + QStringLiteral("/pasted"), m_pages);
    m_logPage = new LogPage(m_pages);
    m_pages->addWidget(m_modelsPage);
    m_pages->addWidget(m_chatPage);
    m_pages->addWidget(m_logPage);
    auto* column = new QVBoxLayout(right);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_banner);
    column->addWidget(m_pages, 1);
    splitter->addWidget(m_historyPanel);
    splitter->addWidget(right);
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({kHistoryWidth, 1280 - kHistoryWidth});
    setCentralWidget(splitter);
}

void MainWindow::connectEngine() {
    connect(&m_engine, &EngineApi::died, this, &MainWindow::engineDied);
    connect(&m_engine, &EngineApi::logged, m_logPage, &LogPage::append);
    connect(&m_engine, &EngineApi::stateChanged, this, [this] {
        if (m_engine.state() != EngineState::Ready) return;
        for (const std::string& note : m_engine.hello().notes) m_logPage->append(QString::fromStdString(note));
    });
    connect(&m_chat, &ChatViewModel::failed, this, [this](qint64, const protocol::ErrorEvent& error) { answerFailed(error); });
    connect(&m_chat, &ChatViewModel::warned, this, [this](const QString& message) {
        m_banner->show({Notice::Kind::Info, tr("The engine has a remark about this answer."), message, {}});
    });
    connect(m_banner, &Banner::actionClicked, this, [this] {
        m_banner->clear();
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
    m_history.setMarkdownHtml(markdownHtml);
    connect(m_historyPanel, &HistoryPanel::opened, this, [this](const QString& conversation, qint64 message) {
        showPage(Page::Chat);
        m_keeper.open(conversation, message);
    });
    connect(m_historyPanel, &HistoryPanel::removed, this, [this](const QString& conversation) {
        if (conversation == m_keeper.current()) m_keeper.startNew({});
    });
    const auto tell = [this](const QString& sentence) { m_banner->show({Notice::Kind::Info, sentence, {}, {}}); };
    connect(m_historyPanel, &HistoryPanel::told, this, tell);
    connect(m_chatPage, &ChatPage::told, m_banner, &Banner::show);
    connect(&m_history, &HistoryStore::lost, this, [this](const QString& sentence) {
        m_banner->show({Notice::Kind::Problem, sentence, {}, {}});
    });
    connect(&m_history, &HistoryStore::statusChanged, this, [this] {
        const HistoryStatus& status = m_history.status();
        const QString text = status.problem.isEmpty() ? status.notice : status.problem;
        if (!text.isEmpty()) m_banner->show({Notice::Kind::Warning, text, {}, {}});
    });
    // What is shown decides alone what the list marks: also where what was clicked could not be read.
    const auto mark = [this] { m_historyPanel->select(m_keeper.current()); };
    connect(&m_keeper, &ConversationKeeper::shown, m_historyPanel, mark);
    connect(&m_keeper, &ConversationKeeper::keyChanged, m_historyPanel, mark);
    connect(&m_keeper, &ConversationKeeper::refused, m_historyPanel, mark);
    const auto keep = [this] { m_settings.setValue(conversationKey(), m_keeper.current()); };
    connect(&m_keeper, &ConversationKeeper::shown, this, keep);
    connect(&m_keeper, &ConversationKeeper::keyChanged, this, keep);
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

void MainWindow::reopenConversation() { m_keeper.reopen(m_settings.value(conversationKey()).toString()); }

void MainWindow::addPictures(const QStringList& paths) {
    showPage(Page::Chat);
    m_chatPage->addFiles(paths);
}

void MainWindow::askHowToOpen(const QString& model, const QString& name) {
    auto* known = new LoadViewModel(m_engine, m_program, model);
    auto* dialog = new LoadDialog(*known, name, m_engine.hello(), this);
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
    const protocol::LoadedEvent& loaded = m_session.loaded();
    m_banner->show(noticeOf(death, {m_chat.canGoOn(), m_session.request().has_value(), loaded.weightBytes, loaded.context,
                                    availableMemoryBytes()}));
}

void MainWindow::answerFailed(const protocol::ErrorEvent& error) {
    if (error.code != "child_died") m_banner->show(noticeOf(error));
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
                m_banner->show({Notice::Kind::Warning,
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

void MainWindow::comeForward() {
    setWindowState((windowState() & ~Qt::WindowMinimized) | Qt::WindowActive);
    show();
    raise();
    activateWindow();
}

void MainWindow::tellOfDamagedSettings(const QString& movedTo) {
    m_banner->show(
        {Notice::Kind::Warning,
         tr("The settings could not be read. They are as at the first start; the old file is kept as %1.").arg(movedTo),
         {},
         {}});
}

void MainWindow::closeEvent(QCloseEvent* event) {
    m_settings.setValue(QStringLiteral("view/geometry"), saveGeometry());
    QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

// Whether a path is a folder is asked on another thread: it may lie on a share that does not answer (fault 59).
void MainWindow::dropEvent(QDropEvent* event) {
    QStringList paths;
    for (const QUrl& url : event->mimeData()->urls()) {
        if (url.isLocalFile()) paths.append(url.toLocalFile());
    }
    if (paths.isEmpty()) return;
    event->acceptProposedAction();
    auto* watcher = new QFutureWatcher<QString>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, paths] {
        takeDropped(paths, watcher->result());
        watcher->deleteLater();
    });
    watcher->setFuture(QtConcurrent::run([paths] {
        const auto isModel = [](const QString& path) {
            return path.endsWith(QLatin1String(".gguf"), Qt::CaseInsensitive) || QFileInfo(path).isDir();
        };
        const auto found = std::find_if(paths.begin(), paths.end(), isModel);
        return found == paths.end() ? QString() : *found;
    }));
}

void MainWindow::takeDropped(const QStringList& paths, const QString& model) {
    if (model.isEmpty()) {
        addPictures(paths);
    } else {
        askHowToOpen(model, QFileInfo(model).fileName());
    }
}

}  // namespace lapidary::gui
