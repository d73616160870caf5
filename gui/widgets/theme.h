// The window's colours, dark and light, and the QPalette made of them.  Every pair of text and ground that the window paints is in
// textPairs(), and a test holds each at 4.5:1 or more (WCAG 2.2, 1.4.3).  A value: whoever paints is given one.
#pragma once

#include <QColor>
#include <QPalette>
#include <QString>
#include <array>
#include <cstdint>
#include <vector>

namespace lapidary::gui {

enum class ThemeChoice : std::uint8_t { System, Light, Dark };

struct Theme {
    bool dark = false;
    QColor window;  // behind everything
    QColor base;  // fields and lists
    QColor panel;  // what stands out from the window: a person's own messages, heads of tables
    QColor text;  // on any of these three
    QColor mutedText;  // figures, hints
    QColor border;  // between areas; not needed to know what is what
    QColor outline;  // of fields and boxes, on any of the three grounds
    QColor accent;  // what has the focus, what is chosen
    QColor accentText;  // on `accent`
    QColor link;
    QColor errorText;
    QColor errorGround;
    QColor noticeText;
    QColor noticeGround;
    QColor codeGround;
    QColor codeKeyword;
    QColor codeString;
    QColor codeComment;
    QColor codeNumber;
    // Grounds of words that were less and less probable; `text` on them.
    std::array<QColor, 3> tints;

    [[nodiscard]] static Theme lightTheme();
    [[nodiscard]] static Theme darkTheme();
    // `system`: the palette as the platform made it, before ours was set: light text means a dark desktop.
    [[nodiscard]] static Theme of(ThemeChoice choice, const QPalette& system);

    [[nodiscard]] QPalette palette() const;

    struct TextPair {
        QString name;  // for a test's message
        QColor text;
        QColor ground;
    };
    [[nodiscard]] std::vector<TextPair> textPairs() const;
};

// Contrast of two opaque colours, 1 to 21 (WCAG 2.2, "contrast ratio").
[[nodiscard]] double contrastRatio(const QColor& one, const QColor& other);

}  // namespace lapidary::gui
