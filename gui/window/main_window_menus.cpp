// MainWindow: its menus, and what they do to the window itself.
#include <QAbstractItemView>
#include <QActionGroup>
#include <QApplication>
#include <QMenuBar>
#include <QMessageBox>
#include <QPushButton>
#include <QToolBar>
#include <algorithm>

#include "gui/chat_widgets/composer_widget.h"
#include "gui/history_widgets/history_panel.h"
#include "gui/settings/checked_settings.h"
#include "gui/window/chat_page.h"
#include "gui/window/main_window.h"

namespace lapidary::gui {
namespace {

constexpr int kLargestZoom = 10;
constexpr int kSmallestZoom = -5;
constexpr double kZoomStep = 0.1;

template <class... Does>
QAction* add(QMenu& menu, const char* name, const QString& text, const QKeySequence& key, Does... does) {
    QAction* const action = menu.addAction(text, does...);
    action->setObjectName(QLatin1String(name));
    if (!key.isEmpty()) action->setShortcut(key);
    return action;
}

// The list that the keyboard must be in; empty: anywhere in the window.
QString placeOf(const QAction& action) {
    if (action.shortcutContext() != Qt::WidgetShortcut) return {};
    for (const QObject* const object : action.associatedObjects()) {
        if (const auto* list = qobject_cast<const QAbstractItemView*>(object)) return list->accessibleName();
    }
    return {};
}

}  // namespace

void MainWindow::buildMenus() {
    QMenu& file = *menuBar()->addMenu(tr("&File"));
    const auto fresh = [this] {
        m_historyPanel->endSearch();  // what is new would not be found by it
        m_keeper.startNew({});
        showPage(Page::Chat);
    };
    connect(m_historyPanel, &HistoryPanel::newRequested, this, fresh);
    add(file, "newChatAction", tr("&New chat"), QKeySequence::New, this, fresh);
    file.addAction(m_chatPage->composer().addImageAction());
    file.addAction(m_chatPage->composer().addAddressAction());
    file.addSeparator();
    add(file, "closeModel", tr("&Close the model"), {}, &m_session, &ModelSession::unload);
    file.addSeparator();
    add(file, "quit", tr("&Quit"), QKeySequence::Quit, this, &QWidget::close);
    QMenu& conversation = *menuBar()->addMenu(tr("&Conversation"));
    conversation.addAction(m_chatPage->composer().sendAction());
    conversation.addAction(m_chatPage->composer().stopAction());
    conversation.addSeparator();
    conversation.addActions(m_historyPanel->conversationActions());
    conversation.addSeparator();
    add(conversation, "searchAction", tr("&Search in all conversations"), QKeySequence::Find, m_historyPanel,
        &HistoryPanel::focusSearch);
    buildPageMenu();
    buildViewMenu();
    QMenu& help = *menuBar()->addMenu(tr("&Help"));
    add(help, "helpKeyboard", tr("&Keyboard"), QKeySequence::HelpContents, this, &MainWindow::showShortcuts);
    add(help, "helpAbout", tr("&About Lapidary"), {}, this, &MainWindow::showAbout);
}

void MainWindow::buildPageMenu() {
    QMenu& go = *menuBar()->addMenu(tr("&Go"));
    auto* bar = addToolBar(tr("Pages"));
    bar->setObjectName(QStringLiteral("pagesBar"));
    bar->setMovable(false);
    bar->setToolButtonStyle(Qt::ToolButtonTextOnly);
    m_pageActions = new QActionGroup(this);
    const QStringList names{tr("Models"), tr("Chat"), tr("Log")};
    for (int page = 0; page < names.size(); ++page) {
        QAction* const action = go.addAction(names[page], this, [this, page] { showPage(static_cast<Page>(page)); });
        action->setObjectName(QStringLiteral("page%1").arg(page));
        action->setShortcut(QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + page)));
        action->setCheckable(true);
        m_pageActions->addAction(action);
        bar->addAction(action);
        bar->widgetForAction(action)->setObjectName(QStringLiteral("pageButton%1").arg(page));
    }
}

