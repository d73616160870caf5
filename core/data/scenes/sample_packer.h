// A picture and several questions about it as one training sample: the picture once, as a shared prefix, then each question as if
// it were asked alone.
//
// NOTE [Packing]: prefix + question i are, id for id, what Gemma3Processor makes of that conversation alone, up to the answer's last
// token; <end_of_turn> is its label.  (What a conversation has behind it, "<end_of_turn>\n", predicts nothing and is left out.)
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/data/dataset/training_sample.h"
#include "core/data/processor/gemma3_processor.h"
#include "core/data/scenes/question.h"
#include "core/shared/base/result.h"

namespace lapidary::scenes {

// Where a question lies in the sample's ids: [begin, end); its labels stand at [answer, end).
struct PackedQuestion {
    Question question;
    std::int64_t begin = 0;
    std::int64_t answer = 0;
    std::int64_t end = 0;
};

struct PackedSample {
    dataset::TrainingSample sample;
    std::vector<PackedQuestion> questions;
};

class SamplePacker {
public:
    explicit SamplePacker(processor::Gemma3Processor processor);

    // Errors: those of the views.
    [[nodiscard]] Result<PackedSample> pack(const image::Picture& picture, image::CropMode crops,
                                            std::span<const Question> questions) const;

    [[nodiscard]] const processor::Gemma3Processor& processor() const { return m_processor; }

private:
    processor::Gemma3Processor m_processor;
    std::array<std::vector<std::int64_t>, 5> m_prefixes;  // by number of crops
};

}  // namespace lapidary::scenes
