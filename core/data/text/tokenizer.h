// Gemma 3's tokenizer (specification 6): added tokens are split off first, the text between them is encoded by SentencePiece.
// Whatever the source (tokenizer.json, tokenizer.model, a GGUF vocabulary), the ids are those of Hugging Face's fast tokenizer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/text/segment.h"
#include "core/shared/base/result.h"

namespace lapidary::text {

// What special tokens typed in a text become (Fault23).  Newline and tab runs, HTML tags and <unusedN> are added tokens but not
// special: they are recognised either way.
enum class SpecialTokens {
    AsText,  // "<end_of_turn>" is eleven characters
    Parse,  // … or id 106, as in transformers
};

// The vocabulary of a GGUF file as stored (tokenizer.ggml.*, specification 7.4); index = id.
struct GgufVocabulary {
    std::string model = "llama";  // tokenizer.ggml.model
    std::vector<std::string> pieces;  // tokenizer.ggml.tokens
    std::vector<float> scores;  // tokenizer.ggml.scores, same length
    std::vector<std::int32_t> types;  // tokenizer.ggml.token_type, same length, or empty: all normal
    std::optional<std::int64_t> bosId;
    std::optional<std::int64_t> eosId;
    std::optional<std::int64_t> padId;
    std::optional<std::int64_t> unknownId;
    bool addSpacePrefix = false;
};

// Where the vocabulary lies.  The first one present is used: tokenizer.json (it alone knows a checkpoint's own added tokens),
// tokenizer.model, the GGUF's vocabulary.
struct TokenizerSource {
    std::filesystem::path tokenizerJson;  // empty: not there
    std::filesystem::path tokenizerModel;  // empty: not there
    std::shared_ptr<const GgufVocabulary> gguf;
    // config.json's image_token_index: a vocabulary that ends just below it (tokenizer.model, GGUF: 262,144 entries) gets
    // <image_soft_token> there.  Nothing for text-only checkpoints.
    std::optional<std::int64_t> imageTokenId;
};

class SegmentEncoder;
class AddedTokens;
class PieceTable;

// Immutable after loading: any thread may use it.
class Tokenizer {
public:
    // Errors: NotFound, InvalidFile, InvalidData (with the key path: "added_tokens[3].id"), Unsupported (another kind of model).
    static Result<std::shared_ptr<const Tokenizer>> load(const TokenizerSource& source);

    // From bytes, for tests and fuzzing.  `name` stands for the file in messages.
    static Result<std::shared_ptr<const Tokenizer>> fromJson(std::string_view bytes, const std::string& name,
                                                             std::optional<std::int64_t> imageTokenId = {});
    static Result<std::shared_ptr<const Tokenizer>> fromModel(std::string_view bytes, const std::string& name,
                                                              std::optional<std::int64_t> imageTokenId = {});
    static Result<std::shared_ptr<const Tokenizer>> fromGguf(const GgufVocabulary& vocabulary,
                                                             std::optional<std::int64_t> imageTokenId = {});

    ~Tokenizer();
    Tokenizer(const Tokenizer&) = delete;
    Tokenizer& operator=(const Tokenizer&) = delete;

    // Ids of `text`, without <bos>.  Bytes that are not UTF-8 count as U+FFFD each.
    [[nodiscard]] std::vector<std::int64_t> encode(std::string_view text, SpecialTokens special) const;
    // Ids of segments joined, without <bos> of its own: one string for the purposes of merging (newlines of neighbours fuse), but a
    // special token counts as such only where it lies wholly inside markup.
    [[nodiscard]] std::vector<std::int64_t> encode(std::span<const Segment> segments) const;

    // Text of ids (specification 6.1, "Decode").  Ids outside the vocabulary are left out, as in transformers.
    [[nodiscard]] std::string decode(std::span<const std::int64_t> ids, bool skipSpecial) const;

    // The piece as stored ("▁world", "<0x41>"); empty for an id outside the vocabulary.
    [[nodiscard]] std::string piece(std::int64_t id) const;
    [[nodiscard]] std::optional<std::int64_t> idOf(std::string_view piece) const;
    // The byte of a "<0xXX>" token.
    [[nodiscard]] std::optional<std::uint8_t> byteOf(std::int64_t id) const;
    [[nodiscard]] bool isSpecial(std::int64_t id) const;
    [[nodiscard]] bool isKnown(std::int64_t id) const;

    // One more than the largest id.
    [[nodiscard]] std::int64_t size() const;
    [[nodiscard]] std::int64_t bosId() const { return m_bosId; }
    [[nodiscard]] std::int64_t eosId() const { return m_eosId; }
    [[nodiscard]] std::int64_t padId() const { return m_padId; }

    // Which encoder the vocabulary got: "sentencepiece", or "merges" where a tokenizer.json's merges follow from no scores.
    [[nodiscard]] std::string encoderName() const;
    // Mended or odd things in the source that a person may want to know of.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return m_warnings; }

private:
    friend class TokenizerBuilder;
    Tokenizer();

    std::unique_ptr<PieceTable> m_pieces;
    std::unique_ptr<AddedTokens> m_added;
    std::unique_ptr<SegmentEncoder> m_encoder;
    std::int64_t m_bosId = 2;
    std::int64_t m_eosId = 1;
    std::int64_t m_padId = 0;
    std::vector<std::string> m_warnings;
};

}  // namespace lapidary::text
