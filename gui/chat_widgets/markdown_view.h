// Shows one MarkdownDocument at its full height: text that can be selected and walked through by keyboard, grounds of code with a head
// and a copy button each, bars of quotes, and a caret while text streams.  Follows no link by itself.
#pragma once

#include <QTextBrowser>
#include <vector>

#include "gui/chat_widgets/markdown_document.h"

class QLabel;
class QToolButton;

namespace lapidary::gui {

class MarkdownView final : public QTextBrowser {
    Q_OBJECT

public:
    explicit MarkdownView(MarkdownDocument::Format format, QWidget* parent = nullptr);

    [[nodiscard]] const MarkdownDocument& markdown() const { return *m_document; }
    [[nodiscard]] bool hasHeightForWidth() const override { return true; }
    [[nodiscard]] int heightForWidth(int width) const override;
    [[nodiscard]] QSize sizeHint() const override { return {400, 24}; }  // its height follows from its width
    [[nodiscard]] QSize minimumSizeHint() const override { return {80, 0}; }
    [[nodiscard]] const std::vector<QToolButton*>& copyButtons() const { return m_copyButtons; }

    void setTheme(const Theme& theme);
    void appendText(const QString& text, const std::vector<TokenStretch>& tokens = {});
    void finish();
    void reset();
    void clearTokens() { m_document->clearTokens(); }
    void setStreaming(bool streaming);
    // Whether Tab comes by here.
    void setInTabOrder(bool in);

signals:
    void codeCopyRequested(const QString& code);
    void linkActivated(const QUrl& url);
    void tokenClicked(int index);
    void caretMoved(const QRect& place);
    void heightChanged();

protected:
    QVariant loadResource(int, const QUrl&) override { return {}; }
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void changeEvent(QEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    void contentsResized();
    void applyStyle();
    void placeHeads();
    void addHead();
    void paintGrounds(QPainter& painter, const QRect& clip) const;
    void paintCaret(QPainter& painter) const;
    [[nodiscard]] QRectF rectOf(const CodeRegion& region) const;

    MarkdownDocument* m_document;
    Theme m_theme = Theme::lightTheme();
    std::vector<QLabel*> m_headLabels;
    std::vector<QToolButton*> m_copyButtons;
    bool m_streaming = false;
    bool m_inTabOrder = true;
    bool m_styled = false;
};

}  // namespace lapidary::gui
