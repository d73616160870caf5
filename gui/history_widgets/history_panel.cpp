#include "gui/history_widgets/history_panel.h"

#include <QAction>
#include <QFileDialog>
#include <QFocusEvent>
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
    buildList(*layout);
    m_empty = new QLabel(this);
    m_empty->setObjectName(QStringLiteral("historyEmpty"));
    m_empty->setWordWrap(true);
    m_empty->setTextFormat(Qt::PlainText);  // paths are in it
    layout->addWidget(m_empty);
    buildUndo(*layout);
    buildActions();
    updateState();
}

void HistoryPanel::buildList(QVBoxLayout& layout) {
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
    layout.addWidget(m_list, 1);
    m_list->installEventFilter(this);
    const auto open = [this](const QModelIndex& index) {
        if (index.isValid())
            emit opened(index.data(ConversationListModel::IdRole).toString(),
                        index.data(ConversationListModel::MessageRole).toLongLong());
    };
    connect(m_list, &QListView::clicked, this, open);
    connect(m_list, &QListView::activated, this, open);
    connect(m_list, &QListView::customContextMenuRequested, this, &HistoryPanel::openMenu);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
        m_place = index.data(ConversationListModel::IdRole).toString();
        m_placeMessage = index.data(ConversationListModel::MessageRole).toLongLong();
    });
    connect(&m_model, &ConversationListModel::refreshed, this, [this] {
        placeMark();
        updateState();
    });
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
        m_undo->hide();
        emit opened(m_removed, 0);
    });
}

void HistoryPanel::buildActions() {
    const auto action = [this](const QString& text, const char* name, void (HistoryPanel::*act)(const Target&)) {
        auto* made = new QAction(text, this);
        made->setObjectName(QLatin1String(name));
        connect(made, &QAction::triggered, this, [this, act] { (this->*act)(targetOf(m_shown)); });
        return made;
    };
    m_rename = action(tr("Rename…"), "renameConversation", &HistoryPanel::rename);
    m_pin = action(tr("Pin"), "pinConversation", &HistoryPanel::togglePin);
    m_remove = action(tr("Delete"), "deleteConversation", &HistoryPanel::removeOne);
    m_export = action(tr("Export…"), "exportConversation", &HistoryPanel::exportOne);
    m_import = new QAction(tr("Import…"), this);
    m_import->setObjectName(QStringLiteral("importConversation"));
    connect(m_import, &QAction::triggered, this, &HistoryPanel::import);
    m_rename->setShortcut(Qt::Key_F2);
    addAction(m_rename);
    // In the list the key means the row that it is on; elsewhere it deletes text and pictures.
    auto* removeRow = new QAction(tr("Delete"), m_list);
    removeRow->setObjectName(QStringLiteral("deleteListRow"));
    removeRow->setShortcut(QKeySequence::Delete);
    removeRow->setShortcutContext(Qt::WidgetShortcut);
    connect(removeRow, &QAction::triggered, this, [this] { removeOne(targetOf(currentRow())); });
    m_list->addAction(removeRow);
}

QList<QAction*> HistoryPanel::conversationActions() const { return {m_rename, m_pin, m_remove, m_export, m_import}; }

QString HistoryPanel::currentRow() const { return m_list->currentIndex().data(ConversationListModel::IdRole).toString(); }

HistoryPanel::Target HistoryPanel::targetOf(const QString& conversation) const {
    const auto known = m_model.known(conversation).value_or(ConversationListModel::Known());
    return {conversation, known.title, known.pinned};
}

void HistoryPanel::select(const QString& conversation) {
    m_shown = conversation;
    if (currentRow() != conversation) {  // of several hits in it, the one that was opened stays marked
        const int row = m_model.rowOf(conversation);
        m_list->setCurrentIndex(row < 0 ? QModelIndex() : m_model.index(row));
    }
    updateState();
}

// The list was read again.  A person who walks through it by keys, or through hits, keeps the place; else what is shown is marked.
void HistoryPanel::placeMark() {
    const bool walks = m_list->hasFocus() || m_model.isSearching();
    int row = walks && !m_place.isEmpty() ? m_model.rowOf(m_place, m_placeMessage) : -1;
    if (row < 0) row = m_model.rowOf(m_shown);
    if (row != m_list->currentIndex().row()) m_list->setCurrentIndex(row < 0 ? QModelIndex() : m_model.index(row));
}

