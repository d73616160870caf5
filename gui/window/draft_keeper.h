// What is being written, kept in the settings as it is typed: it is there again at the next start, whether the window was closed or
// killed.  Lives on the main thread; no widgets.
#pragma once

#include <QObject>
#include <QSet>
#include <QSettings>
#include <QString>
#include <QTimer>
#include <vector>

#include "gui/chat/composer_model.h"

namespace lapidary::gui {

class DraftKeeper final : public QObject {
    Q_OBJECT

public:
    static constexpr int kDelayMs = 500;  // after a change: typing writes once

    // Both outlive this.
    DraftKeeper(ComposerModel& composer, QSettings& settings, QObject* parent = nullptr);
    ~DraftKeeper() override;

    // SHA-256 of the draft's pictures that lie in the history's store: no message may show them.
    [[nodiscard]] static QSet<QString> storedPictures(const QSettings& settings);

    // What was being written when the window was last there.  A draft that cannot be read is put aside in the settings.
    void restore();
    // Other things are to be written for a while (a message that is changed): what was there waits.
    void putAside();
    // It is there again, in place of what is there now, or before it.
    enum class Return : std::uint8_t { InPlace, Before };
    void bringBack(Return how);
    // Parts that could not be sent, before what was typed meanwhile.
    void giveBack(std::vector<MessagePart> parts);
    void keepNow();

private:
    ComposerModel& m_composer;
    QSettings& m_settings;
    std::vector<MessagePart> m_aside;
    QTimer m_delay;
};

}  // namespace lapidary::gui
