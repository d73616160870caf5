// The conversation that is shown, kept in the history as it grows: what is said is written as it is said.  Lives on the main thread;
// no widgets.
#pragma once

#include <QObject>
#include <QString>
#include <functional>
#include <map>
#include <memory>

#include "gui/chat/chat_view_model.h"
#include "gui/history/history_store.h"

namespace lapidary::gui {

class ConversationKeeper final : public QObject {
    Q_OBJECT

public:
    ConversationKeeper(ChatViewModel& chat, HistoryStore& store, QObject* parent = nullptr);

    [[nodiscard]] QString current() const;  // the history's key; empty for a new one

    void startNew(const ConversationSettings& settings);
    void open(const QString& conversation, std::int64_t message = 0);
    // The same at a start, of what was shown when the window was last there.  What is gone or cannot be read is passed over: nobody asked.
    void reopen(const QString& conversation);
    // Pictures go into the store first, then the message is sent.  The parts are given back by refused() where that fails.
    void send(const std::vector<MessagePart>& parts, const QString& model);
    // The same for a changed message, which becomes a branch.
    void edit(std::int64_t message, const std::vector<MessagePart>& parts);
    void setSettings(const ConversationSettings& settings);

signals:
    void shown();  // another conversation
    void keyChanged(const QString& key);  // the new one is in the history now
    void found(int row);  // where the message of a search stands
    void refused(const std::vector<lapidary::gui::MessagePart>& parts, const QString& sentence);

private:
    using Refuse = std::function<void(const Error&)>;
    void read(const QString& conversation, std::int64_t message, const Refuse& refuse);
    void record(const std::shared_ptr<OpenConversation>& conversation);
    using Deliver = std::function<void(std::vector<MessagePart>)>;
    void importNext(std::vector<MessagePart> parts, std::size_t from, const Deliver& deliver);
    void deliver(std::vector<MessagePart> parts, const QString& model);

    ChatViewModel& m_chat;
    HistoryStore& m_store;
    // Those that are shown or still answered, by key: a second one read from the history would write over their words.
    std::map<QString, std::weak_ptr<OpenConversation>> m_alive;
    std::uint64_t m_opening = 0;  // the newest of what is being read
};

// The first words of what a person said, for a list.
QString titleOf(const std::vector<MessagePart>& parts);

}  // namespace lapidary::gui