void MainWindow::buildViewMenu() {
    QMenu& view = *menuBar()->addMenu(tr("&View"));
    auto* themes = new QActionGroup(this);
    const QStringList names{tr("As the &system has it"), tr("&Light"), tr("&Dark")};
    const int chosen = wholeSetting(m_settings, QStringLiteral("view/theme"), 0, names.size() - 1);
    for (int theme = 0; theme < names.size(); ++theme) {
        QAction* const action =
            view.addAction(names[theme], this, [this, theme] { setTheme(static_cast<ThemeChoice>(theme)); });
        action->setObjectName(QStringLiteral("theme%1").arg(theme));
        action->setCheckable(true);
        action->setChecked(theme == chosen);
        themes->addAction(action);
    }
    view.addSeparator();
    add(view, "zoomIn", tr("La&rger text"), QKeySequence::ZoomIn, this, [this] { zoom(1); });
    add(view, "zoomOut", tr("S&maller text"), QKeySequence::ZoomOut, this, [this] { zoom(-1); });
    add(view, "zoomNormal", tr("&Normal text"), QKeySequence(Qt::CTRL | Qt::Key_0), this, [this] {
        m_settings.setValue(QStringLiteral("view/zoom"), 0);
        zoom(0);
    });
}

void MainWindow::setTheme(ThemeChoice choice) {
    m_settings.setValue(QStringLiteral("view/theme"), static_cast<int>(choice));
    const Theme theme = Theme::of(choice, m_systemPalette);
    QApplication::setPalette(theme.palette());
    m_chatPage->setTheme(theme);
}

void MainWindow::zoom(int steps) {
    const QString key = QStringLiteral("view/zoom");
    const int before = wholeSetting(m_settings, key, kSmallestZoom, kLargestZoom);
    const int level = std::clamp(before + steps, kSmallestZoom, kLargestZoom);
    m_settings.setValue(key, level);
    QFont font = QApplication::font();
    font.setPointSizeF(m_systemPointSize * (1.0 + kZoomStep * level));
    QApplication::setFont(font);
}

void MainWindow::showShortcuts() {
    QStringList rows;
    const auto add = [&rows](const QString& keys, const QString& meaning) {
        rows.append(QStringLiteral("<tr><td style='padding-right:24px'><b>%1</b></td><td>%2</td></tr>")
                        .arg(keys.toHtmlEscaped(), meaning.toHtmlEscaped()));
    };
    const auto keysOf = [](std::initializer_list<QKeySequence> keys) {
        QStringList names;
        for (const QKeySequence& key : keys) names.append(key.toString(QKeySequence::NativeText));
        return names.join(QStringLiteral(", "));
    };
    for (const QAction* action : findChildren<QAction*>()) {
        if (action->shortcut().isEmpty() || action->text().isEmpty()) continue;
        const QString text = QString(action->text()).remove(QLatin1Char('&'));
        const QString place = placeOf(*action);
        //: %1: a list, as "Conversations"; %2: what a key does there, as "Delete"
        const QString there = tr("%1: %2").arg(place, text);
        add(keysOf({action->shortcut()}), place.isEmpty() ? text : there);
    }
    // Keys of views that are painted: MessageListView and CropEditor take them themselves.
    add(keysOf({Qt::Key_Up, Qt::Key_Down}), tr("On a message: the one before, the one after"));
    add(keysOf({Qt::Key_Home, Qt::Key_End}), tr("On a message: the first, the last"));
    add(keysOf({Qt::Key_PageUp, Qt::Key_PageDown}),
        tr("Among messages: a page up, a page down; on a crop: the one before, the one after"));
    add(keysOf({Qt::Key_Left, Qt::Key_Right, Qt::Key_Up, Qt::Key_Down}),
        tr("On a crop: move it; with Ctrl resize it; with Shift by ten pixels"));
    add(keysOf({Qt::Key_Insert, Qt::Key_Delete}), tr("On a crop: add one, remove it"));
    auto* box = new QMessageBox(QMessageBox::NoIcon, tr("Keyboard"),
                                QStringLiteral("<table>") + rows.join(QString()) + QStringLiteral("</table>"),
                                QMessageBox::Close, this);
    box->setObjectName(QStringLiteral("shortcuts"));
    box->button(QMessageBox::Close)->setObjectName(QStringLiteral("closeShortcuts"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

void MainWindow::showAbout() {
    auto* box = new QMessageBox(QMessageBox::NoIcon, tr("About Lapidary"),
                                tr("Lapidary %1\nA workbench for Gemma 3 vision-language models.\nLicence: GPL-3.0-or-later.")
                                    .arg(QApplication::applicationVersion()),
                                QMessageBox::Close, this);
    box->setObjectName(QStringLiteral("about"));
    box->button(QMessageBox::Close)->setObjectName(QStringLiteral("closeAbout"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

}  // namespace lapidary::gui