bool HistoryPanel::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::FocusOut && !m_model.isSearching()) {
        const Qt::FocusReason reason = static_cast<QFocusEvent*>(event)->reason();
        const bool left = reason != Qt::PopupFocusReason && reason != Qt::ActiveWindowFocusReason;
        if (left) select(m_shown);
    }
    return QWidget::eventFilter(watched, event);
}

void HistoryPanel::endSearch() { m_search->clear(); }

void HistoryPanel::focusSearch() {
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

void HistoryPanel::updateState() {
    const std::optional<ConversationListModel::Known> known = m_model.known(m_shown);
    for (QAction* each : {m_rename, m_pin, m_remove, m_export}) each->setEnabled(known.has_value());
    m_pin->setText(known && known->pinned ? tr("Unpin") : tr("Pin"));
    m_empty->setVisible(m_model.rowCount() == 0);
    if (!m_model.problem().isEmpty()) {
        m_empty->setText(m_model.problem());
    } else {
        m_empty->setText(m_model.isSearching() ? tr("Nothing found.") : tr("Your conversations will be listed here."));
    }
}

void HistoryPanel::rename(const Target& target) {
    auto* ask = new QInputDialog(this);
    ask->setObjectName(QStringLiteral("renameDialog"));
    ask->setAttribute(Qt::WA_DeleteOnClose);
    ask->setWindowTitle(tr("Rename the conversation"));
    ask->setLabelText(tr("Title"));
    ask->setTextValue(target.title);
    connect(ask, &QInputDialog::textValueSelected, this, [this, id = target.id](const QString& title) {
        if (!title.trimmed().isEmpty()) m_store.rename(id, title.trimmed());
    });
    ask->open();
}

void HistoryPanel::togglePin(const Target& target) { m_store.setPinned(target.id, !target.pinned); }

void HistoryPanel::removeOne(const Target& target) {
    if (target.id.isEmpty()) return;
    m_removed = target.id;
    m_undoText->setText(tr("“%1” was deleted.").arg(target.title));
    m_store.remove(m_removed);
    m_undo->show();
    emit removed(m_removed);
}

void HistoryPanel::exportOne(const Target& target) {
    auto* dialog = new QFileDialog(this, tr("Export the conversation"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setNameFilters(
        {tr("Markdown (*.md)"), tr("Web page with its pictures (*.html)"), tr("JSON, to be imported again (*.json)")});
    dialog->setDefaultSuffix(QStringLiteral("md"));
    dialog->selectFile(fileNameOf(target.title));
    connect(dialog, &QFileDialog::filterSelected, dialog,
            [dialog](const QString& filter) { dialog->setDefaultSuffix(filter.section(QStringLiteral("*."), 1).chopped(1)); });
    connect(dialog, &QFileDialog::fileSelected, this, [this, id = target.id](const QString& path) {
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
            emit opened(*result, 0);
        });
    });
    dialog->open();
}

void HistoryPanel::openMenu(const QPoint& at) {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const QString row = m_list->indexAt(at).data(ConversationListModel::IdRole).toString();
    if (!row.isEmpty()) {
        const Target target = targetOf(row);
        const auto add = [&](const QString& text, const char* name, void (HistoryPanel::*act)(const Target&)) {
            QAction* const action = menu->addAction(text, this, [this, act, target] { (this->*act)(target); });
            action->setObjectName(QLatin1String(name));
        };
        add(tr("Rename…"), "renameRow", &HistoryPanel::rename);
        add(target.pinned ? tr("Unpin") : tr("Pin"), "pinRow", &HistoryPanel::togglePin);
        add(tr("Delete"), "deleteRow", &HistoryPanel::removeOne);
        add(tr("Export…"), "exportRow", &HistoryPanel::exportOne);
    }
    menu->addAction(m_import);
    menu->popup(m_list->viewport()->mapToGlobal(at));
}

}  // namespace lapidary::gui
