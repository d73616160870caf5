// ChatPage: what is done with one message: its buttons, its words, its pictures.
#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QLocale>
#include <QMenu>
#include <cmath>
#include <optional>

#include "gui/chat_widgets/composer_widget.h"
#include "gui/chat_widgets/full_view.h"
#include "gui/chat_widgets/message_texts.h"
#include "gui/window/chat_page.h"
#include "gui/window/seen_dialog.h"

namespace lapidary::gui {

void ChatPage::act(qint64 id, MessageAction action) {
    Conversation& messages = m_services.chat.shown()->messages;
    const int row = messages.rowOf(id);
    if (row < 0) return;
    switch (action) {
        case MessageAction::Copy: QGuiApplication::clipboard()->setText(messages.at(row).text()); break;
        case MessageAction::Edit: beginEdit(messages.at(row)); break;
        case MessageAction::Regenerate: m_services.chat.regenerate(row); break;
        case MessageAction::Continue: m_services.chat.continueAnswer(row); break;
        case MessageAction::PreviousBranch: messages.switchBranch(row, -1); break;
        case MessageAction::NextBranch: messages.switchBranch(row, 1); break;
        case MessageAction::Delete: remove(id); break;
        case MessageAction::ShowSeen: {
            const bool answered = row + 1 < messages.size();
            const auto figures = answered ? std::optional(messages.at(row + 1).figures) : std::nullopt;
            (new SeenDialog(m_services.engine, m_pictures, messages.at(row), figures, this))->show();
            break;
        }
    }
}

// All branches and answers that follow go as well, so it can be undone; what was removed is held by the notice alone.
void ChatPage::remove(qint64 id) {
    const std::shared_ptr<OpenConversation> conversation = m_services.chat.shown();
    const std::vector<Message> gone = conversation->messages.remove(id);
    if (gone.empty()) return;
    for (const Message& message : gone) m_services.chat.stopIfRunning(message.id);  // nobody waits for it
    const QString text = tr("%n message(s) were deleted.", nullptr, static_cast<int>(gone.size()));
    emit told({Notice::Kind::Info, text, {}, tr("Undo"), [conversation, gone] { conversation->messages.bringBack(gone); }});
}

void ChatPage::beginEdit(const Message& message) {
    m_draft.putAside();
    m_editing = message.id;
    m_composer.setParts(message.parts);
    m_editRow->show();
    m_composerWidget->focusText();
}

void ChatPage::endEdit() {
    m_editing = 0;
    m_editRow->hide();
}

void ChatPage::offerAlternatives(qint64 id, int token) {
    const Conversation& messages = m_services.chat.shown()->messages;
    const int row = messages.rowOf(id);
    if (row < 0 || token < 0 || token >= static_cast<int>(messages.at(row).tokens.size())) return;
    auto* menu = new QMenu(this);
    menu->setObjectName(QStringLiteral("alternatives"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const AnswerToken& chosen = messages.at(row).tokens[static_cast<std::size_t>(token)];
    for (const TokenChoice& choice : chosen.alternatives) {
        const QString percent = QLocale().toString(100.0 * std::exp(choice.logprob), 'f', 1);
        QAction* const action = menu->addAction(tr("“%1” with %2 %").arg(choice.text, percent));
        action->setCheckable(true);
        action->setChecked(choice.token == chosen.chosen.token);
        action->setEnabled(choice.token != chosen.chosen.token);
        connect(action, &QAction::triggered, this, [this, id, token, choice] {
            const int now = m_services.chat.shown()->messages.rowOf(id);
            if (now >= 0) m_services.chat.chooseAlternative(now, token, choice);
        });
    }
    menu->popup(QCursor::pos());
}

void ChatPage::openPicture(qint64 id, int picture) {
    const Message* const message = m_services.chat.shown()->messages.find(id);
    const std::vector<Picture> pictures = message != nullptr ? message->pictures() : std::vector<Picture>();
    if (picture < 0 || picture >= static_cast<int>(pictures.size())) return;
    const Picture& shown = pictures[static_cast<std::size_t>(picture)];
    protocol::ThumbnailRequest request;
    request.path = shown.path.toStdString();
    request.maxSide = PreviewViewModel::kOriginalSide;
    const std::int64_t asked = m_services.engine.send(request);
    auto* waiting = new QObject(this);
    connect(&m_services.engine, &EngineApi::received, waiting,
            [this, asked, waiting, shown](std::int64_t answered, const protocol::EventBody& body) {
                if (answered != asked) return;
                if (const auto* made = std::get_if<protocol::ThumbnailEvent>(&body)) {
                    auto* view = new FullView(m_pictures, QString::fromStdString(made->path),
                                              QSizeF(static_cast<qreal>(made->width), static_cast<qreal>(made->height)),
                                              shown.name, MessageTexts::picture(shown), this);
                    view->setAttribute(Qt::WA_DeleteOnClose);
                    view->show();
                }
                if (protocol::endsRequest(body)) waiting->deleteLater();
            });
}

}  // namespace lapidary::gui
