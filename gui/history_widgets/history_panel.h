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

    // What is shown: the list marks it, and the menu's actions act on it.
    void select(const QString& conversation);
    void focusSearch();
    void endSearch();  // the whole list again
    [[nodiscard]] QList<QAction*> conversationActions() const;  // for a menu

    bool eventFilter(QObject* watched, QEvent* event) override;

signals:
    void newRequested();
    void opened(const QString& conversation, qint64 message);  // message: 0, or the one that a search found
    void removed(const QString& conversation);
    void told(const QString& sentence);  // what a person should hear of an export, an import

private:
    // What an action acts on: what is shown, or a row of the list.
    struct Target {
        QString id;
        QString title;
        bool pinned = false;
    };

    void buildList(QVBoxLayout& layout);
    void buildActions();
    void buildUndo(QVBoxLayout& layout);
    [[nodiscard]] Target targetOf(const QString& conversation) const;
    [[nodiscard]] QString currentRow() const;
    void rename(const Target& target);
    void togglePin(const Target& target);
    void removeOne(const Target& target);
    void exportOne(const Target& target);
    void import();
    void openMenu(const QPoint& at);
    void placeMark();
    void updateState();

    HistoryStore& m_store;
    ConversationListModel m_model;
    QLineEdit* m_search = nullptr;
    QListView* m_list = nullptr;
    QLabel* m_empty = nullptr;
    QWidget* m_undo = nullptr;
    QLabel* m_undoText = nullptr;
    QString m_removed;
    QString m_shown;
    // The row that a person is on, over a reset of the list: its conversation, and the message of a hit.
    QString m_place;
    qint64 m_placeMessage = 0;
    QAction* m_rename = nullptr;
    QAction* m_pin = nullptr;
    QAction* m_remove = nullptr;
    QAction* m_export = nullptr;
    QAction* m_import = nullptr;
};

}  // namespace lapidary::gui
