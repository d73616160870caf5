// What the model will see of the selected picture: its views, as the engine made them, and the choice of crops.
// Lives on the main thread; no widgets.
#pragma once

#include <QObject>
#include <QString>
#include <map>
#include <optional>
#include <vector>

#include "gui/chat/composer_model.h"
#include "gui/chat/preview_views.h"

namespace lapidary::gui {

class PreviewViewModel final : public QObject {
    Q_OBJECT

public:
    using State = PictureInspection::State;
    using Mode = PictureViews::Mode;

    static constexpr int kOriginalSide = 1536;          // pixels of the picture that crops are drawn on, at most
    static constexpr int kMostOwnCrops = 64;            // that the engine takes
    static constexpr std::int64_t kMostCrops = 1024;    // upper end of max_num_crops in a request
    static constexpr std::int64_t kLargestMinCrop = std::int64_t{1} << 20;

    PreviewViewModel(EngineApi& engine, ComposerModel& composer, QObject* parent = nullptr);

    [[nodiscard]] const ComposerModel& composer() const { return m_composer; }

    [[nodiscard]] int picture() const { return m_picture; }  // 0: none
    [[nodiscard]] bool hasPicture() const { return m_picture != 0; }
    [[nodiscard]] State state() const { return inspection().state; }
    [[nodiscard]] QString error() const { return inspection().error; }
    [[nodiscard]] QString details() const { return inspection().details; }
    [[nodiscard]] QStringList warnings() const;
    [[nodiscard]] QString title() const;
    [[nodiscard]] std::int64_t width() const { return inspection().preview.width; }  // 0: not known yet
    [[nodiscard]] std::int64_t height() const { return inspection().preview.height; }
    [[nodiscard]] const QString& original() const {
        return m_original;
    }  // PNG of the engine to draw crops on; may have another shape

    [[nodiscard]] Mode mode() const { return choice().mode; }
    [[nodiscard]] rules::PanAndScanSettings parameters() const { return choice().panAndScan; }
    [[nodiscard]] bool parametersMatter() const { return hasPicture() && mode() == Mode::On; }
    [[nodiscard]] std::vector<rules::CropBox> crops() const;  // without the whole
    // Own crops that are not what the reference makes of this picture.
    [[nodiscard]] bool departs() const;
    // Views may be looked at, but the crops not changed before the size of the picture is known.
    [[nodiscard]] bool canEdit() const { return hasPicture() && width() > 0 && state() != State::Failed; }

    [[nodiscard]] PreviewViews& views() { return m_views; }
    [[nodiscard]] std::int64_t tokens() const;                      // of the selected picture
    [[nodiscard]] std::optional<std::int64_t> totalTokens() const;  // of all pictures; absent while one is not known
    [[nodiscard]] QString sums() const;                             // as sentences

    void select(int picture);
    // Tower and projector, a view, measured with the open model; 0: nothing measured.
    void setMillisecondsPerView(double milliseconds);
    void setMode(Mode mode);
    // Empty, or a sentence why they are not taken.
    QString setParameters(const rules::PanAndScanSettings& parameters);
    void editCrops(const std::vector<rules::CropBox>& crops);
    int addCrop();
    int addCrop(const rules::CropBox& box);  // its place
    void removeCrop(int crop);
    // As it was before the crops were edited.
    void backToReference();

signals:
    void changed();

private:
    [[nodiscard]] const PictureInspection& inspection() const;
    [[nodiscard]] const PictureViews& choice() const;
    void followPictures();
    void askForOriginal();
    void take(std::int64_t id, const protocol::EventBody& body);
    void update();

    EngineApi& m_engine;
    ComposerModel& m_composer;
    PreviewViews m_views;
    int m_picture = 0;
    int m_newest = 0;  // the highest number that was seen
    QString m_original;
    std::int64_t m_originalRequest = -1;
    bool m_wasDead = false;
    std::optional<double> m_millisecondsPerView;
    std::map<int, PictureViews> m_beforeOwn;  // what was chosen for a picture before its crops were edited
};

}  // namespace lapidary::gui
