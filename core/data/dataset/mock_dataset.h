// Megatron-Bridge's mock set (specification 6.1): one conversation over and over, so that any model trains without data, for smoke
// tests and benchmarks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/data/dataset/survey.h"
#include "core/data/dataset/training_sample.h"
#include "core/data/processor/gemma3_processor.h"

namespace lapidary::dataset {

inline constexpr std::int64_t kMockPictureSide = 256;  // pixels

// The pictures of the one sample, [256, 256, 3] each: numpy.random.default_rng(0).integers(0, 256, (256, 256, 3), uint8), one after
// the other.
std::vector<std::vector<std::uint8_t>> mockPictures(std::int64_t count);

class MockDataset final : public Dataset {
public:
    // `size` times "Describe this image." about `pictures` pictures (none for a model that sees none), answered by "dummy assistant
    // response".  Errors: InvalidData where that is longer than settings.maxTokens, or nothing of it would be learned.
    static Result<std::shared_ptr<const MockDataset>> create(std::int64_t size, std::int64_t pictures,
                                                             const processor::Gemma3Processor& processor,
                                                             const SampleSettings& settings);

    [[nodiscard]] std::int64_t size() const override { return m_size; }
    [[nodiscard]] Result<TrainingSample> sample(std::int64_t index) const override;
    [[nodiscard]] std::string fingerprint() const override;

private:
    MockDataset(std::int64_t size, TrainingSample sample) : m_size(size), m_sample(std::move(sample)) {}

    std::int64_t m_size;
    TrainingSample m_sample;
};

}  // namespace lapidary::dataset
