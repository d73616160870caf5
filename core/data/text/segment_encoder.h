// BPE of a stretch of text that holds no added token.  Two ways with one result: SentencePiece from scores, or our own from merges.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/data/text/vocabulary.h"
#include "core/shared/base/result.h"

namespace lapidary::text {

// Immutable: any thread may use it.
class SegmentEncoder {
public:
    virtual ~SegmentEncoder() = default;
    // Appends the ids of `text` (UTF-8, with plain spaces) to `ids`.
    virtual void encode(std::string_view text, std::vector<std::int64_t>& ids) const = 0;
    [[nodiscard]] virtual const char* name() const = 0;
};

// Over libsentencepiece.  `vocabulary` needs no added tokens typed Normal: what is typed Control is never found in a text.
// Errors: InvalidData with SentencePiece's own words.
Result<std::unique_ptr<SegmentEncoder>> makeSentencePieceEncoder(const Vocabulary& vocabulary, const std::string& name);

// One merge rule by ids; a rule's place in the list is its rank.
struct MergeRule {
    std::int32_t left = 0;
    std::int32_t right = 0;
    std::int32_t result = 0;
};

enum class UnknownCharacters { Fuse, KeepApart };

// Our own BPE.  `pieces` must outlive the encoder.
std::unique_ptr<SegmentEncoder> makeMergeEncoder(const PieceTable& pieces, bool byteFallback, std::int64_t unknownId,
                                                 UnknownCharacters unknown, const std::vector<MergeRule>& merges);

}  // namespace lapidary::text
