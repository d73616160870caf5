#include "gui/chat_widgets/message_accessibility.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <algorithm>

#include "gui/chat_widgets/message_list_view.h"
#include "gui/chat_widgets/message_widget.h"

namespace lapidary::gui {
namespace {

class ListInterface final : public QAccessibleWidget {
public:
    explicit ListInterface(MessageListView* view) : QAccessibleWidget(view, QAccessible::List), m_view(view) {}

    [[nodiscard]] int childCount() const override { return static_cast<int>(m_view->liveMessages().size()); }
    [[nodiscard]] QAccessibleInterface* child(int index) const override {
        const std::vector<MessageWidget*> messages = m_view->liveMessages();
        if (index < 0 || index >= static_cast<int>(messages.size())) return nullptr;
        return QAccessible::queryAccessibleInterface(messages[static_cast<std::size_t>(index)]);
    }
    [[nodiscard]] int indexOfChild(const QAccessibleInterface* child) const override {
        const std::vector<MessageWidget*> messages = m_view->liveMessages();
        const auto found = std::find_if(messages.begin(), messages.end(),
                                        [child](const MessageWidget* message) { return message == child->object(); });
        return found == messages.end() ? -1 : static_cast<int>(found - messages.begin());
    }

private:
    MessageListView* m_view;
};

class ItemInterface final : public QAccessibleWidget {
public:
    explicit ItemInterface(MessageWidget* message) : QAccessibleWidget(message, QAccessible::ListItem) {}

    // The list, not the viewport between them.
    [[nodiscard]] QAccessibleInterface* parent() const override {
        for (QWidget* up = widget()->parentWidget(); up != nullptr; up = up->parentWidget()) {
            if (qobject_cast<MessageListView*>(up) != nullptr) return QAccessible::queryAccessibleInterface(up);
        }
        return QAccessibleWidget::parent();
    }
};

QAccessibleInterface* makeInterface(const QString&, QObject* object) {
    if (auto* list = qobject_cast<MessageListView*>(object)) return new ListInterface(list);
    if (auto* message = qobject_cast<MessageWidget*>(object)) return new ItemInterface(message);
    return nullptr;
}

}  // namespace

void installMessageAccessibility() { QAccessible::installFactory(makeInterface); }

}  // namespace lapidary::gui
