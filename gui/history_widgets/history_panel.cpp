#include "gui/history_widgets/history_panel.h"

#include <QAction>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPushButton>
#include <QVBoxLayout>
#include <array>

#include "gui/history_widgets/conversation_delegate.h"

namespace lapidary::gui {
namespace {

struct Format {
    ExportFormat format;
    const char* suffix;
};
constexpr std::array<Format, 3> kFormats{
    {{ExportFormat::Markdown, ".md"}, {ExportFormat::Html, ".html"}, {ExportFormat::Json, ".json"}}};

// A title as the name of a file: what a file system or a shell reads as something else becomes a blank.
QString fileNameOf(QString title) {
    for (QChar& c : title) {
        if (!c.isLetterOrNumber() && c != QLatin1Char('-')) c = QLatin1Char(' ');
    }
    return title.simplified();
}

}  // namespace

HistoryPanel::HistoryPanel(HistoryStore& store, QWidget* parent) : QWidget(parent), m_store(store), m_model(store) {
    setObjectName(QStringLiteral("historyPanel"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 8, 8, 8);
    auto* fresh = new QPushButton(tr("New chat"), this);
    fresh->setObjectName(QStringLiteral("newChat"));
    layout->addWidget(fresh);
    connect(fresh, &QPushButton::clicked, this, &HistoryPanel::newRequested);
    m_search = new QLineEdit(this);
    m_search->setObjectName(QStringLiteral("historySearch"));
    m_search->setAccessibleName(tr("Search in all conversations"));
    m_search->setPlaceholderText(tr("Search"));
    m_search->setClearButtonEnabled(true);
    layout->addWidget(m_search);
    connect(m_search, &QLineEdit::textChanged, &m_model, &ConversationListModel::search);
    m_list = new QListView(this);
    m_list->setObjectName(QStringLiteral("historyList"));
    m_list->setAccessibleName(tr("Conversations"));
    m_list->setModel(&m_model);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    m_list->setItemDelegate(new ConversationDelegate(m_list));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setUniformItemSizes(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    layout->addWidget(m_list, 1);
    m_empty = new QLabel(this);
    m_empty->setObjectName(QStringLiteral("historyEmpty"));
    m_empty->setWordWrap(true);
    layout->addWidget(m_empty);
    buildUndo(*layout);
    buildActions();
    const auto open = [this](const QModelIndex& index) {
        if (index.isValid())
            emit opened(index.data(ConversationListModel::IdRole).toString(),
                        index.data(ConversationListModel::MessageRole).toLongLong());
    };
    connect(m_list, &QListView::clicked, this, open);
    connect(m_list, &QListView::activated, this, open);
    connect(m_list, &QListView::customContextMenuRequested, this, &HistoryPanel::openMenu);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &HistoryPanel::updateState);
    connect(&m_model, &ConversationListModel::refreshed, this, [this] {
        if (!m_list->currentIndex().isValid()) select(m_wanted);
        updateState();
    });
    updateState();
}

void HistoryPanel::buildUndo(QVBoxLayout& layout) {
    m_undo = new QWidget(this);
    auto* row = new QHBoxLayout(m_undo);
    row->setContentsMargins(0, 0, 0, 0);
    m_undoText = new QLabel(m_undo);
    m_undoText->setObjectName(QStringLiteral("undoText"));
    m_undoText->setWordWrap(true);
    m_undoText->setTextFormat(Qt::PlainText);  // a title is in it
    auto* undo = new QPushButton(tr("Undo"), m_undo);
    undo->setObjectName(QStringLiteral("undoDelete"));
    undo->setAccessibleName(tr("Bring the deleted conversation back"));
    row->addWidget(m_undoText, 1);
    row->addWidget(undo);
    m_undo->hide();
    layout.addWidget(m_undo);
    connect(undo, &QPushButton::clicked, this, [this] {
        m_store.restore(m_removed);
        m_wanted = m_removed;
        m_undo->hide();
        emit opened(m_removed, 0);
    });
}

void HistoryPanel::buildActions() {
    const auto action = [this](const QString& text, const char* name, void (HistoryPanel::*slot)()) {
        auto* made = new QAction(text, this);
        made->setObjectName(QLatin1String(name));
        connect(made, &QAction::triggered, this, slot);
        return made;
    };
    m_rename = action(tr("Rename…"), "renameConversation", &HistoryPanel::rename);
    m_pin = action(tr("Pin"), "pinConversation", &HistoryPanel::togglePin);
    m_remove = action(tr("Delete"), "deleteConversation", &HistoryPanel::removeCurrent);
    m_export = action(tr("Export…"), "exportConversation", &HistoryPanel::exportCurrent);
    m_import = action(tr("Import…"), "importConversation", &HistoryPanel::import);
    m_rename->setShortcut(Qt::Key_F2);
    m_remove->setShortcut(QKeySequence::Delete);
    addAction(m_rename);
    m_remove->setShortcutContext(Qt::WidgetShortcut);  // elsewhere the key deletes text and pictures
    m_list->addAction(m_remove);
}

QList<QAction*> HistoryPanel::conversationActions() const { return {m_rename, m_pin, m_remove, m_export, m_import}; }

QString HistoryPanel::current() const { return m_list->currentIndex().data(ConversationListModel::IdRole).toString(); }

void HistoryPanel::select(const QString& conversation) {
    m_wanted = conversation;
    if (!conversation.isEmpty() && current() == conversation) return;  // of several finds the one that was chosen
    const int row = m_model.rowOf(conversation);
    m_list->setCurrentIndex(row < 0 ? QModelIndex() : m_model.index(row));
}

void HistoryPanel::focusSearch() {
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

void HistoryPanel::updateState() {
    const bool any = !current().isEmpty();
    for (QAction* each : {m_rename, m_pin, m_remove, m_export}) each->setEnabled(any);
    m_pin->setText(m_list->currentIndex().data(ConversationListModel::PinnedRole).toBool() ? tr("Unpin") : tr("Pin"));
    m_empty->setVisible(m_model.rowCount() == 0);
    if (!m_model.problem().isEmpty()) {
        m_empty->setText(m_model.problem());
    } else {
        m_empty->setText(m_model.isSearching() ? tr("Nothing found.") : tr("Your conversations will be listed here."));
    }
}

void HistoryPanel::rename() {
    auto* ask = new QInputDialog(this);
    ask->setObjectName(QStringLiteral("renameDialog"));
    ask->setAttribute(Qt::WA_DeleteOnClose);
    ask->setWindowTitle(tr("Rename the conversation"));
    ask->setLabelText(tr("Title"));
    ask->setTextValue(m_list->currentIndex().data(Qt::EditRole).toString());
    connect(ask, &QInputDialog::textValueSelected, this, [this, id = current()](const QString& title) {
        if (!title.trimmed().isEmpty()) m_store.rename(id, title.trimmed());
    });
    ask->open();
}

void HistoryPanel::togglePin() {
    m_store.setPinned(current(), !m_list->currentIndex().data(ConversationListModel::PinnedRole).toBool());
}

void HistoryPanel::removeCurrent() {
    if (current().isEmpty()) return;
    m_removed = current();
    m_undoText->setText(tr("“%1” was deleted.").arg(m_list->currentIndex().data(Qt::EditRole).toString()));
    m_store.remove(m_removed);
    m_undo->show();
    emit removed(m_removed);
}

void HistoryPanel::exportCurrent() {
    auto* dialog = new QFileDialog(this, tr("Export the conversation"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setNameFilters(
        {tr("Markdown (*.md)"), tr("Web page with its pictures (*.html)"), tr("JSON, to be imported again (*.json)")});
    dialog->setDefaultSuffix(QStringLiteral("md"));
    dialog->selectFile(fileNameOf(m_list->currentIndex().data(Qt::EditRole).toString()));
    connect(dialog, &QFileDialog::filterSelected, dialog,
            [dialog](const QString& filter) { dialog->setDefaultSuffix(filter.section(QStringLiteral("*."), 1).chopped(1)); });
    connect(dialog, &QFileDialog::fileSelected, this, [this, id = current()](const QString& path) {
        ExportFormat format = ExportFormat::Markdown;
        for (const Format& each : kFormats) {
            if (path.endsWith(QLatin1String(each.suffix), Qt::CaseInsensitive)) format = each.format;
        }
        m_store.exportConversation(id, format, path, this, [this, path](const Result<void>& result) {
            emit told(result ? tr("Exported to %1.").arg(path)
                             : tr("It could not be exported: %1").arg(QString::fromStdString(result.error().toString())));
        });
    });
    dialog->open();
}

void HistoryPanel::import() {
    auto* dialog = new QFileDialog(this, tr("Import a conversation"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setNameFilter(tr("Exported conversations (*.json)"));
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        m_store.importConversation(path, this, [this](const Result<QString>& result) {
            if (!result) {
                emit told(tr("It could not be imported: %1").arg(QString::fromStdString(result.error().toString())));
                return;
            }
            m_wanted = *result;
            emit opened(*result, 0);
        });
    });
    dialog->open();
}

void HistoryPanel::openMenu(const QPoint& at) {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addActions(conversationActions());
    menu->popup(m_list->viewport()->mapToGlobal(at));
}

}  // namespace lapidary::gui
