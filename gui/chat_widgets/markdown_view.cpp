#include "gui/chat_widgets/markdown_view.h"

#include <QAbstractTextDocumentLayout>
#include <QFontDatabase>
#include <QFontInfo>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QTextBlock>
#include <QToolButton>
#include <QWheelEvent>
#include <cmath>

namespace lapidary::gui {
namespace {

constexpr int kRadius = 6;  // pixels
constexpr int kCaretWidth = 7;

}  // namespace

MarkdownView::MarkdownView(MarkdownDocument::Format format, QWidget* parent)
    : QTextBrowser(parent), m_document(new MarkdownDocument(format, this)) {
    setDocument(m_document);
    setObjectName(QStringLiteral("messageText"));
    setReadOnly(true);
    setOpenLinks(false);
    setUndoRedoEnabled(false);
    setFrameStyle(QFrame::NoFrame);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    setTextInteractionFlags(Qt::TextBrowserInteraction | Qt::TextSelectableByKeyboard);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    viewport()->setAutoFillBackground(false);
    connect(this, &QTextBrowser::anchorClicked, this, &MarkdownView::linkActivated);
    connect(this, &QTextEdit::cursorPositionChanged, this, [this] {
        if (hasFocus()) emit caretMoved(cursorRect());
    });
}

int MarkdownView::heightForWidth(int width) const {
    if (m_document->textWidth() != width) {
        // Told of another size, the editor would at once lay the text out again at the width that it has now.
        const QSignalBlocker quiet(m_document->documentLayout());
        m_document->setTextWidth(width);
    }
    qreal height = m_document->size().height();
    // The document's height does not count the margin of its last block: the ground of code reaches into it.
    const std::vector<CodeRegion>& regions = m_document->codeRegions();
    if (!regions.empty()) height = std::max(height, rectOf(regions.back()).bottom());
    return static_cast<int>(std::ceil(height));
}

void MarkdownView::setTheme(const Theme& theme) {
    m_theme = theme;
    setPalette(theme.palette());
    applyStyle();
}

void MarkdownView::applyStyle() {
    QFont code = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    code.setPointSizeF(QFontInfo(font()).pointSizeF() * 0.95);
    m_styled = true;
    m_document->setStyle({font(), code, m_theme});
    for (QLabel* label : m_headLabels) label->setPalette(m_theme.palette());
    for (QToolButton* button : m_copyButtons) button->setPalette(m_theme.palette());
    contentsResized();
}

void MarkdownView::changeEvent(QEvent* event) {
    QTextBrowser::changeEvent(event);
    if (event->type() == QEvent::FontChange && m_styled) applyStyle();
}

void MarkdownView::appendText(const QString& text, const std::vector<TokenStretch>& tokens) {
    if (!m_styled) applyStyle();
    m_document->addTokens(tokens);
    m_document->append(text);
    contentsResized();
}

void MarkdownView::finish() {
    m_document->finish();
    contentsResized();
}

void MarkdownView::reset() {
    m_document->reset();
    contentsResized();
}

void MarkdownView::setStreaming(bool streaming) {
    if (m_streaming == streaming) return;
    m_streaming = streaming;
    viewport()->update();
}

void MarkdownView::setInTabOrder(bool in) {
    m_inTabOrder = in;
    setFocusPolicy(in ? Qt::StrongFocus : Qt::ClickFocus);
    for (QToolButton* button : m_copyButtons) button->setFocusPolicy(in ? Qt::StrongFocus : Qt::ClickFocus);
}

void MarkdownView::contentsResized() {
    if (isVisible()) placeHeads();
    updateGeometry();
    viewport()->update();
    emit heightChanged();
}

// ---- Heads of code

void MarkdownView::addHead() {
    auto* label = new QLabel(viewport());
    label->setObjectName(QStringLiteral("codeLanguage"));
    label->setForegroundRole(QPalette::PlaceholderText);
    label->setPalette(m_theme.palette());
    label->setTextFormat(Qt::PlainText);
    m_headLabels.push_back(label);
    auto* button = new QToolButton(viewport());
    button->setObjectName(QStringLiteral("copyCode"));
    button->setText(tr("Copy"));
    button->setToolTip(tr("Copy this code"));
    button->setAutoRaise(true);
    button->setPalette(m_theme.palette());
    button->setCursor(Qt::ArrowCursor);
    button->setFocusPolicy(m_inTabOrder ? Qt::StrongFocus : Qt::ClickFocus);
    const std::size_t index = m_copyButtons.size();
    connect(button, &QToolButton::clicked, this, [this, index] {
        const std::vector<CodeRegion>& regions = m_document->codeRegions();
        if (index < regions.size()) emit codeCopyRequested(m_document->codeOf(regions[index]));
    });
    m_copyButtons.push_back(button);
}

void MarkdownView::placeHeads() {
    const std::vector<CodeRegion>& regions = m_document->codeRegions();
    while (m_copyButtons.size() > regions.size()) {
        delete m_copyButtons.back();
        m_copyButtons.pop_back();
        delete m_headLabels.back();
        m_headLabels.pop_back();
    }
    while (m_copyButtons.size() < regions.size()) addHead();
    for (std::size_t i = 0; i < regions.size(); ++i) {
        const QString& language = regions[i].language;
        QLabel* label = m_headLabels[i];
        label->setText(language.isEmpty() ? tr("Code") : language);
        QToolButton* button = m_copyButtons[i];
        button->setAccessibleName(language.isEmpty() ? tr("Copy code block %1").arg(i + 1)
                                                     : tr("Copy code block %1, %2").arg(i + 1).arg(language));
        const QRect area = rectOf(regions[i]).toAlignedRect();
        const QSize size = button->sizeHint();
        const int height = std::min(size.height(), kCodeHeadHeight - 4);
        const int top = area.top() + (kCodeHeadHeight - height) / 2;
        button->setGeometry(area.right() - size.width() - 4, top, size.width(), height);
        label->setGeometry(area.left() + kCodePadding, top, std::max(0, area.width() - size.width() - 2 * kCodePadding),
                           height);
        label->show();
        button->show();
    }
}

// ---- Painting

QRectF MarkdownView::rectOf(const CodeRegion& region) const {
    const QAbstractTextDocumentLayout* layout = m_document->documentLayout();
    const QRectF first = layout->blockBoundingRect(m_document->findBlock(region.begin));
    const QRectF last = layout->blockBoundingRect(m_document->findBlock(region.end));
    const qreal top = first.top() - kCodeHeadHeight;
    return {static_cast<qreal>(region.left), top, std::max<qreal>(0, viewport()->width() - region.left),
            last.bottom() + kCodePadding - top};
}

void MarkdownView::paintEvent(QPaintEvent* event) {
    {
        QPainter painter(viewport());
        painter.setRenderHint(QPainter::Antialiasing);
        paintGrounds(painter, event->rect());
    }
    QTextBrowser::paintEvent(event);
    if (m_streaming) {
        QPainter painter(viewport());
        paintCaret(painter);
    }
}

void MarkdownView::paintGrounds(QPainter& painter, const QRect& clip) const {
    painter.setPen(QPen(m_theme.border, 1));
    painter.setBrush(m_theme.codeGround);
    for (const CodeRegion& region : m_document->codeRegions()) {
        const QRectF area = rectOf(region);
        if (area.intersects(clip)) painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
    }
    const QAbstractTextDocumentLayout* layout = m_document->documentLayout();
    const int at = layout->hitTest(QPointF(clip.left(), clip.top()), Qt::FuzzyHit);
    for (QTextBlock block = m_document->findBlock(std::max(0, at)); block.isValid(); block = block.next()) {
        const QRectF area = layout->blockBoundingRect(block);
        if (area.top() > clip.bottom()) break;
        const QTextBlockFormat format = block.blockFormat();
        if (format.hasProperty(kRuleBlock)) {
            const auto y = static_cast<int>(area.top());  // the block is two pixels high, whatever its rectangle says
            painter.setPen(QPen(m_theme.border, 1));
            painter.drawLine(QPointF(format.leftMargin(), y + 0.5), QPointF(viewport()->width(), y + 0.5));
        }
        const int left = format.intProperty(kQuoteLeft);
        // Bars go on through the gap to the next line of the same quote.
        const QTextBlock next = block.next();
        const int nextLevel = next.isValid() ? next.blockFormat().intProperty(kQuoteLevel) : 0;
        for (int level = 0; level < format.intProperty(kQuoteLevel); ++level) {
            const qreal bottom = level < nextLevel ? layout->blockBoundingRect(next).top() : area.bottom();
            painter.fillRect(QRectF(left + level * kQuoteIndent, area.top(), 3, bottom - area.top()), m_theme.border);
        }
    }
}

void MarkdownView::paintCaret(QPainter& painter) const {
    const QTextBlock block = m_document->lastBlock();
    const QTextLayout* layout = block.layout();
    const QRectF area = m_document->documentLayout()->blockBoundingRect(block);
    QRectF caret(area.left(), area.top(), kCaretWidth, QFontMetricsF(font()).height());
    if (layout->lineCount() > 0) {
        const QTextLine line = layout->lineAt(layout->lineCount() - 1);
        const QPointF origin = layout->position();
        caret = {origin.x() + line.cursorToX(block.length() - 1) + 2, origin.y() + line.y(), kCaretWidth, line.height()};
    }
    painter.fillRect(caret.adjusted(0, 2, 0, -2), m_theme.accent);
}

void MarkdownView::resizeEvent(QResizeEvent* event) {
    QTextBrowser::resizeEvent(event);
    placeHeads();
}

void MarkdownView::showEvent(QShowEvent* event) {
    QTextBrowser::showEvent(event);
    placeHeads();
}

// ---- Input

void MarkdownView::wheelEvent(QWheelEvent* event) {
    // The list scrolls; a text that is shown whole does not.
    event->ignore();
}

void MarkdownView::keyPressEvent(QKeyEvent* event) {
    const bool enters = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enters && !textCursor().hasSelection()) {
        const int token = m_document->tokenAt(textCursor().position());
        if (token >= 0) {
            emit tokenClicked(token);
            return;
        }
    }
    QTextBrowser::keyPressEvent(event);
}

void MarkdownView::mouseReleaseEvent(QMouseEvent* event) {
    QTextBrowser::mouseReleaseEvent(event);
    if (event->button() != Qt::LeftButton || textCursor().hasSelection() || !anchorAt(event->pos()).isEmpty()) return;
    const int position = m_document->documentLayout()->hitTest(event->position(), Qt::ExactHit);
    const int token = position < 0 ? -1 : m_document->tokenAt(position);
    if (token >= 0) emit tokenClicked(token);
}

}  // namespace lapidary::gui
