#include "core/data/scenes/evaluation.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "core/data/scenes/draw.h"
#include "core/data/scenes/initial_model.h"
#include "core/data/scenes/scene_dataset.h"
#include "core/data/scenes/scene_mix.h"

namespace lapidary::scenes {
namespace {

constexpr std::uint64_t kPictureStream = 0x4556;
constexpr std::uint64_t kQuestionStream = 0x4551;
constexpr int kQuestionsAPicture = 4;

// Of 2,000 questions, in the order of Kind.
constexpr std::array<std::int64_t, kPromisedKinds> kShares{160, 160, 200, 180, 140, 160, 160, 140, 160, 140, 180, 220};

// How many of each kind: the shares, rounded so that they add up (the first kinds get what is left over).
std::array<std::int64_t, kKindCount> quotas(std::int64_t count, std::span<const Kind> kinds) {
    std::array<std::int64_t, kPromisedKinds> shares{};
    for (std::size_t kind = 0; kind < kPromisedKinds; ++kind) {
        const bool wanted = kinds.empty() || std::find(kinds.begin(), kinds.end(), static_cast<Kind>(kind)) != kinds.end();
        shares[kind] = wanted ? kShares[kind] : 0;
    }
    const std::int64_t all = std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
    std::array<std::int64_t, kKindCount> quota{};
    if (all == 0) return quota;
    for (std::size_t kind = 0; kind < kPromisedKinds; ++kind) quota[kind] = shares[kind] * count / all;
    std::int64_t left = count - std::accumulate(quota.begin(), quota.end(), std::int64_t{0});
    for (std::size_t kind = 0; left > 0; kind = (kind + 1) % kPromisedKinds) {
        if (shares[kind] == 0) continue;
        ++quota[kind];
        --left;
    }
    return quota;
}

}  // namespace

std::vector<AskedScene> askedScenes(Split split, std::uint64_t seed, std::int64_t count, std::span<const Kind> kinds) {
    SceneMix mix;
    mix.pictures.square = 2.0;
    auto quota = quotas(count, kinds);
    std::vector<AskedScene> scenes;
    for (std::uint64_t index = 0; std::any_of(quota.begin(), quota.end(), [](std::int64_t left) { return left > 0; });
         ++index) {
        const std::uint64_t key = sceneKey(split, seed, index);
        Random pictures = Random(key).fork(kPictureStream);
        AskedScene asked{makeScene(key, choosePicture(mix, pictures).settings), {}};
        Random random = Random(key).fork(kQuestionStream);
        // One by one, so that no quota is passed.
        for (int i = 0; i < kQuestionsAPicture; ++i) {
            KindWeights weights{};
            std::copy(quota.begin(), quota.end(), weights.begin());
            const auto kind = static_cast<Kind>(random.weighted(weights));
            if (weights[indexOf(kind)] <= 0.0) break;
            // A kind that the picture has no question of costs its turn: another one in its place would come oftener about pictures
            // without signs, and "how many signs are there?" would mostly be answered by 0.
            auto question = ask(asked.scene, kind, random);
            if (!question) continue;
            const bool again = std::any_of(asked.questions.begin(), asked.questions.end(),
                                           [&](const Question& other) { return other.text == question->text; });
            if (again) continue;
            --quota[indexOf(kind)];
            asked.questions.push_back(std::move(*question));
        }
        if (!asked.questions.empty()) scenes.push_back(std::move(asked));
    }
    return scenes;
}

EvaluationDataset::EvaluationDataset(std::vector<AskedScene> scenes, Showing showing, SamplePacker packer)
    : m_scenes(std::move(scenes)), m_showing(showing), m_packer(std::move(packer)) {}

Result<std::unique_ptr<EvaluationDataset>> EvaluationDataset::create(std::vector<AskedScene> scenes, Showing showing) {
    ASSIGN_OR_RETURN(auto processor, demoProcessor());
    return std::unique_ptr<EvaluationDataset>(
        new EvaluationDataset(std::move(scenes), showing, SamplePacker(std::move(processor))));
}

Result<dataset::TrainingSample> EvaluationDataset::sample(std::int64_t index) const {
    ASSIGN_OR_RETURN(auto packed, packedSample(index));
    return std::move(packed.sample);
}

Result<PackedSample> EvaluationDataset::packedSample(std::int64_t index) const {
    const AskedScene& asked = m_scenes.at(static_cast<std::size_t>(index));
    const image::Picture picture = m_showing == Showing::Blank ? blankPicture(asked.scene) : drawScene(asked.scene);
    const image::CropMode crops = m_showing == Showing::WholeOnly ? image::CropMode::None : image::CropMode::PanAndScan;
    ASSIGN_OR_RETURN(auto packed, m_packer.pack(picture, crops, asked.questions));
    packed.sample.id = "question " + std::to_string(index);
    return packed;
}

std::string EvaluationDataset::fingerprint() const {
    std::string text = "evaluation " + std::to_string(kGeneratorVersion) + " " + std::to_string(indexOf(m_showing));
    for (const AskedScene& asked : m_scenes) {
        text += "\n" + combinationOf(asked.scene);
        for (const Question& question : asked.questions) text += "\n" + question.text + "\t" + question.answer;
    }
    return image::sha256Hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace lapidary::scenes
