#include <sentencepiece_processor.h>

#include "core/data/text/segment_encoder.h"
#include "core/data/text/sentencepiece_proto.h"

namespace lapidary::text {
namespace {

class SentencePieceEncoder : public SegmentEncoder {
public:
    Result<void> load(const Vocabulary& vocabulary, const std::string& name) {
        const auto status = m_processor.LoadFromSerializedProto(serializeSentencePieceModel(vocabulary));
        if (!status.ok())
            return Error{ErrorCode::InvalidData, "SentencePiece refuses the vocabulary: " + status.ToString(), name};
        return {};
    }

    void encode(std::string_view text, std::vector<std::int64_t>& ids) const override {
        std::vector<int> found;
        const auto status = m_processor.Encode(text, &found);
        // NOTE: only an unloaded processor or a broken invariant of the library gets here, never a text.
        if (!status.ok()) throw std::logic_error("SentencePiece: " + status.ToString());
        ids.insert(ids.end(), found.begin(), found.end());
    }

    [[nodiscard]] const char* name() const override { return "sentencepiece"; }

private:
    sentencepiece::SentencePieceProcessor m_processor;
};

}  // namespace

Result<std::unique_ptr<SegmentEncoder>> makeSentencePieceEncoder(const Vocabulary& vocabulary, const std::string& name) {
    auto encoder = std::make_unique<SentencePieceEncoder>();
    RETURN_IF_ERROR(encoder->load(vocabulary, name));
    return std::unique_ptr<SegmentEncoder>(std::move(encoder));
}

}  // namespace lapidary::text
