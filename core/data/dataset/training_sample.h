// What the trainer is fed with: one sample as token ids, labels and views, and the set that gives samples by number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/image/image_processor.h"
#include "core/data/processor/gemma3_processor.h"
#include "core/shared/base/result.h"
#include "core/shared/rules/visible_keys.h"

namespace lapidary::dataset {

// The label of a position that carries no loss (torch's ignore_index).
inline constexpr std::int64_t kNoLabel = -100;

struct TrainingSample {
    std::string id;                             // where it comes from, for people: "train.jsonl:12"
    std::vector<std::int64_t> ids;              // [seq], <bos> included; nothing is padded
    std::vector<std::int64_t> labels;           // [seq], already shifted: labels[t] is the token after t, or kNoLabel
    std::vector<image::View> views;             // in prompt order; each stands for mm_tokens_per_image soft tokens in `ids`
    std::vector<processor::PromptImage> images;  // which views belong to which picture
    std::vector<rules::ImageSpan> imageSpans;   // one a view: its soft tokens in `ids`
    // Packed samples: the first `sharedPrefix` tokens are a prefix that each of several sequences behind it sees; positions then
    // restart there.  0 and empty: one sequence, positions 0 … seq - 1.
    std::int64_t sharedPrefix = 0;
    std::vector<std::int64_t> positions;
};

// A set of samples that stays the same while it is open.  sample() may be called by several threads at once.
class Dataset {
public:
    virtual ~Dataset() = default;

    [[nodiscard]] virtual std::int64_t size() const = 0;
    // `index` in [0, size).  The same index gives the same sample each time.
    // Errors: those of the sample's own files (a picture that went away), InvalidData.
    [[nodiscard]] virtual Result<TrainingSample> sample(std::int64_t index) const = 0;
    // Hexadecimal hash of all that decides what the samples are: the same on another machine for the same data and settings.
    [[nodiscard]] virtual std::string fingerprint() const = 0;
    // Files of the set that were edited, removed or replaced since it was opened (asked for at each epoch); empty: none, or they are back.
    [[nodiscard]] virtual std::vector<std::string> changedFiles() const { return {}; }

protected:
    Dataset() = default;
    Dataset(const Dataset&) = default;
    Dataset& operator=(const Dataset&) = default;
};

}  // namespace lapidary::dataset
