// A conversation as a tree: editing or regenerating adds a branch beside the old one, nothing is lost.  What is shown is one path
// from the beginning to a leaf.  Lives on the main thread; no widgets.
#pragma once

#include <QObject>
#include <QString>
#include <cstdint>
#include <map>
#include <vector>

#include "gui/chat/message.h"

namespace lapidary::gui {

class Conversation final : public QObject {
    Q_OBJECT

public:
    explicit Conversation(QObject* parent = nullptr) : QObject(parent) {}

    // All messages, by id, and the leaf that was shown last (0: the newest).  Errors in the data (a parent that is not there, a
    // circle) lose the branch, not the rest.  For what the history read.
    void restore(std::vector<Message> messages, std::int64_t leaf);

    // The messages that are shown, first to last.
    [[nodiscard]] int size() const { return static_cast<int>(m_path.size()); }
    [[nodiscard]] const Message& at(int row) const { return m_messages.at(m_path.at(static_cast<std::size_t>(row))); }
    [[nodiscard]] const Message* find(std::int64_t id) const;
    [[nodiscard]] int rowOf(std::int64_t id) const;  // -1: not on the path
    [[nodiscard]] std::int64_t leaf() const { return m_path.empty() ? 0 : m_path.back(); }
    [[nodiscard]] std::vector<Message> all() const;

    // "2 of 3": where among its siblings a shown message stands, from 0, and how many they are.
    struct Branch {
        int index = 0;
        int count = 1;
    };
    [[nodiscard]] Branch branchOf(int row) const;
    // Shows the sibling `by` places further (-1, +1), with the newest of what follows it.
    void switchBranch(int row, int by);
    // Shows the branch that holds this message, if another one is shown.
    void show(std::int64_t id);

    // Adds a message behind `parent` (0: a beginning) and shows it.  Its id.
    std::int64_t add(Message message, std::int64_t parent);
    // Changes one in place: an answer that streams.
    void append(std::int64_t id, const QString& text, const AnswerToken* token = nullptr);
    void update(const Message& message);
    // Removes a message with all that follows it; its siblings stay.  What is gone, parents before children: for bringBack().
    std::vector<Message> remove(std::int64_t id);
    // The undo of remove(): they stand where they stood, and the first of them is shown.
    void bringBack(std::vector<Message> messages);
    void clear();

signals:
    void pathChanged(int firstRow);  // rows from here on are others
    void messageAdded(int row);  // at the end of the path
    void messageChanged(int row);  // in place
    void textAppended(int row, const QString& text);
    // For the history: what has to be written.
    void stored(const lapidary::gui::Message& message);
    void streamed(qint64 id, const QString& text, const QVector<lapidary::gui::AnswerToken>& tokens);  // shown or not
    void removed(const QVector<qint64>& ids);
    void leafChanged(qint64 leaf);

private:
    [[nodiscard]] const std::vector<std::int64_t>& siblingsOf(std::int64_t id) const;
    void showLeafBelow(std::int64_t id);

    std::map<std::int64_t, Message> m_messages;
    std::map<std::int64_t, std::vector<std::int64_t>> m_children;  // of a message, oldest first; of 0: the beginnings
    std::vector<std::int64_t> m_path;
    std::int64_t m_nextId = 1;
};

}  // namespace lapidary::gui
