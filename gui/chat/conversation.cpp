#include "gui/chat/conversation.h"

#include <algorithm>
#include <utility>

namespace lapidary::gui {

void Conversation::restore(std::vector<Message> messages, std::int64_t leaf) {
    m_messages.clear();
    m_children.clear();
    m_path.clear();
    m_nextId = 1;
    // A parent is always older than its child: anything else is damage, and so cannot make a circle.
    std::sort(messages.begin(), messages.end(), [](const Message& a, const Message& b) { return a.id < b.id; });
    for (Message& message : messages) {
        if (message.id < m_nextId || (message.parent != 0 && m_messages.count(message.parent) == 0)) continue;
        // Whoever was writing when the window ended is writing no more.
        if (message.state == Message::State::Streaming) message.state = Message::State::Interrupted;
        m_nextId = message.id + 1;
        m_children[message.parent].push_back(message.id);
        m_messages.emplace(message.id, std::move(message));
    }
    if (!m_messages.empty()) showLeafBelow(m_messages.count(leaf) != 0 ? leaf : m_messages.rbegin()->first);
    emit pathChanged(0);
}

const Message* Conversation::find(std::int64_t id) const {
    const auto found = m_messages.find(id);
    return found == m_messages.end() ? nullptr : &found->second;
}

int Conversation::rowOf(std::int64_t id) const {
    const auto found = std::find(m_path.begin(), m_path.end(), id);
    return found == m_path.end() ? -1 : static_cast<int>(found - m_path.begin());
}

std::vector<Message> Conversation::all() const {
    std::vector<Message> messages;
    messages.reserve(m_messages.size());
    for (const auto& [id, message] : m_messages) messages.push_back(message);
    return messages;
}

const std::vector<std::int64_t>& Conversation::siblingsOf(std::int64_t id) const {
    return m_children.at(m_messages.at(id).parent);
}

Conversation::Branch Conversation::branchOf(int row) const {
    const std::int64_t id = at(row).id;
    const std::vector<std::int64_t>& siblings = siblingsOf(id);
    const auto place = std::find(siblings.begin(), siblings.end(), id) - siblings.begin();
    return {static_cast<int>(place), static_cast<int>(siblings.size())};
}

void Conversation::switchBranch(int row, int by) {
    const Branch branch = branchOf(row);
    const int wanted = std::clamp(branch.index + by, 0, branch.count - 1);
    if (wanted == branch.index) return;
    showLeafBelow(siblingsOf(at(row).id)[static_cast<std::size_t>(wanted)]);
    emit pathChanged(row);
    emit leafChanged(leaf());
}

void Conversation::show(std::int64_t id) {
    if (m_messages.count(id) == 0 || rowOf(id) >= 0) return;
    showLeafBelow(id);
    emit pathChanged(0);
    emit leafChanged(leaf());
}

void Conversation::showLeafBelow(std::int64_t id) {
    std::vector<std::int64_t> path;
    for (std::int64_t up = id; up != 0; up = m_messages.at(up).parent) path.push_back(up);
    std::reverse(path.begin(), path.end());
    for (auto below = m_children.find(id); below != m_children.end() && !below->second.empty();
         below = m_children.find(path.back()))
        path.push_back(below->second.back());
    m_path = std::move(path);
}

std::int64_t Conversation::add(Message message, std::int64_t parent) {
    message.id = m_nextId++;
    message.parent = parent;
    const std::int64_t id = message.id;
    const int parentRow = parent == 0 ? -1 : rowOf(parent);
    const bool atEnd = leaf() == parent;
    m_children[parent].push_back(id);
    m_messages.emplace(id, message);
    if (atEnd) {
        m_path.push_back(id);
        emit messageAdded(size() - 1);
    } else {
        showLeafBelow(id);
        emit pathChanged(parentRow + 1);
    }
    emit stored(message);
    emit leafChanged(leaf());
    return id;
}

void Conversation::append(std::int64_t id, const QString& text, const AnswerToken* token) {
    const auto found = m_messages.find(id);
    if (found == m_messages.end()) return;
    Message& message = found->second;
    if (token != nullptr) message.tokens.push_back(*token);
    message.append(text);
    const int row = rowOf(id);
    if (row >= 0 && !text.isEmpty()) emit textAppended(row, text);
    emit streamed(id, text, token == nullptr ? QVector<AnswerToken>{} : QVector<AnswerToken>{*token});
}

void Conversation::update(const Message& message) {
    const auto found = m_messages.find(message.id);
    if (found == m_messages.end()) return;
    const std::int64_t parent = found->second.parent;
    found->second = message;
    found->second.parent = parent;
    const int row = rowOf(message.id);
    if (row >= 0) emit messageChanged(row);
    emit stored(found->second);
}

std::vector<Message> Conversation::remove(std::int64_t id) {
    std::vector<Message> removedMessages;
    if (m_messages.count(id) == 0) return removedMessages;
    QVector<qint64> gone;
    std::vector<std::int64_t> open{id};
    while (!open.empty()) {
        const std::int64_t one = open.back();
        open.pop_back();
        gone.push_back(one);
        removedMessages.push_back(m_messages.at(one));
        const auto below = m_children.find(one);
        if (below != m_children.end()) open.insert(open.end(), below->second.begin(), below->second.end());
    }
    const std::int64_t parent = m_messages.at(id).parent;
    const int row = rowOf(id);
    std::vector<std::int64_t>& siblings = m_children[parent];
    siblings.erase(std::find(siblings.begin(), siblings.end(), id));
    for (const qint64 one : gone) {
        m_messages.erase(one);
        m_children.erase(one);
    }
    if (row >= 0) {
        if (!siblings.empty()) {
            showLeafBelow(siblings.back());
        } else if (parent != 0) {
            m_path.resize(static_cast<std::size_t>(row));
        } else {
            m_path.clear();
        }
        emit pathChanged(row);
    }
    emit removed(gone);
    emit leafChanged(leaf());
    return removedMessages;
}

void Conversation::bringBack(std::vector<Message> messages) {
    if (messages.empty()) return;
    const std::int64_t first = messages.front().id;
    for (Message& message : messages) {
        const bool fits = message.parent == 0 || m_messages.count(message.parent) != 0;
        if (!fits || m_messages.count(message.id) != 0) continue;
        std::vector<std::int64_t>& siblings = m_children[message.parent];
        siblings.insert(std::lower_bound(siblings.begin(), siblings.end(), message.id), message.id);
        if (message.state == Message::State::Streaming) message.state = Message::State::Interrupted;
        emit stored(m_messages.emplace(message.id, std::move(message)).first->second);
    }
    if (m_messages.count(first) == 0) return;
    showLeafBelow(first);
    emit pathChanged(0);
    emit leafChanged(leaf());
}

void Conversation::clear() {
    m_messages.clear();
    m_children.clear();
    m_path.clear();
    m_nextId = 1;
    emit pathChanged(0);
}

}  // namespace lapidary::gui
