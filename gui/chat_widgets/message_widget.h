// One message: who, text and pictures in their order, how it ended, figures, and what can be done with it.  It decides nothing: what is
// pressed becomes a signal.
#pragma once

#include <QFrame>
#include <vector>

#include "gui/chat/conversation.h"
#include "gui/chat/message.h"
#include "gui/chat_widgets/message_buttons.h"
#include "gui/widgets/theme.h"

class QLabel;
class QToolButton;
class QVBoxLayout;

namespace lapidary::gui {

class MarkdownView;
class ThumbnailProvider;

// Where a message stands.
struct MessagePlace {
    int row = 0;
    int count = 1;
    Conversation::Branch branch;
};

class MessageWidget final : public QFrame {
    Q_OBJECT

public:
    MessageWidget(ThumbnailProvider* thumbnails, const Theme& theme, QWidget* parent = nullptr);

    [[nodiscard]] qint64 id() const { return m_id; }
    [[nodiscard]] MarkdownView* lastText() const { return m_texts.empty() ? nullptr : m_texts.back(); }
    [[nodiscard]] QToolButton* button(MessageAction action) const { return m_buttons->button(action); }
    // As Tab goes through it: as it is read.
    [[nodiscard]] std::vector<QWidget*> tabStops();

    void setMessage(const Message& message, const MessagePlace& place);
    // The same message, its text longer.
    void showProgress(const Message& message);
    void setTheme(const Theme& theme);
    // Tints words by their probability, where the message has them.
    void setTinted(bool tinted, const Message& message);
    // Only the current message's controls are in the tab order.
    void setCurrent(bool current);

signals:
    void actionRequested(qint64 id, lapidary::gui::MessageAction action);
    void pictureActivated(qint64 id, int picture);  // the n-th of the message
    void tokenClicked(qint64 id, int token);
    void codeCopyRequested(const QString& code);
    void linkActivated(const QUrl& url);
    void heightChanged();
    void caretMoved(const QRect& place);  // in this widget

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QWidget* makeHeader();
    [[nodiscard]] bool hasShape(const Message& message) const;
    void buildParts(const Message& message);
    MarkdownView* addText();
    QWidget* addPictures();
    void addPicture(QWidget* strip, const Picture& picture, int index);
    void showTexts(const Message& message);
    void showThumbnail(const QString& key);
    void showState(const Message& message, const MessagePlace& place);
    void colourNotice(bool failed);

    ThumbnailProvider* m_thumbnails;
    Theme m_theme;
    qint64 m_id = 0;
    Role m_role = Role::User;
    bool m_tinted = false;
    bool m_current = false;
    bool m_failed = false;
    bool m_waiting = false;
    std::size_t m_tokens = 0;  // of the message, that the text knows
    qsizetype m_tokensEnd = 0;
    // One entry a part, in order.
    struct Part {
        MarkdownView* text = nullptr;  // or else
        QToolButton* button = nullptr;
        Picture picture;
    };
    std::vector<Part> m_parts;
    std::vector<MarkdownView*> m_texts;
    MessageButtons* m_buttons;
    QVBoxLayout* m_body;
    QLabel* m_author;
    QLabel* m_notice;
    QLabel* m_figures;
};

}  // namespace lapidary::gui
