#include "tests/gui/support/picture_script.h"

#include <QFile>
#include <QImage>
#include <QSaveFile>
#include <QString>

#include "core/shared/rules/pan_and_scan.h"

namespace lapidary::test {
namespace {

using protocol::PreviewRequest;
using protocol::ThumbnailRequest;
using rules::CropBox;

constexpr std::int64_t kTokens = 256;
constexpr int kSize = 896;

std::vector<CropBox> cropsOf(const protocol::ViewSettings& views, std::int64_t width, std::int64_t height) {
    if (views.crops) return views.crops->front();
    if (!views.panAndScan.value_or(false)) return {};
    const rules::PanAndScanSettings standard;
    return rules::panAndScanCrops(
        width, height,
        {views.panAndScanMinCropSize.value_or(standard.minCropSize), views.panAndScanMaxNumCrops.value_or(standard.maxNumCrops),
         views.panAndScanMinRatioToActivate.value_or(standard.minRatioToActivate)});
}

std::string nameOf(const CropBox& box) {
    return std::to_string(box.left) + "-" + std::to_string(box.top) + "-" + std::to_string(box.right) + "-" +
           std::to_string(box.bottom);
}

protocol::PreviewEvent previewOf(const protocol::ViewSettings& views, std::int64_t width, std::int64_t height,
                                 const std::string& folder) {
    protocol::PreviewEvent preview;
    preview.width = width;
    preview.height = height;
    preview.size = kSize;
    std::vector<CropBox> boxes = cropsOf(views, width, height);
    boxes.insert(boxes.begin(), {0, 0, width, height});
    for (const CropBox& box : boxes) {
        preview.views.push_back(
            {preview.views.empty(), box, folder + "/view-" + nameOf(box) + ".png", "sha-" + nameOf(box), kTokens});
        preview.tokens += kTokens;
    }
    return preview;
}

// As the engine writes: whole or not at all, and once.  The window may be reading what an earlier answer named.
void writePng(const QImage& image, const std::string& path) {
    const QString name = QString::fromStdString(path);
    if (QFile::exists(name)) return;
    QSaveFile file(name);
    if (file.open(QIODevice::WriteOnly) && image.save(&file, "png")) file.commit();
}

}  // namespace

void scriptPictures(FakeEngine& engine, std::int64_t width, std::int64_t height) {
    engine.always<ThumbnailRequest>([](const ThumbnailRequest& request) -> FakeEngine::Events {
        return {protocol::ThumbnailEvent{request.path + "." + std::to_string(request.maxSide) + ".png", 256, 128},
                protocol::DoneEvent()};
    });
    engine.always<PreviewRequest>([width, height](const PreviewRequest& request) -> FakeEngine::Events {
        return {previewOf(request.views, width, height, "/run"), protocol::DoneEvent()};
    });
}

void refusePictures(FakeEngine& engine, const std::string& word, std::int64_t width, std::int64_t height) {
    const FakeEngine::Events refusal{protocol::ErrorEvent{"invalid_file", "this is an SVG drawing", {}}};
    engine.always<ThumbnailRequest>([refusal, word](const ThumbnailRequest& request) -> FakeEngine::Events {
        if (request.path.find(word) != std::string::npos) return refusal;
        return {protocol::ThumbnailEvent{request.path + ".png", 256, 128}, protocol::DoneEvent()};
    });
    engine.always<PreviewRequest>([refusal, word, width, height](const PreviewRequest& request) -> FakeEngine::Events {
        if ((request.path + request.url).find(word) != std::string::npos) return refusal;
        return {previewOf(request.views, width, height, "/run"), protocol::DoneEvent()};
    });
}

void scriptPicture(FakeEngine& engine, const std::string& picture, const std::string& folder) {
    const QImage image(QString::fromStdString(picture));
    engine.always<ThumbnailRequest>([image, folder](const ThumbnailRequest& request) -> FakeEngine::Events {
        const auto side = static_cast<int>(request.maxSide);
        const std::string path = folder + "/thumbnail-" + std::to_string(side) + ".png";
        const QImage small = image.width() > side || image.height() > side
                                 ? image.scaled(side, side, Qt::KeepAspectRatio, Qt::SmoothTransformation)
                                 : image;
        writePng(small, path);
        return {protocol::ThumbnailEvent{path, small.width(), small.height()}, protocol::DoneEvent()};
    });
    engine.always<PreviewRequest>([image, folder](const PreviewRequest& request) -> FakeEngine::Events {
        protocol::PreviewEvent preview = previewOf(request.views, image.width(), image.height(), folder);
        for (const protocol::PreviewView& view : preview.views) {
            const CropBox& box = view.box;
            const QImage part = image.copy(static_cast<int>(box.left), static_cast<int>(box.top),
                                           static_cast<int>(box.right - box.left), static_cast<int>(box.bottom - box.top));
            writePng(part.scaled(kSize, kSize, Qt::IgnoreAspectRatio, Qt::SmoothTransformation), view.path);
        }
        return {preview, protocol::DoneEvent()};
    });
}

}  // namespace lapidary::test
