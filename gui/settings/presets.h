// Settings of a conversation that the person gave a name.  Lives on the main thread; no widgets.
#pragma once

#include <QObject>
#include <QSettings>
#include <QStringList>
#include <optional>

#include "gui/chat/message.h"

namespace lapidary::gui {

class Presets final : public QObject {
    Q_OBJECT

public:
    // `settings` outlives this.
    explicit Presets(QSettings& settings, QObject* parent = nullptr) : QObject(parent), m_settings(settings) {}

    [[nodiscard]] QStringList names() const;
    [[nodiscard]] std::optional<ConversationSettings> find(const QString& name) const;
    void save(const QString& name, const ConversationSettings& preset);
    void remove(const QString& name);

signals:
    void changed();

private:
    QSettings& m_settings;
};

}  // namespace lapidary::gui
