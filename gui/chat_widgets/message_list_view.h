// The conversation, as long as it may be: widgets exist for the messages that are near the visible ones alone, the heights of the others
// are estimates.  What is looked at never moves when an estimate is corrected.  Stays at the end while an answer streams, unless the
// person scrolled away.  Paints at most 30 times a second.  Lives on the main thread.
#pragma once

#include <QAbstractScrollArea>
#include <QPointer>
#include <QTimer>
#include <map>
#include <set>
#include <vector>

#include "gui/chat/conversation.h"
#include "gui/chat_widgets/message_widget.h"
#include "gui/chat_widgets/row_heights.h"
#include "gui/chat_widgets/stream_announcer.h"
#include "gui/widgets/theme.h"

class QToolButton;

namespace lapidary::gui {

class MessageListView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    static constexpr int kUpdateMs = 34;  // between two updates: less than 30 a second

    explicit MessageListView(ThumbnailProvider* thumbnails, QWidget* parent = nullptr);

    // Null: none.
    void setConversation(Conversation* conversation);
    void setTheme(const Theme& theme);
    void setTinted(bool tinted);

    [[nodiscard]] int currentRow() const { return m_current; }
    [[nodiscard]] bool isAtEnd() const { return m_stick; }
    [[nodiscard]] int topRow() const { return m_anchor.row; }
    [[nodiscard]] MessageWidget* messageAt(int row) const;  // null: it has no widget now
    [[nodiscard]] std::vector<MessageWidget*> liveMessages() const;
    // For tests: what was done so far.
    struct Work {
        int widgetsMade = 0;
        int rowsMeasured = 0;
        int updates = 0;
    };
    [[nodiscard]] const Work& work() const { return m_work; }

public slots:
    void scrollToEnd();
    void scrollToRow(int row);
    void focusRow(int row);
    // Shows at once what waits for the next update.
    void updateNow();

signals:
    void actionRequested(qint64 id, lapidary::gui::MessageAction action);
    void pictureActivated(qint64 id, int picture);
    void tokenClicked(qint64 id, int token);
    void codeCopyRequested(const QString& code);
    void linkActivated(const QUrl& url);
    void currentRowChanged(int row);
    void textAnnounced(const QString& words);  // to assistive technology

protected:
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    // The row at the top and how many of its pixels are above it.
    struct Anchor {
        int row = 0;
        int offset = 0;
    };
    struct Live {
        MessageWidget* widget = nullptr;
        bool dirty = true;  // its height must be measured
    };

    // Changes of the conversation.
    void pathChanged(int firstRow);
    void messageAdded(int row);
    void messageChanged(int row);
    void textAppended(int row, const QString& text);
    void announce(const QString& words);
    void schedule();

    // Layout.
    void relayout();
    int fill();
    void fillFrom(const Anchor& anchor);
    void fillFromEnd();
    int measured(int row);
    void place(int top);
    void removeFar(int top);
    void dropRow(int row);
    void setAnchor(int top);
    void placeEndButton();
    [[nodiscard]] int rows() const { return m_conversation == nullptr ? 0 : m_heights.size(); }
    [[nodiscard]] int estimate(int row) const;
    [[nodiscard]] int contentWidth() const;
    [[nodiscard]] int margin() const;
    [[nodiscard]] int maximumTop() const;
    Live& live(int row);
    MessageWidget* makeWidget();
    [[nodiscard]] MessagePlace placeOf(int row) const;

    // Keyboard and focus.
    void focusMoved(QWidget* now);
    void setCurrent(int row);
    void orderTabs();
    void scrollTo(int top);
    void showRect(const MessageWidget* message, const QRect& place);
    [[nodiscard]] int rowOf(const QWidget* inside) const;

    ThumbnailProvider* m_thumbnails;
    QPointer<Conversation> m_conversation;
    Theme m_theme = Theme::lightTheme();
    bool m_tinted = false;
    RowHeights m_heights;
    std::map<int, Live> m_live;
    std::set<int> m_changed;  // rows whose text grew since the last update
    Anchor m_anchor;
    bool m_stick = true;
    bool m_placing = false;  // what the scroll bar says comes from us
    int m_width = 0;  // that heights are measured for
    int m_current = -1;
    std::vector<QWidget*> m_tabStops;  // of the current message; only compared, never used
    QTimer m_timer;
    StreamAnnouncer m_announcer;
    int m_announcedRow = -1;
    QToolButton* m_endButton;
    Work m_work;
};

}  // namespace lapidary::gui
