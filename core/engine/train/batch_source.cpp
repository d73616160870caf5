#include "core/engine/train/batch_source.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <utility>

#include "core/data/scenes/scene_dataset.h"
#include "core/engine/train/prefetcher.h"
#include "core/engine/train/scene_sources.h"

namespace lapidary::train {
namespace {

class DatasetSource final : public BatchSource {
public:
    DatasetSource(std::shared_ptr<const dataset::Dataset> set, std::shared_ptr<const processor::Gemma3Processor> processor)
        : m_set(std::move(set)),
          m_processor(std::move(processor)),
          m_samples([this](std::int64_t index) { return m_set->sample(index); }) {}

    [[nodiscard]] std::int64_t size() const override { return m_set->size(); }
    [[nodiscard]] std::string fingerprint() const override { return m_set->fingerprint(); }
    [[nodiscard]] std::vector<std::string> changedFiles() const override { return m_set->changedFiles(); }
    void forgetNext() override { m_samples.forget(); }
    Result<MicroBatch> batch(const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>& next) override {
        ASSIGN_OR_RETURN(const std::vector<dataset::TrainingSample> samples, m_samples.take(indices, next));
        return collate(samples, {}, &m_processor->imageProcessor());
    }

private:
    std::shared_ptr<const dataset::Dataset> m_set;
    std::shared_ptr<const processor::Gemma3Processor> m_processor;
    Prefetcher<dataset::TrainingSample> m_samples;
};

// Packed questions, each an answer of its kind.
template <class Set>
class SceneSource final : public BatchSource {
public:
    SceneSource(std::unique_ptr<Set> set, std::shared_ptr<const processor::Gemma3Processor> processor)
        : m_set(std::move(set)),
          m_processor(std::move(processor)),
          m_samples([this](std::int64_t index) { return m_set->packedSample(index); }) {}

    [[nodiscard]] std::int64_t size() const override { return m_set->size(); }
    [[nodiscard]] std::string fingerprint() const override { return m_set->fingerprint(); }
    Result<MicroBatch> batch(const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>& next) override {
        ASSIGN_OR_RETURN(std::vector<scenes::PackedSample> packed, m_samples.take(indices, next));
        std::vector<dataset::TrainingSample> samples;
        std::vector<TargetGroup> groups;
        for (scenes::PackedSample& one : packed) {
            for (const scenes::PackedQuestion& question : one.questions) {
                groups.push_back({std::string(scenes::nameOf(question.question.kind)), question.end - question.answer});
            }
            samples.push_back(std::move(one.sample));
        }
        MicroBatch batch = collate(samples, {}, &m_processor->imageProcessor());
        batch.groups = std::move(groups);
        return batch;
    }

private:
    std::unique_ptr<Set> m_set;
    std::shared_ptr<const processor::Gemma3Processor> m_processor;
    Prefetcher<scenes::PackedSample> m_samples;
};

// Single views with what each soft token shows.
class TowerSource final : public BatchSource {
public:
    explicit TowerSource(std::unique_ptr<scenes::TowerDataset> set)
        : m_set(std::move(set)), m_samples([this](std::int64_t index) { return m_set->sample(index); }) {}

    [[nodiscard]] std::int64_t size() const override { return m_set->size(); }
    [[nodiscard]] std::string fingerprint() const override { return m_set->fingerprint(); }
    Result<MicroBatch> batch(const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>& next) override {
        ASSIGN_OR_RETURN(const std::vector<scenes::TowerSample> samples, m_samples.take(indices, next));
        constexpr auto kHeads = static_cast<std::int64_t>(scenes::kTokenHeadCount);
        const auto views = static_cast<std::int64_t>(samples.size());
        const std::int64_t side = samples.front().view.size;
        MicroBatch batch;
        batch.input.pixelValues = at::empty({views, 3, side, side}, at::TensorOptions(at::kFloat));
        batch.tokenLabels = at::empty({views, kHeads, scenes::kTokensPerView}, at::TensorOptions(at::kLong));
        float* pixels = batch.input.pixelValues.mutable_data_ptr<float>();
        std::int64_t* labels = batch.tokenLabels.mutable_data_ptr<std::int64_t>();
        for (std::size_t i = 0; i < samples.size(); ++i) {
            m_set->imageProcessor().normalise(samples[i].view, pixels);
            pixels += 3 * side * side;
            for (const auto& head : samples[i].labels) labels = std::copy(head.begin(), head.end(), labels);
            batch.sampleIds.push_back("view " + std::to_string(indices[i]));
        }
        batch.tokens = views * scenes::kTokensPerView;
        return batch;
    }

private:
    std::unique_ptr<scenes::TowerDataset> m_set;
    Prefetcher<scenes::TowerSample> m_samples;
};

}  // namespace

std::unique_ptr<BatchSource> datasetSource(std::shared_ptr<const dataset::Dataset> set,
                                           std::shared_ptr<const processor::Gemma3Processor> processor) {
    return std::make_unique<DatasetSource>(std::move(set), std::move(processor));
}

std::unique_ptr<BatchSource> sceneSource(std::unique_ptr<scenes::SceneDataset> set,
                                         std::shared_ptr<const processor::Gemma3Processor> processor) {
    return std::make_unique<SceneSource<scenes::SceneDataset>>(std::move(set), std::move(processor));
}

std::unique_ptr<BatchSource> evaluationSource(std::unique_ptr<scenes::EvaluationDataset> set,
                                              std::shared_ptr<const processor::Gemma3Processor> processor) {
    return std::make_unique<SceneSource<scenes::EvaluationDataset>>(std::move(set), std::move(processor));
}

std::unique_ptr<BatchSource> towerSource(std::unique_ptr<scenes::TowerDataset> set) {
    return std::make_unique<TowerSource>(std::move(set));
}

}  // namespace lapidary::train
