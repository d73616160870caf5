// From a vocabulary of any source to a Tokenizer: types mended, added tokens set apart, an encoder chosen.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data/text/segment_encoder.h"
#include "core/data/text/tokenizer.h"
#include "core/data/text/tokenizer_json.h"
#include "core/data/text/vocabulary.h"

namespace lapidary::text {

class TokenizerBuilder {
public:
    TokenizerBuilder(std::string name, std::optional<std::int64_t> imageTokenId)
        : m_name(std::move(name)), m_imageTokenId(imageTokenId) {}

    Result<std::shared_ptr<const Tokenizer>> fromJson(TokenizerJson json);
    Result<std::shared_ptr<const Tokenizer>> fromModel(Vocabulary vocabulary);
    Result<std::shared_ptr<const Tokenizer>> fromGguf(const GgufVocabulary& gguf);

private:
    enum class ControlIs { Special, NotAlwaysSpecial };

    [[nodiscard]] Error invalid(const std::string& message) const { return {ErrorCode::InvalidData, message, m_name}; }
    // Added tokens by type and by Gemma's names; rewrites the types so that SentencePiece finds none of them in a text.
    Result<std::vector<AddedToken>> setAddedTokensApart(Vocabulary& vocabulary, ControlIs control);
    Result<void> addImageToken(const PieceTable& pieces, std::vector<AddedToken>& added) const;
    Result<std::shared_ptr<const Tokenizer>> assemble(Vocabulary vocabulary, std::vector<AddedToken> added,
                                                      std::unique_ptr<SegmentEncoder> mergeEncoder,
                                                      std::unique_ptr<PieceTable> pieces);

    std::string m_name;
    std::optional<std::int64_t> m_imageTokenId;
    std::vector<std::string> m_warnings;
};

}  // namespace lapidary::text
