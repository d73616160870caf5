// Scenes as training data: endless, made when they are asked for, the same for the same index.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/data/dataset/training_sample.h"
#include "core/data/scenes/sample_packer.h"
#include "core/data/scenes/scene_mix.h"
#include "core/data/scenes/token_labels.h"

namespace lapidary::scenes {

// Changes with whatever changes the samples of a given mix and seed: recipes, runs and fingerprints name it.
inline constexpr int kGeneratorVersion = 1;

// For training the whole model.  Samples are pictures with mix.questions questions (at least one), packed.  Any thread may call.
class SceneDataset : public dataset::Dataset {
public:
    // `size`: how many samples an epoch has; they never repeat within it.  Errors: those of the processor.
    static Result<std::unique_ptr<SceneDataset>> create(const SceneMix& mix, std::uint64_t seed, std::int64_t size);

    [[nodiscard]] std::int64_t size() const override { return m_size; }
    [[nodiscard]] Result<dataset::TrainingSample> sample(std::int64_t index) const override;
    // The same with the questions beside it, to count right answers by kind.
    [[nodiscard]] Result<PackedSample> packedSample(std::int64_t index) const;
    [[nodiscard]] std::string fingerprint() const override;

private:
    SceneDataset(const SceneMix& mix, std::uint64_t seed, std::int64_t size, SamplePacker packer);

    SceneMix m_mix;
    std::uint64_t m_seed;
    std::int64_t m_size;
    SamplePacker m_packer;
};

// For the tower's warm-up: one view and what each of its soft tokens ought to know.  Any thread may call.
struct TowerSample {
    image::View view;
    TokenLabels labels{};
};

class TowerDataset {
public:
    static Result<std::unique_ptr<TowerDataset>> create(const SceneMix& mix, std::uint64_t seed, std::int64_t size);

    [[nodiscard]] std::int64_t size() const { return m_size; }
    [[nodiscard]] Result<TowerSample> sample(std::int64_t index) const;
    [[nodiscard]] std::string fingerprint() const;
    // For normalise() (image_processor.h).
    [[nodiscard]] const image::ImageProcessor& imageProcessor() const { return m_images; }

private:
    TowerDataset(const SceneMix& mix, std::uint64_t seed, std::int64_t size, const image::ImageProcessor& images);

    SceneMix m_mix;
    std::uint64_t m_seed;
    std::int64_t m_size;
    image::ImageProcessor m_images;
};

}  // namespace lapidary::scenes
