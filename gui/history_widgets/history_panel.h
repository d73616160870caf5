// The list of conversations with search, rename, pin, delete and its undo, export and import.
#pragma once

#include <QWidget>

#include "gui/history_widgets/conversation_list_model.h"

class QVBoxLayout;
class QAction;
class QLabel;
class QLineEdit;
class QListView;
class QPushButton;

namespace lapidary::gui {

class HistoryPanel final : public QWidget {
    Q_OBJECT

public:
    explicit HistoryPanel(HistoryStore& store, QWidget* parent = nullptr);

    void select(const QString& conversation);
    void focusSearch();
    [[nodiscard]] QList<QAction*> conversationActions() const;  // for a menu

signals:
    void newRequested();
    void opened(const QString& conversation, qint64 message);  // message: 0, or the one that a search found
    void removed(const QString& conversation);
    void told(const QString& sentence);  // what a person should hear of an export, an import

private:
    void buildActions();
    void buildUndo(QVBoxLayout& layout);
    [[nodiscard]] QString current() const;
    void rename();
    void togglePin();
    void removeCurrent();
    void exportCurrent();
    void import();
    void openMenu(const QPoint& at);
    void updateState();

    HistoryStore& m_store;
    ConversationListModel m_model;
    QLineEdit* m_search = nullptr;
    QListView* m_list = nullptr;
    QLabel* m_empty = nullptr;
    QWidget* m_undo = nullptr;
    QLabel* m_undoText = nullptr;
    QString m_removed;
    QString m_wanted;  // to be selected once the list has it
    QAction* m_rename = nullptr;
    QAction* m_pin = nullptr;
    QAction* m_remove = nullptr;
    QAction* m_export = nullptr;
    QAction* m_import = nullptr;
};

}  // namespace lapidary::gui
