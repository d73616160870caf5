// Contrast of text as it is painted: read from the pixels of a window, not from the colours that were meant (WCAG 2.2, 1.4.3).
#pragma once

#include <QImage>
#include <QRect>
#include <QStringList>
#include <QWidget>

namespace lapidary::test {

// Between the ground of an area, its most frequent colour, and its ink: what differs most from the ground, beyond a stray pixel.
// 1 where nothing is written.
double contrastIn(const QImage& image, const QRect& area);

// Texts of visible labels, buttons, fields, tabs, menus and lines of lists and texts below `root` whose contrast is less than 4.5
// (bold or large text: 3).
QStringList faintTexts(QWidget& root);

}  // namespace lapidary::test
