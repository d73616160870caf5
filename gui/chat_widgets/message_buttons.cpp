#include "gui/chat_widgets/message_buttons.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

#include "gui/chat_widgets/message_texts.h"
#include "gui/widgets/flow_layout.h"

namespace lapidary::gui {

MessageButtons::MessageButtons(QWidget* message) : QObject(message) {
    makeBranches(message);
    makeActions(message);
}

QToolButton* MessageButtons::make(QWidget* parent, MessageAction action, const QString& name, const QString& text,
                                  const QString& hint) {
    auto* button = new QToolButton(parent);
    button->setObjectName(name);
    button->setText(text);
    button->setToolTip(hint);
    button->setAccessibleName(hint);
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::ClickFocus);
    connect(button, &QToolButton::clicked, this, [this, action] { emit pressed(action); });
    m_buttons.at(static_cast<std::size_t>(action)) = button;
    return button;
}

void MessageButtons::makeBranches(QWidget* message) {
    m_branches = new QWidget(message);
    auto* layout = new QHBoxLayout(m_branches);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    layout->addWidget(make(m_branches, MessageAction::PreviousBranch, QStringLiteral("previousBranch"), QStringLiteral("◀"),
                           tr("Show the version before")));
    m_branch = new QLabel(m_branches);
    m_branch->setObjectName(QStringLiteral("messageBranch"));
    m_branch->setForegroundRole(QPalette::PlaceholderText);
    layout->addWidget(m_branch);
    layout->addWidget(make(m_branches, MessageAction::NextBranch, QStringLiteral("nextBranch"), QStringLiteral("▶"),
                           tr("Show the next version")));
}

void MessageButtons::makeActions(QWidget* message) {
    m_actions = new QWidget(message);
    auto* layout = new FlowLayout(m_actions, 2);
    const auto add = [this, layout](MessageAction action, const QString& name, const QString& text, const QString& hint) {
        layout->addWidget(make(m_actions, action, name, text, hint));
    };
    add(MessageAction::Copy, QStringLiteral("copyMessage"), tr("Copy"), tr("Copy this message as it was written"));
    add(MessageAction::Edit, QStringLiteral("editMessage"), tr("Edit"), tr("Edit this message in a new branch"));
    add(MessageAction::Regenerate, QStringLiteral("regenerateMessage"), tr("Regenerate"),
        tr("Ask for another answer in a new branch"));
    add(MessageAction::Continue, QStringLiteral("continueMessage"), tr("Continue"), tr("Let this answer go on"));
    add(MessageAction::ShowSeen, QStringLiteral("showSeen"), tr("What the model saw"),
        tr("Show the views of these pictures that went into the model"));
    add(MessageAction::Delete, QStringLiteral("deleteMessage"), tr("Delete"),
        tr("Delete this message and all that follows it"));
}

void MessageButtons::showFor(const Message& message, const Conversation::Branch& branch) {
    m_branch->setText(MessageTexts::branch(branch.index, branch.count));
    m_branches->setVisible(branch.count > 1);
    button(MessageAction::PreviousBranch)->setEnabled(branch.index > 0);
    button(MessageAction::NextBranch)->setEnabled(branch.index + 1 < branch.count);

    const bool streaming = message.state == Message::State::Streaming;
    const bool answer = message.role == Role::Assistant;
    const bool hasText = !message.text().isEmpty();
    const bool unfinished = message.state == Message::State::Interrupted || message.state == Message::State::Failed ||
                            (!streaming && message.figures.finishReason == QLatin1String("length"));
    button(MessageAction::Copy)->setVisible(hasText);
    button(MessageAction::Edit)->setVisible(!streaming);
    button(MessageAction::Regenerate)->setVisible(answer && !streaming);
    button(MessageAction::Continue)->setVisible(answer && unfinished && hasText);
    button(MessageAction::ShowSeen)->setVisible(!message.pictures().empty());
    button(MessageAction::Delete)->setVisible(!streaming);
}

void MessageButtons::setTheme(const Theme& theme) {
    // What can be done stands back behind what was said.
    QPalette quiet = theme.palette();
    quiet.setColor(QPalette::ButtonText, theme.mutedText);
    for (QToolButton* button : m_buttons) button->setPalette(quiet);
}

}  // namespace lapidary::gui
