#include "tests/gui/support/page_walk.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QAccessible>
#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QDialog>
#include <QFileDialog>
#include <QGroupBox>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QScrollBar>
#include <QTabBar>
#include <QTest>
#include <QTextEdit>
#include <QToolButton>
#include <algorithm>
#include <map>
#include <set>

namespace lapidary::test {
namespace {

constexpr int kMostSteps = 400;       // of Tab, before we say that it does not come round
constexpr int kMostAtOnePlace = 30;   // steps within one text: its links

bool isWithin(const QWidget& widget, const QWidget& root) { return &widget == &root || root.isAncestorOf(&widget); }

// Qt's own parts of its widgets.  A file dialog is the desktop's where there is one.
bool isPartOfQt(const QWidget& widget) {
    for (const QWidget* up = widget.parentWidget(); up != nullptr; up = up->parentWidget()) {
        if (qobject_cast<const QAbstractSpinBox*>(up) != nullptr || qobject_cast<const QComboBox*>(up) != nullptr ||
            qobject_cast<const QLineEdit*>(up) != nullptr || qobject_cast<const QTabBar*>(up) != nullptr ||
            qobject_cast<const QFileDialog*>(up) != nullptr)
            return true;
        if (up->isWindow()) break;
    }
    return qobject_cast<const QScrollBar*>(&widget) != nullptr || widget.objectName() == QLatin1String("qt_toolbar_ext_button");
}

bool isControl(const QWidget& widget) {
    if (qobject_cast<const QMenu*>(&widget) != nullptr || qobject_cast<const QMenuBar*>(&widget) != nullptr) return false;
    return qobject_cast<const QAbstractButton*>(&widget) != nullptr || qobject_cast<const QLineEdit*>(&widget) != nullptr ||
           qobject_cast<const QTextEdit*>(&widget) != nullptr || qobject_cast<const QPlainTextEdit*>(&widget) != nullptr ||
           qobject_cast<const QComboBox*>(&widget) != nullptr || qobject_cast<const QAbstractSpinBox*>(&widget) != nullptr ||
           qobject_cast<const QAbstractItemView*>(&widget) != nullptr || qobject_cast<const QTabBar*>(&widget) != nullptr ||
           qobject_cast<const QProgressBar*>(&widget) != nullptr ||
           ((widget.focusPolicy() & Qt::TabFocus) != 0 && widget.focusProxy() == nullptr);
}

QString accessibleText(QWidget& widget, QAccessible::Text what) {
    QAccessibleInterface* const face = QAccessible::queryAccessibleInterface(&widget);
    return face == nullptr ? QString() : face->text(what);
}

bool saysSomething(const QString& text) {
    return std::any_of(text.begin(), text.end(), [](QChar c) { return c.isLetterOrNumber(); });
}

// In a window of its own: dialogs and menus are walked by themselves.
std::vector<QWidget*> visibleBelow(QWidget& root) {
    std::vector<QWidget*> found{&root};
    for (QWidget* widget : root.findChildren<QWidget*>()) {
        if (widget->isVisible() && widget->window() == root.window()) found.push_back(widget);
    }
    return found;
}

QString itemFaults(const QAbstractItemView& view) {
    for (int row = 0; view.model() != nullptr && row < view.model()->rowCount(view.rootIndex()); ++row) {
        const QModelIndex index = view.model()->index(row, 0, view.rootIndex());
        const QString spoken = index.data(Qt::AccessibleTextRole).toString();
        if (!saysSomething(spoken.isEmpty() ? index.data(Qt::DisplayRole).toString() : spoken))
            return QStringLiteral("%1: item %2 says nothing").arg(described(view)).arg(row);
    }
    return {};
}

// A key leads to it: Tab, a shortcut, a mnemonic.  Of a list's messages the current one alone is in the order of Tab; arrow keys lead to
// the others.
bool hasKey(const QWidget& control) {
    if ((control.focusPolicy() & Qt::TabFocus) != 0) return true;
    if (const auto* tool = qobject_cast<const QToolButton*>(&control);
        tool != nullptr && tool->defaultAction() != nullptr && !tool->defaultAction()->shortcut().isEmpty())
        return true;
    if (const auto* button = qobject_cast<const QAbstractButton*>(&control); button != nullptr && !button->shortcut().isEmpty())
        return true;
    for (const QWidget* up = &control; up != nullptr; up = up->parentWidget()) {
        if (up->objectName() == QLatin1String("message")) return up->focusPolicy() == Qt::ClickFocus;
    }
    return false;
}

using Claims = std::map<QString, std::set<QString>>;  // a key → who wants it

void claimMnemonics(QWidget& root, Claims& claims) {
    const auto claim = [&claims](const QString& text, const QString& who) {
        const QKeySequence key = QKeySequence::mnemonic(text);
        if (!key.isEmpty()) claims[key.toString()].insert(who);
    };
    for (QWidget* widget : visibleBelow(root)) {
        if (isPartOfQt(*widget)) continue;
        if (const auto* label = qobject_cast<QLabel*>(widget); label != nullptr && label->buddy() != nullptr)
            claim(label->text(), described(*widget));
        if (const auto* button = qobject_cast<QAbstractButton*>(widget); button != nullptr && !button->shortcut().isEmpty()) {
            const auto* tool = qobject_cast<QToolButton*>(widget);
            if (tool == nullptr || tool->defaultAction() == nullptr)
                claims[button->shortcut().toString()].insert(described(*widget));
        }
        if (const auto* group = qobject_cast<QGroupBox*>(widget)) claim(group->title(), described(*widget));
        if (const auto* tabs = qobject_cast<QTabBar*>(widget)) {
            for (int i = 0; i < tabs->count(); ++i) claim(tabs->tabText(i), described(*widget) + QString::number(i));
        }
        if (const auto* bar = qobject_cast<QMenuBar*>(widget)) {
            for (const QAction* action : bar->actions()) claim(action->text(), QStringLiteral("menu ") + action->text());
        }
    }
}

void collectActions(const QList<QAction*>& actions, std::set<QAction*>& found) {
    for (QAction* action : actions) {
        if (action->menu() != nullptr) collectActions(action->menu()->actions(), found);
        found.insert(action);
    }
}

void claimShortcuts(QWidget& root, Claims& claims) {
    for (QWidget* widget : visibleBelow(root)) {
        std::set<QAction*> actions;
        collectActions(widget->actions(), actions);
        for (const QAction* action : actions) {
            for (const QKeySequence& key : action->shortcuts()) {
                const bool ofWidget = action->shortcutContext() == Qt::WidgetShortcut;
                const QString where = ofWidget ? key.toString() + QStringLiteral(" in ") + described(*widget) : key.toString();
                claims[where].insert(QStringLiteral("action %1 “%2”").arg(action->objectName(), action->text()));
            }
        }
    }
}

QStringList clashesOf(const Claims& claims) {
    QStringList found;
    for (const auto& [key, who] : claims) {
        if (who.size() > 1)
            found.append(key + QStringLiteral(": ") + QStringList(who.begin(), who.end()).join(QStringLiteral(" and ")));
    }
    return found;
}

QStringList menuClashes(const QMenu& menu) {
    Claims claims;
    QStringList found;
    for (const QAction* action : menu.actions()) {
        const QKeySequence key = QKeySequence::mnemonic(action->text());
        if (action->isVisible() && !key.isEmpty()) claims[menu.title() + key.toString()].insert(action->text());
        if (action->menu() != nullptr) found += menuClashes(*action->menu());
    }
    return found + clashesOf(claims);
}

// ---- Tab

QRect placeOf(const QWidget& widget, const QWidget& root) { return {widget.mapTo(&root, QPoint(0, 0)), widget.size()}; }

bool isBackwards(const QRect& from, const QRect& to) {
    if (from.contains(to) || to.contains(from)) return false;  // into a view, or out of it
    const bool sameLine = to.top() < from.bottom() && from.top() < to.bottom();
    if (sameLine) return to.right() <= from.left();
    return to.bottom() <= from.top() && to.left() < from.right();
}

// In the order of Tab, from where it begins in a window.
std::vector<QWidget*> tabStops(QWidget& root) {
    std::vector<QWidget*> stops;
    for (QWidget* widget = root.nextInFocusChain(); widget != &root; widget = widget->nextInFocusChain()) {
        if ((widget->focusPolicy() & Qt::TabFocus) != 0 && widget->isEnabled() && widget->isVisible() &&
            widget->focusProxy() == nullptr && !isPartOfQt(*widget))
            stops.push_back(widget);
    }
    return stops;
}

// From where the focus is, all round.
std::vector<QWidget*> pressAround(Qt::Key key, QStringList& faults) {
    std::vector<QWidget*> way;
    QWidget* const first = QApplication::focusWidget();
    int here = 0;
    for (int step = 0; step < kMostSteps; ++step) {
        QWidget* const before = QApplication::focusWidget();
        if (before == nullptr) {
            faults.append(QStringLiteral("the focus is nowhere"));
            return way;
        }
        if (way.empty() || way.back() != before) way.push_back(before);
        QTest::keyClick(before, key, key == Qt::Key_Backtab ? Qt::ShiftModifier : Qt::NoModifier);
        here = QApplication::focusWidget() == before ? here + 1 : 0;
        if (here > kMostAtOnePlace) {
            faults.append(
                QStringLiteral("%1 cannot be left by %2")
                    .arg(described(*before), key == Qt::Key_Tab ? QStringLiteral("Tab") : QStringLiteral("Shift+Tab")));
            return way;
        }
        if (here == 0 && QApplication::focusWidget() == first) return way;
    }
    faults.append(QStringLiteral("Tab does not come back to %1").arg(described(*first)));
    return way;
}

// Where the focus is looks another way once it has gone on.
bool showsFocus(QWidget& stop, QWidget& next) {
    stop.setFocus(Qt::TabFocusReason);
    const QImage with = stop.grab().toImage();
    next.setFocus(Qt::TabFocusReason);
    return with != stop.grab().toImage();
}

}  // namespace

QString described(const QWidget& control) {
    QString text;
    if (const auto* button = qobject_cast<const QAbstractButton*>(&control)) text = button->text();
    if (const auto* label = qobject_cast<const QLabel*>(&control)) text = label->text();
    return QStringLiteral("%1 %2 “%3”")
        .arg(QLatin1String(control.metaObject()->className()), control.objectName(), text.left(60));
}

std::vector<QWidget*> controlsOf(QWidget& root) {
    std::vector<QWidget*> controls;
    for (QWidget* widget : visibleBelow(root)) {
        if (isControl(*widget) && !isPartOfQt(*widget)) controls.push_back(widget);
    }
    return controls;
}

QStringList namelessControls(QWidget& root) {
    QStringList faults;
    for (QWidget* control : controlsOf(root)) {
        if (control->objectName().isEmpty() && qobject_cast<QInputDialog*>(control->window()) == nullptr)
            faults.append(described(*control) + QStringLiteral(" has no objectName"));
        if (!saysSomething(accessibleText(*control, QAccessible::Name)))
            faults.append(described(*control) + QStringLiteral(" has no name for assistive technology"));
        const auto* view = qobject_cast<QAbstractItemView*>(control);
        if (const QString fault = view == nullptr ? QString() : itemFaults(*view); !fault.isEmpty()) faults.append(fault);
    }
    return faults;
}

QStringList wordlessViews(QWidget& root) {
    // Painted by ourselves: what they show is nowhere else.
    static const QStringList painted{QStringLiteral("cropEditor"), QStringLiteral("fullView")};
    QStringList faults;
    for (QWidget* widget : visibleBelow(root)) {
        if (painted.contains(widget->objectName()) && !saysSomething(accessibleText(*widget, QAccessible::Description)))
            faults.append(described(*widget) + QStringLiteral(" says nothing of what it shows"));
        const auto* label = qobject_cast<QLabel*>(widget);
        if (label != nullptr && !label->pixmap().isNull() && !saysSomething(accessibleText(*widget, QAccessible::Name)))
            faults.append(described(*widget) + QStringLiteral(" is a picture without words"));
    }
    return faults;
}

QStringList unreachableControls(QWidget& root) {
    QStringList faults;
    for (QWidget* control : controlsOf(root)) {
        const bool isView = qobject_cast<QProgressBar*>(control) != nullptr;
        if (!isView && !hasKey(*control)) faults.append(described(*control) + QStringLiteral(" has no key that leads to it"));
    }
    return faults;
}

QStringList clashingKeys(QWidget& root) {
    Claims claims;
    claimMnemonics(root, claims);
    claimShortcuts(root, claims);
    QStringList faults = clashesOf(claims);
    for (const auto* bar : root.findChildren<QMenuBar*>()) {
        for (const QAction* action : bar->actions()) {
            if (action->menu() != nullptr) faults += menuClashes(*action->menu());
        }
    }
    if (const auto* menu = qobject_cast<QMenu*>(&root)) faults += menuClashes(*menu);
    return faults;
}

QStringList tabOrderFaults(QWidget& root) {
    QStringList faults;
    const std::vector<QWidget*> wanted = tabStops(root);
    if (wanted.size() < 2) return faults;
    wanted.front()->setFocus(Qt::TabFocusReason);
    const std::vector<QWidget*> way = pressAround(Qt::Key_Tab, faults);
    if (!faults.isEmpty()) return faults;
    // Which message of a list is the current one follows the focus, and so does what is in the order.
    for (const QWidget* stop : tabStops(root)) {
        if (std::find(way.begin(), way.end(), stop) == way.end())
            faults.append(QStringLiteral("Tab does not reach ") + described(*stop));
    }
    if (!faults.isEmpty()) {
        QStringList places;
        for (const QWidget* stop : way) places.append(described(*stop));
        faults.append(QStringLiteral("it went: ") + places.join(QStringLiteral(", ")));
    }
    for (std::size_t i = 1; i < way.size(); ++i) {
        if (isWithin(*way[i], root) && isBackwards(placeOf(*way[i - 1], root), placeOf(*way[i], root)))
            faults.append(QStringLiteral("Tab goes backwards from %1 to %2").arg(described(*way[i - 1]), described(*way[i])));
    }
    std::vector<QWidget*> back = pressAround(Qt::Key_Backtab, faults);
    std::reverse(back.begin() + (back.empty() ? 0 : 1), back.end());
    if (back != way) faults.append(QStringLiteral("Shift+Tab goes another way than Tab"));
    for (std::size_t i = 0; i < way.size(); ++i) {
        if (!showsFocus(*way[i], *way[(i + 1) % way.size()]))
            faults.append(QStringLiteral("the focus is not to be seen on ") + described(*way[i]));
    }
    return faults;
}

}  // namespace lapidary::test
