#include "gui/chat_widgets/message_widget.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "gui/chat_widgets/markdown_view.h"
#include "gui/chat_widgets/message_texts.h"
#include "gui/chat_widgets/thumbnails.h"
#include "gui/widgets/flow_layout.h"

namespace lapidary::gui {
namespace {

constexpr int kRadius = 10;  // pixels, as the rest here
constexpr QSize kLargestThumbnail(168, 126);
constexpr QSize kUnknownThumbnail(126, 126);

QSize thumbnailSize(const Picture& picture) {
    if (picture.width <= 0 || picture.height <= 0) return kUnknownThumbnail;
    // A picture of 1 x 10000 must stay something that can be pressed.
    return QSizeF(static_cast<qreal>(picture.width), static_cast<qreal>(picture.height))
        .scaled(kLargestThumbnail, Qt::KeepAspectRatio)
        .toSize()
        .expandedTo(QSize(28, 28));
}

}  // namespace

MessageWidget::MessageWidget(ThumbnailProvider* thumbnails, const Theme& theme, QWidget* parent)
    : QFrame(parent), m_thumbnails(thumbnails), m_buttons(new MessageButtons(this)), m_body(new QVBoxLayout) {
    setObjectName(QStringLiteral("message"));
    setFocusPolicy(Qt::ClickFocus);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(18, 12, 18, 10);
    layout->setSpacing(6);
    layout->addWidget(makeHeader());
    m_body->setSpacing(8);
    layout->addLayout(m_body);
    m_notice = new QLabel(this);
    m_notice->setObjectName(QStringLiteral("messageNotice"));
    m_notice->setWordWrap(true);
    m_notice->setTextFormat(Qt::PlainText);
    m_notice->setAutoFillBackground(true);
    m_notice->setMargin(8);
    layout->addWidget(m_notice);
    m_figures = new QLabel(this);
    m_figures->setObjectName(QStringLiteral("messageFigures"));
    m_figures->setWordWrap(true);
    m_figures->setTextFormat(Qt::PlainText);
    m_figures->setForegroundRole(QPalette::PlaceholderText);
    layout->addWidget(m_figures);
    layout->addWidget(m_buttons->actions());
    connect(m_buttons, &MessageButtons::pressed, this, [this](MessageAction action) { emit actionRequested(m_id, action); });
    if (m_thumbnails != nullptr) connect(m_thumbnails, &ThumbnailProvider::ready, this, &MessageWidget::showThumbnail);
    setTheme(theme);
}

QWidget* MessageWidget::makeHeader() {
    auto* header = new QWidget(this);
    auto* layout = new QHBoxLayout(header);
    layout->setContentsMargins(0, 0, 0, 0);
    m_author = new QLabel(header);
    m_author->setObjectName(QStringLiteral("messageAuthor"));
    m_author->setTextFormat(Qt::PlainText);
    QFont bold;  // of no size of its own: it follows the window's
    bold.setBold(true);
    m_author->setFont(bold);
    layout->addWidget(m_author, 1);
    layout->addWidget(m_buttons->branches());
    return header;
}

// ---- Text and pictures

bool MessageWidget::hasShape(const Message& message) const {
    if (message.id != m_id || message.role != m_role || m_parts.size() != message.parts.size()) return false;
    if (m_waiting && message.state != Message::State::Streaming) return false;
    for (std::size_t i = 0; i < m_parts.size(); ++i) {
        const MessagePart& part = message.parts[i];
        if ((m_parts[i].text == nullptr) != part.picture.has_value()) return false;
        if (part.picture && (thumbnailKey(*part.picture) != thumbnailKey(m_parts[i].picture) ||
                             part.picture->width != m_parts[i].picture.width))
            return false;
        if (!part.picture && !part.text.startsWith(m_parts[i].text->markdown().source())) return false;
    }
    return true;
}

void MessageWidget::buildParts(const Message& message) {
    while (QLayoutItem* item = m_body->takeAt(0)) {
        // Not at once: what is pressed in it may have led here.
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    m_parts.clear();
    m_texts.clear();
    m_tokens = 0;
    m_tokensEnd = 0;
    m_id = message.id;
    m_role = message.role;
    QWidget* strip = nullptr;
    int pictures = 0;
    for (const MessagePart& part : message.parts) {
        if (part.picture) {
            if (strip == nullptr) strip = addPictures();
            addPicture(strip, *part.picture, pictures++);
        } else {
            strip = nullptr;
            MarkdownView* text = addText();
            m_parts.push_back({text, nullptr, {}});
        }
    }
    // An answer without its first word: the caret shows where it will come.
    m_waiting = message.parts.empty() && message.state == Message::State::Streaming;
    if (m_waiting) addText()->setStreaming(true);
}

MarkdownView* MessageWidget::addText() {
    auto* text =
        new MarkdownView(m_role == Role::User ? MarkdownDocument::Format::Plain : MarkdownDocument::Format::Markdown, this);
    text->setAccessibleName(m_role == Role::User ? tr("Your text") : tr("Text of the answer"));
    text->setTheme(m_theme);
    text->setInTabOrder(m_current);
    connect(text, &MarkdownView::codeCopyRequested, this, &MessageWidget::codeCopyRequested);
    connect(text, &MarkdownView::linkActivated, this, &MessageWidget::linkActivated);
    connect(text, &MarkdownView::tokenClicked, this, [this](int token) { emit tokenClicked(m_id, token); });
    connect(text, &MarkdownView::heightChanged, this, &MessageWidget::heightChanged);
    connect(text, &MarkdownView::caretMoved, this,
            [this, text](const QRect& place) { emit caretMoved(QRect(text->mapTo(this, place.topLeft()), place.size())); });
    m_texts.push_back(text);
    m_body->addWidget(text);
    return text;
}

QWidget* MessageWidget::addPictures() {
    auto* strip = new QWidget(this);
    strip->setObjectName(QStringLiteral("messagePictures"));
    new FlowLayout(strip, 8);
    m_body->addWidget(strip);
    return strip;
}

void MessageWidget::addPicture(QWidget* strip, const Picture& picture, int index) {
    auto* button = new QToolButton(strip);
    button->setObjectName(QStringLiteral("messagePicture%1").arg(index));
    button->setAccessibleName(MessageTexts::picture(picture));
    button->setToolTip(MessageTexts::picture(picture));
    button->setAutoRaise(true);
    button->setFocusPolicy(m_current ? Qt::StrongFocus : Qt::ClickFocus);
    const QSize size = thumbnailSize(picture);
    button->setIconSize(size);
    button->setFixedSize(size + QSize(6, 6));
    connect(button, &QToolButton::clicked, this, [this, index] { emit pictureActivated(m_id, index); });
    strip->layout()->addWidget(button);
    m_parts.push_back({nullptr, button, picture});
    showThumbnail(thumbnailKey(picture));
}

void MessageWidget::showThumbnail(const QString& key) {
    for (const Part& part : m_parts) {
        if (part.button == nullptr || thumbnailKey(part.picture) != key) continue;
        const QPixmap pixmap = m_thumbnails == nullptr ? QPixmap() : m_thumbnails->thumbnail(part.picture);
        part.button->setIcon(QIcon(pixmap));
        // Until it is there, its name stands in its place.
        part.button->setToolButtonStyle(pixmap.isNull() ? Qt::ToolButtonTextOnly : Qt::ToolButtonIconOnly);
        part.button->setText(
            part.button->fontMetrics().elidedText(part.picture.name, Qt::ElideMiddle, part.button->width() - 12));
    }
}

// What the texts do not show yet.
void MessageWidget::showTexts(const Message& message) {
    for (std::size_t i = 0; i < m_parts.size(); ++i) {
        MarkdownView* view = m_parts[i].text;
        if (view == nullptr) continue;
        const QString& text = message.parts[i].text;
        std::vector<TokenStretch> stretches;
        if (m_tinted && view == lastText() && m_tokens < message.tokens.size()) {
            stretches = tokenStretches(text, message.tokens, m_tokens, m_tokensEnd);
            m_tokens = message.tokens.size();
            if (!stretches.empty()) m_tokensEnd = stretches.back().end;
        }
        view->appendText(text.mid(view->markdown().source().size()), stretches);
        if (message.state != Message::State::Streaming) view->finish();
        view->setStreaming(message.state == Message::State::Streaming && view == lastText());
    }
}

void MessageWidget::setMessage(const Message& message, const MessagePlace& place) {
    if (!hasShape(message)) buildParts(message);
    showTexts(message);
    showState(message, place);
    emit heightChanged();
}

void MessageWidget::showProgress(const Message& message) {
    if (m_parts.size() != message.parts.size()) buildParts(message);
    showTexts(message);
}

void MessageWidget::setTinted(bool tinted, const Message& message) {
    if (m_tinted == tinted) return;
    m_tinted = tinted;
    m_tokens = 0;
    m_tokensEnd = 0;
    if (message.tokens.empty() || lastText() == nullptr) return;
    lastText()->reset();
    showTexts(message);
}

// ---- State

void MessageWidget::showState(const Message& message, const MessagePlace& place) {
    const bool streaming = message.state == Message::State::Streaming;
    const bool answer = message.role == Role::Assistant;
    m_author->setText(MessageTexts::author(message));
    setAccessibleName(MessageTexts::accessibleName(message, place.row, place.count));
    m_buttons->showFor(message, place.branch);
    const QString notice = MessageTexts::notice(message);
    m_failed = message.state == Message::State::Failed;
    // A sign beside the colour.
    m_notice->setText((m_failed ? QStringLiteral("⚠  ") : QStringLiteral("ℹ  ")) + notice);
    m_notice->setVisible(!notice.isEmpty());
    colourNotice(m_failed);
    const QString figures = answer && !streaming ? MessageTexts::figures(message.figures) : QString();
    m_figures->setText(figures);
    m_figures->setVisible(!figures.isEmpty());
}

void MessageWidget::colourNotice(bool failed) {
    QPalette palette = m_theme.palette();
    palette.setColor(QPalette::Window, failed ? m_theme.errorGround : m_theme.noticeGround);
    palette.setColor(QPalette::WindowText, failed ? m_theme.errorText : m_theme.noticeText);
    m_notice->setPalette(palette);
}

void MessageWidget::setTheme(const Theme& theme) {
    m_theme = theme;
    setPalette(theme.palette());
    for (MarkdownView* text : m_texts) text->setTheme(theme);
    colourNotice(m_failed);
    m_buttons->setTheme(theme);
    update();
}

std::vector<QWidget*> MessageWidget::tabStops() {
    std::vector<QWidget*> stops{this, button(MessageAction::PreviousBranch), button(MessageAction::NextBranch)};
    for (const Part& part : m_parts) {
        if (part.button != nullptr) stops.push_back(part.button);
        if (part.text == nullptr) continue;
        stops.push_back(part.text);
        stops.insert(stops.end(), part.text->copyButtons().begin(), part.text->copyButtons().end());
    }
    for (const auto action : {MessageAction::Copy, MessageAction::Edit, MessageAction::Regenerate, MessageAction::Continue,
                              MessageAction::ShowSeen, MessageAction::Delete})
        stops.push_back(button(action));
    return stops;
}

void MessageWidget::setCurrent(bool current) {
    m_current = current;
    const Qt::FocusPolicy policy = current ? Qt::StrongFocus : Qt::ClickFocus;
    setFocusPolicy(policy);
    for (QToolButton* button : findChildren<QToolButton*>()) button->setFocusPolicy(policy);
    for (MarkdownView* text : m_texts) text->setInTabOrder(current);
}

void MessageWidget::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF area = QRectF(rect()).adjusted(1, 1, -1, -1);
    painter.setPen(hasFocus() ? QPen(m_theme.accent, 2) : QPen(Qt::NoPen));
    painter.setBrush(m_role == Role::User ? QBrush(m_theme.panel) : QBrush(Qt::NoBrush));
    painter.drawRoundedRect(area, kRadius, kRadius);
}

}  // namespace lapidary::gui
