#include "gui/chat/preview_view_model.h"

#include <QLocale>
#include <algorithm>
#include <cmath>
#include <utility>

#include "gui/chat/pan_and_scan_geometry.h"

namespace lapidary::gui {

PreviewViewModel::PreviewViewModel(EngineApi& engine, ComposerModel& composer, QObject* parent)
    : QObject(parent), m_engine(engine), m_composer(composer), m_wasDead(engine.state() == EngineState::Dead) {
    connect(&composer, &ComposerModel::picturesChanged, this, &PreviewViewModel::followPictures);
    connect(&composer, &ComposerModel::pictureChanged, this, &PreviewViewModel::update);
    connect(&engine, &EngineApi::received, this, &PreviewViewModel::take);
    connect(&engine, &EngineApi::stateChanged, this, [this] {
        if (m_engine.state() == EngineState::Dead)
            m_wasDead = true;
        else if (std::exchange(m_wasDead, false))
            askForOriginal();  // the old file went with its engine
    });
    followPictures();
}

const PictureInspection& PreviewViewModel::inspection() const {
    static const PictureInspection kNone;
    const PictureInspection* const found = hasPicture() ? m_composer.pictures().inspection(m_picture) : nullptr;
    return found != nullptr ? *found : kNone;
}

const PictureViews& PreviewViewModel::choice() const {
    static const PictureViews kNone;
    const Picture* const found = hasPicture() ? m_composer.pictures().find(m_picture) : nullptr;
    return found != nullptr ? found->views : kNone;
}

QStringList PreviewViewModel::warnings() const {
    QStringList found;
    for (const std::string& warning : inspection().preview.warnings) found.append(QString::fromStdString(warning));
    return found;
}

QString PreviewViewModel::title() const {
    if (!hasPicture()) return {};
    const ComposerPictures& pictures = m_composer.pictures();
    const QString which = tr("Picture %1 of %2: %3")
                              .arg(pictures.rowOf(m_picture) + 1)
                              .arg(pictures.rowCount())
                              .arg(pictures.find(m_picture)->name);
    return width() > 0 ? tr("%1, %2 × %3 pixels").arg(which, QString::number(width()), QString::number(height())) : which;
}

std::vector<rules::CropBox> PreviewViewModel::crops() const {
    if (!hasPicture() || mode() == Mode::Off) return {};
    if (mode() == Mode::Own) return choice().crops;
    // The rule itself answers at once; the engine's views follow.
    if (mode() == Mode::On) return width() > 0 ? rules::panAndScanCrops(width(), height(), parameters()) : choice().crops;
    std::vector<rules::CropBox> boxes;
    for (const protocol::PreviewView& view : inspection().preview.views) {
        if (!view.whole && state() == State::Ready) boxes.push_back(view.box);
    }
    return boxes;
}

bool PreviewViewModel::departs() const {
    if (!hasPicture() || mode() != Mode::Own || choice().crops.empty()) return false;
    return choice().crops != rules::panAndScanCrops(width(), height(), parameters());
}

std::int64_t PreviewViewModel::tokens() const { return state() == State::Ready ? inspection().preview.tokens : 0; }

std::optional<std::int64_t> PreviewViewModel::totalTokens() const {
    std::int64_t total = 0;
    for (const int id : m_composer.pictures().order()) {
        const PictureInspection& one = *m_composer.pictures().inspection(id);
        if (one.state != State::Ready) return std::nullopt;
        total += one.preview.tokens;
    }
    return total;
}

QString PreviewViewModel::sums() const {
    if (!hasPicture() || state() != State::Ready) return {};
    const QLocale locale;
    const auto count = static_cast<int>(inspection().preview.views.size());
    QStringList sentences{
        tr("This picture: %n view(s), %1 tokens.", nullptr, count).arg(locale.toString(static_cast<qlonglong>(tokens())))};
    if (m_millisecondsPerView)
        sentences.append(tr("About %1 ms to see it.").arg(locale.toString(*m_millisecondsPerView * count, 'f', 0)));
    if (m_composer.pictures().rowCount() > 1) {
        const auto total = totalTokens();
        sentences.append(total ? tr("All pictures: %1 tokens.").arg(locale.toString(static_cast<qlonglong>(*total)))
                               : tr("The sum of all pictures is not known yet."));
    }
    return sentences.join(QLatin1Char(' '));
}

void PreviewViewModel::select(int picture) {
    if (picture == m_picture || m_composer.pictures().rowOf(picture) < 0) return;
    m_picture = picture;
    askForOriginal();
    update();
}

// The picture that was put in last is the one to look at.
void PreviewViewModel::followPictures() {
    const std::vector<int>& order = m_composer.pictures().order();
    const int newest = order.empty() ? 0 : *std::max_element(order.begin(), order.end());
    const bool gone = m_composer.pictures().rowOf(m_picture) < 0;
    if ((gone || newest > m_newest) && m_picture != newest) {
        m_picture = newest;
        askForOriginal();
    }
    m_newest = std::max(m_newest, newest);
    update();
}

void PreviewViewModel::askForOriginal() {
    if (m_originalRequest >= 0) m_engine.cancel(std::exchange(m_originalRequest, -1));
    m_original.clear();
    if (!hasPicture() || m_engine.state() == EngineState::Dead) return;
    const Picture& picture = *m_composer.pictures().find(m_picture);
    if (picture.path.isEmpty()) return;  // an address: its whole view is shown
    protocol::ThumbnailRequest request;
    request.path = picture.path.toStdString();
    request.maxSide = kOriginalSide;
    m_originalRequest = m_engine.send(request);
}

void PreviewViewModel::take(std::int64_t id, const protocol::EventBody& body) {
    if (id != m_originalRequest) return;
    if (const auto* thumbnail = std::get_if<protocol::ThumbnailEvent>(&body)) {
        m_original = QString::fromStdString(thumbnail->path);
        update();
    }
    // Where it failed, the picture's own error is shown.
    if (protocol::endsRequest(body)) m_originalRequest = -1;
}

void PreviewViewModel::update() {
    const protocol::PreviewEvent& preview = inspection().preview;
    m_views.show(state() == State::Failed ? std::vector<protocol::PreviewView>() : preview.views, m_millisecondsPerView);
    if (hasPicture() && m_composer.pictures().find(m_picture)->path.isEmpty() && !preview.views.empty())
        m_original = QString::fromStdString(preview.views.front().path);
    emit changed();
}

void PreviewViewModel::setMillisecondsPerView(double milliseconds) {
    m_millisecondsPerView = milliseconds > 0.0 ? std::optional<double>(milliseconds) : std::nullopt;
    update();
}

void PreviewViewModel::setMode(Mode mode) {
    if (!hasPicture() || mode == choice().mode) return;
    if (mode == Mode::Own) return editCrops(crops());
    PictureViews wanted = choice();
    wanted.mode = mode;
    wanted.crops.clear();
    m_composer.setViews(m_picture, wanted);
}

QString PreviewViewModel::setParameters(const rules::PanAndScanSettings& parameters) {
    if (parameters.minCropSize < 1 || parameters.minCropSize > kLargestMinCrop)
        return tr("The smallest side of a crop is 1 to %1 pixels.").arg(kLargestMinCrop);
    if (parameters.maxNumCrops < 1 || parameters.maxNumCrops > kMostCrops)
        return tr("The number of crops is 1 to %1.").arg(kMostCrops);
    if (!std::isfinite(parameters.minRatioToActivate) || parameters.minRatioToActivate < 0.0)
        return tr("The ratio of the sides is a number from 0.");
    if (!hasPicture() || parameters == choice().panAndScan) return {};
    PictureViews wanted = choice();
    wanted.panAndScan = parameters;
    m_composer.setViews(m_picture, wanted);
    return {};
}

void PreviewViewModel::editCrops(const std::vector<rules::CropBox>& crops) {
    if (!canEdit() || static_cast<int>(crops.size()) > kMostOwnCrops) return;
    PictureViews wanted = choice();
    if (wanted.mode != Mode::Own) m_beforeOwn[m_picture] = wanted;
    wanted.mode = Mode::Own;
    wanted.crops = crops;
    m_composer.setViews(m_picture, wanted);
}

int PreviewViewModel::addCrop() { return addCrop(PanAndScanGeometry(width(), height()).newCrop(crops())); }

int PreviewViewModel::addCrop(const rules::CropBox& box) {
    std::vector<rules::CropBox> boxes = crops();
    const int place = static_cast<int>(boxes.size());
    if (!canEdit() || place >= kMostOwnCrops) return -1;
    boxes.push_back(box);
    editCrops(boxes);
    return place;
}

void PreviewViewModel::removeCrop(int crop) {
    std::vector<rules::CropBox> boxes = crops();
    if (crop < 0 || crop >= static_cast<int>(boxes.size())) return;
    boxes.erase(boxes.begin() + crop);
    editCrops(boxes);
}

void PreviewViewModel::backToReference() {
    if (!hasPicture() || mode() != Mode::Own) return;
    const auto before = m_beforeOwn.find(m_picture);
    PictureViews wanted = before != m_beforeOwn.end() ? before->second : PictureViews();
    wanted.panAndScan = parameters();
    m_composer.setViews(m_picture, wanted);
}

}  // namespace lapidary::gui
