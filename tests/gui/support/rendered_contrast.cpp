#include "tests/gui/support/rendered_contrast.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QAction>
#include <QComboBox>
#include <QHash>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QMenuBar>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QTabBar>
#include <QTextBlock>
#include <QTextEdit>
#include <QToolButton>
#include <algorithm>
#include <vector>

#include "gui/widgets/theme.h"
#include "tests/gui/support/page_walk.h"

namespace lapidary::test {
namespace {

constexpr double kText = 4.5;
constexpr double kLargeText = 3.0;
constexpr double kLargePoints = 18.0;      // WCAG: 18 pt, or 14 pt and bold
constexpr double kLargeBoldPoints = 14.0;
constexpr int kInkPixels = 3;              // of one colour or stronger: less may be a speck
constexpr int kTileMargin = 10;            // below the words of a tile
constexpr int kFrame = 3;                  // pixels that a style draws around a control

struct Written {
    QString what;
    QRect area;  // in the window
    QFont font;
};

bool isLarge(const QFont& font) {
    return font.pointSizeF() >= kLargePoints || (font.bold() && font.pointSizeF() >= kLargeBoldPoints);
}

class Collector {
public:
    explicit Collector(QWidget& root) : m_root(root) {}

    void add(const QWidget& widget, const QRect& inWidget, const QString& text) {
        if (text.trimmed().isEmpty()) return;
        // What other widgets cover or a scroll area cuts off is not read there.
        const QRect seen = inWidget.intersected(widget.visibleRegion().boundingRect());
        if (seen.width() < 4 || seen.height() < 4 || 4 * seen.height() < 3 * inWidget.height()) return;
        m_written.push_back({described(widget) + QStringLiteral(": “%1”").arg(text.left(40)),
                             QRect(widget.mapTo(&m_root, seen.topLeft()), seen.size()), widget.font()});
    }
    [[nodiscard]] const std::vector<Written>& written() const { return m_written; }

private:
    QWidget& m_root;
    std::vector<Written> m_written;
};

void addItems(const QAbstractItemView& view, Collector& collector) {
    for (int row = 0; view.model() != nullptr && row < view.model()->rowCount(view.rootIndex()); ++row) {
        const QModelIndex index = view.model()->index(row, 0, view.rootIndex());
        QRect area = view.visualRect(index);
        // Below the picture of a tile stand its words.
        const QString text = index.data(Qt::DisplayRole).toString();
        const int lines = view.objectName() == QLatin1String("pictureList")    ? 2
                          : view.objectName() == QLatin1String("previewViews") ? 3
                                                                               : 0;
        const auto* list = qobject_cast<const QListView*>(&view);
        if (list != nullptr && list->viewMode() == QListView::IconMode)
            area.setTop(area.top() + list->iconSize().height() + kTileMargin);
        if (lines > 0) area.setTop(area.bottom() - lines * view.fontMetrics().lineSpacing() - kTileMargin);
        collector.add(*view.viewport(), area, text);
    }
}

template <class Edit>
void addLines(const Edit& edit, Collector& collector) {
    for (QTextBlock block = edit.document()->begin(); block.isValid(); block = block.next()) {
        QTextCursor cursor(block);
        const QRect begin = edit.cursorRect(cursor);
        cursor.movePosition(QTextCursor::EndOfBlock);
        const QRect end = edit.cursorRect(cursor);
        const QRect area(QPoint(0, begin.top()), QPoint(edit.viewport()->width(), end.bottom()));
        // Text that has a ground of its own within a line, as code has, is measured on the line's most frequent ground.
        collector.add(*edit.viewport(), area, block.text());
    }
}

void addTexts(QWidget& widget, Collector& collector) {
    const QRect inside = widget.rect().adjusted(kFrame, kFrame, -kFrame, -kFrame);
    if (const auto* label = qobject_cast<QLabel*>(&widget)) return collector.add(widget, widget.rect(), label->text());
    if (const auto* tool = qobject_cast<QToolButton*>(&widget);
        tool != nullptr && tool->toolButtonStyle() == Qt::ToolButtonIconOnly && !tool->icon().isNull())
        return;
    if (const auto* button = qobject_cast<QAbstractButton*>(&widget)) return collector.add(widget, inside, button->text());
    if (const auto* edit = qobject_cast<QLineEdit*>(&widget))
        return collector.add(widget, inside, edit->text().isEmpty() ? edit->placeholderText() : edit->text());
    if (const auto* combo = qobject_cast<QComboBox*>(&widget))  // without its arrow
        return collector.add(widget, inside.adjusted(0, 0, -20, 0), combo->currentText());
    if (const auto* bar = qobject_cast<QProgressBar*>(&widget)) return collector.add(widget, inside, bar->text());
    if (const auto* view = qobject_cast<QAbstractItemView*>(&widget)) return addItems(*view, collector);
    if (const auto* text = qobject_cast<QTextEdit*>(&widget)) return addLines(*text, collector);
    if (const auto* plain = qobject_cast<QPlainTextEdit*>(&widget)) return addLines(*plain, collector);
    if (const auto* tabs = qobject_cast<QTabBar*>(&widget)) {
        for (int i = 0; i < tabs->count(); ++i)
            collector.add(widget, tabs->tabRect(i).adjusted(kFrame, kFrame, -kFrame, -kFrame), tabs->tabText(i));
    }
    if (const auto* menuBar = qobject_cast<QMenuBar*>(&widget)) {
        for (QAction* action : menuBar->actions()) collector.add(widget, menuBar->actionGeometry(action), action->text());
    }
    if (const auto* menu = qobject_cast<QMenu*>(&widget)) {
        for (QAction* action : menu->actions()) collector.add(widget, menu->actionGeometry(action), action->text());
    }
}

}  // namespace

double contrastIn(const QImage& image, const QRect& area) {
    QHash<QRgb, int> count;
    const QRect inside = area.intersected(image.rect());
    for (int y = inside.top(); y <= inside.bottom(); ++y) {
        for (int x = inside.left(); x <= inside.right(); ++x) ++count[image.pixel(x, y)];
    }
    if (count.isEmpty()) return 1.0;
    QRgb ground = 0;
    for (auto at = count.cbegin(); at != count.cend(); ++at) {
        if (at.value() > count.value(ground)) ground = at.key();
    }
    std::vector<std::pair<double, int>> inks;
    inks.reserve(static_cast<std::size_t>(count.size()));
    for (auto at = count.cbegin(); at != count.cend(); ++at)
        inks.emplace_back(gui::contrastRatio(QColor(at.key()), QColor(ground)), at.value());
    std::sort(inks.begin(), inks.end(), std::greater<>());
    int pixels = 0;
    for (const auto& [ratio, some] : inks) {
        pixels += some;
        if (pixels >= kInkPixels) return ratio;
    }
    return 1.0;
}

QStringList faintTexts(QWidget& root) {
    const QImage image = root.grab().toImage();
    Collector collector(root);
    addTexts(root, collector);
    for (QWidget* widget : root.findChildren<QWidget*>()) {
        if (widget->isVisible() && widget->window() == root.window()) addTexts(*widget, collector);
    }
    QStringList faults;
    for (const Written& one : collector.written()) {
        const double ratio = contrastIn(image, one.area);
        if (ratio < (isLarge(one.font) ? kLargeText : kText))
            faults.append(QStringLiteral("%1 has a contrast of %2").arg(one.what, QString::number(ratio, 'f', 2)));
    }
    return faults;
}

}  // namespace lapidary::test
