// The questions that the demo model is judged by.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/data/dataset/training_sample.h"
#include "core/data/scenes/held_out.h"
#include "core/data/scenes/question.h"
#include "core/data/scenes/sample_packer.h"
#include "core/data/scenes/scene.h"
#include "core/shared/base/result.h"

namespace lapidary::scenes {

// The evaluation set: these two numbers and nothing else.
inline constexpr std::uint64_t kEvaluationSeed = 4;
inline constexpr std::int64_t kEvaluationQuestions = 2000;

struct AskedScene {
    Scene scene;
    std::vector<Question> questions;  // 1 to 4
};

// `count` questions of the promised kinds in fixed shares (of 2,000: 140 to 220 each) about some 830 pictures for 2,000, half of them
// squares.  Of the test split all of it is held out (held_out.h).  `kinds`: of the promised kinds these alone; empty: all of them.
std::vector<AskedScene> askedScenes(Split split, std::uint64_t seed, std::int64_t count, std::span<const Kind> kinds = {});

// How a picture is shown.
enum class Showing : std::uint8_t {
    PanAndScan,
    WholeOnly,
    Blank,  // nothing drawn, with pan & scan
};

// Asked scenes as packed samples: sample(i) for a loss, packedSample(i) to count right answers by kind.  Any thread may call.
class EvaluationDataset : public dataset::Dataset {
public:
    static Result<std::unique_ptr<EvaluationDataset>> create(std::vector<AskedScene> scenes, Showing showing);
    // The evaluation set itself.
    static Result<std::unique_ptr<EvaluationDataset>> create(Showing showing) {
        return create(askedScenes(Split::Test, kEvaluationSeed, kEvaluationQuestions), showing);
    }

    [[nodiscard]] std::int64_t size() const override { return std::ssize(m_scenes); }
    [[nodiscard]] Result<dataset::TrainingSample> sample(std::int64_t index) const override;
    [[nodiscard]] Result<PackedSample> packedSample(std::int64_t index) const;
    [[nodiscard]] std::string fingerprint() const override;

private:
    EvaluationDataset(std::vector<AskedScene> scenes, Showing showing, SamplePacker packer);

    std::vector<AskedScene> m_scenes;
    Showing m_showing;
    SamplePacker m_packer;
};

}  // namespace lapidary::scenes
