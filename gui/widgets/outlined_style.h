// Fusion with outlines that can be seen.  Fusion draws the outline of fields and boxes in a shade darker than QPalette::Window, which in
// a dark window is black on black; here it is QPalette::Mid, Theme::outline, which a test holds at 3:1 or more (WCAG 2.2, 1.4.11).
#pragma once

#include <QPalette>
#include <QProxyStyle>

namespace lapidary::gui {

class OutlinedStyle final : public QProxyStyle {
    Q_OBJECT

public:
    OutlinedStyle();

    void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                       const QWidget* widget) const override;
    void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                            const QWidget* widget) const override;

private:
    [[nodiscard]] const QPalette& outlined(const QPalette& palette) const;

    // The last one made: Fusion keeps what it has painted by its palette, and a new one every time would be kept every time.
    mutable qint64 m_madeOf = 0;
    mutable QPalette m_made;
};

}  // namespace lapidary::gui
