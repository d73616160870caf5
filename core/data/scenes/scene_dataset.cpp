#include "core/data/scenes/scene_dataset.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "core/data/scenes/draw.h"
#include "core/data/scenes/initial_model.h"
#include "core/shared/base/json.h"

namespace lapidary::scenes {
namespace {

// Streams of a key: what the picture is, what is asked about it.
constexpr std::uint64_t kPictureStream = 0x5049;
constexpr std::uint64_t kQuestionStream = 0x5155;

std::string fingerprintOf(std::string_view what, const SceneMix& mix, std::uint64_t seed) {
    const std::string text =
        std::string(what) + " " + std::to_string(kGeneratorVersion) + " " + std::to_string(seed) + " " + mix.toJson().dump();
    return image::sha256Hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

image::CropMode cropsOf(bool wholeOnly) { return wholeOnly ? image::CropMode::None : image::CropMode::PanAndScan; }

}  // namespace

SceneDataset::SceneDataset(const SceneMix& mix, std::uint64_t seed, std::int64_t size, SamplePacker packer)
    : m_mix(mix), m_seed(seed), m_size(size), m_packer(std::move(packer)) {}

Result<std::unique_ptr<SceneDataset>> SceneDataset::create(const SceneMix& mix, std::uint64_t seed, std::int64_t size) {
    ASSIGN_OR_RETURN(auto processor, demoProcessor());
    return std::unique_ptr<SceneDataset>(new SceneDataset(mix, seed, size, SamplePacker(std::move(processor))));
}

Result<dataset::TrainingSample> SceneDataset::sample(std::int64_t index) const {
    ASSIGN_OR_RETURN(auto packed, packedSample(index));
    return std::move(packed.sample);
}

Result<PackedSample> SceneDataset::packedSample(std::int64_t index) const {
    // A picture that the mix has no question about (no sign, and only print is asked for) is passed over.
    constexpr int kAttempts = 200;
    for (std::uint64_t attempt = 0; attempt < kAttempts; ++attempt) {
        const std::uint64_t key = sceneKey(Split::Train, m_seed + attempt * kGoldenRatio, static_cast<std::uint64_t>(index));
        Random pictures = Random(key).fork(kPictureStream);
        const PictureChoice choice = choosePicture(m_mix, pictures);
        const Scene scene = makeScene(key, choice.settings);
        KindWeights kinds = m_mix.kinds;
        if (choice.wholeOnly) kinds[indexOf(Kind::SmallPrint)] = kinds[indexOf(Kind::String)] = 0.0;
        Random random = Random(key).fork(kQuestionStream);
        const std::vector<Question> questions = askSeveral(scene, kinds, m_mix.questions, random);
        if (questions.empty()) continue;
        ASSIGN_OR_RETURN(auto packed, m_packer.pack(drawScene(scene), cropsOf(choice.wholeOnly), questions));
        packed.sample.id = "scene " + std::to_string(index);
        return packed;
    }
    return Error{ErrorCode::InvalidData,
                 "none of " + std::to_string(kAttempts) +
                     " pictures in a row had a question of the kinds wanted: 'pictures' and 'kinds' do not go together",
                 "dataset.scenes"};
}

std::string SceneDataset::fingerprint() const { return fingerprintOf("scenes", m_mix, m_seed); }

TowerDataset::TowerDataset(const SceneMix& mix, std::uint64_t seed, std::int64_t size, const image::ImageProcessor& images)
    : m_mix(mix), m_seed(seed), m_size(size), m_images(images) {}

Result<std::unique_ptr<TowerDataset>> TowerDataset::create(const SceneMix& mix, std::uint64_t seed, std::int64_t size) {
    ASSIGN_OR_RETURN(const auto processor, demoProcessor());
    return std::unique_ptr<TowerDataset>(new TowerDataset(mix, seed, size, processor.imageProcessor()));
}

Result<TowerSample> TowerDataset::sample(std::int64_t index) const {
    const std::uint64_t key = sceneKey(Split::Train, m_seed, static_cast<std::uint64_t>(index));
    Random random = Random(key).fork(kPictureStream);
    const PictureChoice choice = choosePicture(m_mix, random);
    const Scene scene = makeScene(key, choice.settings);
    ASSIGN_OR_RETURN(const auto boxes, m_images.boxes(scene.width, scene.height, {cropsOf(choice.wholeOnly), kPanAndScan, {}}));
    // One view of a picture: the others would teach the same again.  Squeezed whole views are needed less than crops.
    const auto which =
        boxes.size() > 1 && random.chance(0.85) ? 1 + static_cast<std::size_t>(random.below(boxes.size() - 1)) : 0;
    const rules::CropBox& box = boxes[which];
    const image::Picture picture = drawScene(scene);
    ASSIGN_OR_RETURN(
        auto views, m_images.views(picture, {which == 0 ? image::CropMode::None : image::CropMode::Given, kPanAndScan, {box}}));
    return TowerSample{std::move(views.back()), tokenLabels(scene, box)};
}

std::string TowerDataset::fingerprint() const { return fingerprintOf("tower", m_mix, m_seed); }

}  // namespace lapidary::scenes
