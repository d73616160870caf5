// What can be done with a message: buttons, of which those that make sense are shown.
#pragma once

#include <QObject>
#include <array>
#include <cstdint>

#include "gui/chat/conversation.h"
#include "gui/widgets/theme.h"

class QLabel;
class QToolButton;
class QWidget;

namespace lapidary::gui {

enum class MessageAction : std::uint8_t { Copy, Edit, Regenerate, Continue, PreviousBranch, NextBranch, Delete, ShowSeen };

class MessageButtons final : public QObject {
    Q_OBJECT

public:
    explicit MessageButtons(QWidget* message);

    [[nodiscard]] QToolButton* button(MessageAction action) const { return m_buttons.at(static_cast<std::size_t>(action)); }
    [[nodiscard]] QWidget* branches() const { return m_branches; }  // "◀ 2 of 3 ▶"
    [[nodiscard]] QWidget* actions() const { return m_actions; }    // the others

    void showFor(const Message& message, const Conversation::Branch& branch);
    void setTheme(const Theme& theme);

signals:
    void pressed(lapidary::gui::MessageAction action);

private:
    QToolButton* make(QWidget* parent, MessageAction action, const QString& name, const QString& text, const QString& hint);
    void makeBranches(QWidget* message);
    void makeActions(QWidget* message);

    std::array<QToolButton*, 8> m_buttons{};
    QWidget* m_branches = nullptr;
    QLabel* m_branch = nullptr;
    QWidget* m_actions = nullptr;
};

}  // namespace lapidary::gui
