#include "gui/window/conversation_keeper.h"

#include <utility>

#include "gui/history/history_recorder.h"

namespace lapidary::gui {
namespace {

constexpr qsizetype kLongestTitle = 60;

}  // namespace

QString titleOf(const std::vector<MessagePart>& parts) {
    for (const MessagePart& part : parts) {
        QString text = part.picture ? QString() : part.text.simplified();
        if (text.isEmpty()) continue;
        if (text.size() <= kLongestTitle) return text;
        const qsizetype space = text.lastIndexOf(QLatin1Char(' '), kLongestTitle);
        return text.left(space > kLongestTitle / 2 ? space : kLongestTitle) + QChar(0x2026);
    }
    for (const MessagePart& part : parts) {
        if (part.picture) return part.picture->name;
    }
    return {};
}

ConversationKeeper::ConversationKeeper(ChatViewModel& chat, HistoryStore& store, QObject* parent)
    : QObject(parent), m_chat(chat), m_store(store) {
    startNew({});
}

QString ConversationKeeper::current() const { return m_chat.shown() ? m_chat.shown()->key : QString(); }

void ConversationKeeper::startNew(const ConversationSettings& settings) {
    ++m_opening;
    auto conversation = std::make_shared<OpenConversation>();
    conversation->settings = settings;
    m_chat.show(conversation);
    emit shown();
}

void ConversationKeeper::open(const QString& conversation, std::int64_t message) {
    read(conversation, message, [this](const Error& error) {
        emit refused({}, tr("The conversation cannot be read: %1").arg(QString::fromStdString(error.toString())));
    });
}

void ConversationKeeper::reopen(const QString& conversation) {
    if (!conversation.isEmpty()) read(conversation, 0, [](const Error&) {});
}

void ConversationKeeper::read(const QString& conversation, std::int64_t message, const Refuse& refuse) {
    const auto showFound = [this, message] {
        if (message == 0) return;
        const int row = m_chat.shown()->messages.rowOf(message);
        if (row >= 0) emit found(row);
    };
    if (conversation == current()) {
        if (message != 0) m_chat.shown()->messages.show(message);
        showFound();
        return;
    }
    const std::uint64_t opening = ++m_opening;
    if (std::shared_ptr<OpenConversation> alive = m_alive[conversation].lock()) {
        m_chat.show(std::move(alive));
        if (message != 0) m_chat.shown()->messages.show(message);
        emit shown();
        showFound();
        return;
    }
    m_store.open(conversation, this, [this, opening, message, showFound, refuse](Result<ConversationData> data) {
        if (opening != m_opening) return;  // the person went elsewhere meanwhile
        if (!data) {
            refuse(data.error());
            return;
        }
        auto opened = std::make_shared<OpenConversation>();
        opened->key = data->info.id;
        opened->settings = data->settings;
        opened->messages.restore(std::move(data->messages), message != 0 ? message : data->leaf);
        record(opened);
        m_chat.show(opened);
        emit shown();
        showFound();
    });
}

void ConversationKeeper::send(const std::vector<MessagePart>& parts, const QString& model) {
    importNext(parts, 0, [this, model](std::vector<MessagePart> kept) { deliver(std::move(kept), model); });
}

void ConversationKeeper::edit(std::int64_t message, const std::vector<MessagePart>& parts) {
    importNext(parts, 0, [this, message, conversation = m_chat.shown()](std::vector<MessagePart> kept) {
        const int row = conversation == m_chat.shown() ? conversation->messages.rowOf(message) : -1;
        if (row < 0) {
            emit refused(kept, tr("The message that was edited is not shown any more."));
            return;
        }
        m_chat.edit(row, std::move(kept));
    });
}

void ConversationKeeper::importNext(std::vector<MessagePart> parts, std::size_t from, const Deliver& deliver) {
    const auto isKept = [](const MessagePart& part) {
        return !part.picture || !part.picture->sha256.isEmpty() || part.picture->path.isEmpty();
    };
    while (from < parts.size() && isKept(parts[from])) ++from;
    if (from == parts.size()) {
        deliver(std::move(parts));
        return;
    }
    const QString path = parts[from].picture->path;
    m_store.importPicture(
        path, this, [this, parts = std::move(parts), from, deliver](const Result<StoredPicture>& stored) mutable {
            if (!stored) {
                emit refused(parts,
                             tr("A picture could not be kept: %1").arg(QString::fromStdString(stored.error().toString())));
                return;
            }
            parts[from].picture->sha256 = stored->sha256;
            parts[from].picture->path = stored->path;
            importNext(std::move(parts), from + 1, deliver);
        });
}

void ConversationKeeper::deliver(std::vector<MessagePart> parts, const QString& model) {
    const QString reason = m_chat.whyNotSend(parts);
    if (!reason.isEmpty()) {
        emit refused(parts, reason);
        return;
    }
    const std::shared_ptr<OpenConversation> conversation = m_chat.shown();
    if (conversation->key.isEmpty()) {
        conversation->key = m_store.create(titleOf(parts), conversation->settings, model);
        record(conversation);
        emit keyChanged(conversation->key);
    }
    m_chat.send(std::move(parts));
}

// Ends with the conversation, which lives at least as long as an answer runs into it.
void ConversationKeeper::record(const std::shared_ptr<OpenConversation>& conversation) {
    std::erase_if(m_alive, [](const auto& each) { return each.second.expired(); });
    m_alive[conversation->key] = conversation;
    new HistoryRecorder(conversation->messages, m_store, conversation->key, &conversation->messages);
}

void ConversationKeeper::setSettings(const ConversationSettings& settings) {
    const std::shared_ptr<OpenConversation> conversation = m_chat.shown();
    conversation->settings = settings;
    if (!conversation->key.isEmpty()) m_store.setSettings(conversation->key, settings);
}

}  // namespace lapidary::gui
