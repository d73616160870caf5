// What the engine says of pictures that are being put into a message: a thumbnail, and the views that the model will see.  No
// picture is decoded in this process.  Lives on the main thread.
#pragma once

#include <QCoreApplication>
#include <QObject>
#include <QString>
#include <QTimer>
#include <map>
#include <set>

#include "gui/chat/message.h"
#include "gui/engine_client/engine_api.h"

namespace lapidary::gui {

struct PictureInspection {
    enum class State : std::uint8_t { Loading, Ready, Failed };
    State state = State::Loading;  // Ready: with a thumbnail, and views as they are wanted now
    QString error;                 // Failed: a sentence
    QString details;               // the engine's own words
    QString thumbnail;             // PNG that the engine wrote; kept while it loads anew, as `preview` is
    protocol::PreviewEvent preview;
};

class PictureInspector final : public QObject {
    Q_OBJECT

public:
    static constexpr int kDelayMs = 150;  // after a change of the settings, so that dragging a crop asks once
    static constexpr int kThumbnailSide = 256;

    explicit PictureInspector(EngineApi& engine, QObject* parent = nullptr);

    [[nodiscard]] const PictureInspection* find(int id) const;

    // A picture (path or address, views), under a number of the caller's choice.
    void inspect(int id, const Picture& picture);
    // Other views of it: asked for a moment later; what was asked before is cancelled.
    void setViews(int id, const PictureViews& views);
    void retry(int id);
    void forget(int id);
    void forgetAll();

signals:
    void changed(int id);

private:
    struct Entry {
        Picture picture;
        PictureInspection inspection;
        std::int64_t thumbnailRequest = -1;  // that is out, or -1
        std::int64_t previewRequest = -1;
        bool thumbnailReady = false;
        bool previewReady = false;  // of the views that are wanted now
    };

    void take(std::int64_t id, const protocol::EventBody& body);
    void takeEnd(int id, Entry& entry, std::int64_t request, const protocol::EventBody& body);
    void engineChanged();
    void askForAll();
    void askForThumbnail(int id, Entry& entry);
    void askForPreview(int id, Entry& entry);
    void askForDue();
    void drop(std::int64_t& request);
    void fail(int id, Entry& entry, const QString& error, const QString& details);
    void settle(int id, Entry& entry);

    EngineApi& m_engine;
    std::map<int, Entry> m_entries;
    std::map<std::int64_t, int> m_requests;  // → the picture
    std::set<int> m_due;                     // pictures whose views changed
    QTimer m_delay;
    bool m_wasDead = false;
};

// What went wrong with a picture, as a sentence for a person.
class PictureErrors {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::PictureErrors)

public:
    static QString sentence(const std::string& code);
};

}  // namespace lapidary::gui
