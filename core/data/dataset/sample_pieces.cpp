#include "core/data/dataset/sample_pieces.h"

#include <algorithm>
#include <utility>

namespace lapidary::dataset {
namespace {

struct Block {  // of tokens that stay together
    std::int64_t begin;
    std::int64_t end;
};

// All views of a picture and the words between them, with the line ends and the two markers around (specification 5.4).
Block blockOf(const processor::PromptImage& image, const TrainingSample& sample) {
    const auto first = static_cast<std::size_t>(image.firstView);
    const std::size_t last = first + image.boxes.size() - 1;
    return {std::max<std::int64_t>(0, sample.imageSpans[first].begin - 2),
            std::min(std::ssize(sample.ids), sample.imageSpans[last].end + 2)};
}

// The last place at or before `end` where no picture is cut.
std::int64_t cutAtOrBefore(std::int64_t end, const TrainingSample& sample) {
    for (auto image = sample.images.rbegin(); image != sample.images.rend(); ++image) {
        const Block block = blockOf(*image, sample);
        if (block.begin < end && end < block.end) end = block.begin;
    }
    return end;
}

bool hasLabels(const TrainingSample& sample, std::int64_t begin, std::int64_t end) {
    return std::any_of(sample.labels.begin() + begin, sample.labels.begin() + end,
                       [](std::int64_t label) { return label != kNoLabel; });
}

}  // namespace

Result<LengthPolicy> lengthPolicy(const std::string& name) {
    if (name == "skip") return LengthPolicy::Skip;
    if (name == "fail") return LengthPolicy::Fail;
    if (name == "split_text") return LengthPolicy::SplitText;
    return Error{
        ErrorCode::Usage,
        "samples that are too long are met with \"skip\", \"fail\" or \"split_text\", not \"" + name.substr(0, 40) + "\"", ""};
}

std::optional<std::vector<SamplePiece>> splitIntoPieces(const TrainingSample& sample, std::int64_t maxTokens) {
    const std::int64_t length = std::ssize(sample.ids);
    if (length <= maxTokens) return std::vector<SamplePiece>{{0, 0, length}};
    const auto firstLabel =
        std::find_if(sample.labels.begin(), sample.labels.end(), [](std::int64_t label) { return label != kNoLabel; });
    if (firstLabel == sample.labels.end()) return std::nullopt;
    const std::int64_t prefix = firstLabel - sample.labels.begin() + 1;
    if (prefix >= maxTokens) return std::nullopt;
    std::vector<SamplePiece> pieces;
    std::int64_t begin = 0;
    while (begin < length) {
        const std::int64_t before = begin == 0 ? 0 : prefix;
        const std::int64_t end = cutAtOrBefore(std::min(length, begin + maxTokens - before), sample);
        if (end <= begin || (begin == 0 && end < std::min(prefix, length)))
            return std::nullopt;  // a picture that fits beside no prefix
        if (hasLabels(sample, begin, end)) pieces.push_back({before, begin, end});
        begin = end;
    }
    return pieces;
}

TrainingSample takePiece(TrainingSample sample, const SamplePiece& piece) {
    if (piece.prefix == 0 && piece.begin == 0 && piece.end == std::ssize(sample.ids)) return sample;
    TrainingSample part;
    part.id = std::move(sample.id);
    const auto copy = [&](const std::vector<std::int64_t>& from, std::vector<std::int64_t>& to) {
        to.assign(from.begin(), from.begin() + piece.prefix);
        to.insert(to.end(), from.begin() + piece.begin, from.begin() + piece.end);
    };
    copy(sample.ids, part.ids);
    copy(sample.labels, part.labels);
    std::fill_n(part.labels.begin(), piece.prefix, kNoLabel);
    for (processor::PromptImage& image : sample.images) {
        const auto first = static_cast<std::size_t>(image.firstView);
        const std::int64_t at = sample.imageSpans[first].begin;
        const bool inPrefix = at < piece.prefix;
        if (!inPrefix && (at < piece.begin || at >= piece.end)) continue;
        const std::int64_t shift = inPrefix ? 0 : piece.prefix - piece.begin;
        image.firstView = std::ssize(part.imageSpans);
        for (std::size_t view = first; view < first + image.boxes.size(); ++view) {
            const rules::ImageSpan& span = sample.imageSpans[view];
            part.imageSpans.push_back({span.begin + shift, span.end + shift});
            if (!sample.views.empty()) part.views.push_back(std::move(sample.views[view]));
        }
        part.images.push_back(std::move(image));
    }
    return part;
}

}  // namespace lapidary::dataset
