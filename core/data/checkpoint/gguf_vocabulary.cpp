#include "core/data/checkpoint/gguf_vocabulary.h"

#include "core/data/files/safetensors_header.h"

namespace lapidary::checkpoint {
namespace {

constexpr std::uint64_t kMaxPieces = 1U << 24U;
constexpr std::int32_t kByteType = 6;

bool isHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }

// "<0x0A>": two hexadecimal digits and nothing else; "<0x-1>" or "<0x100>" would index outside a table of 256.
bool isBytePiece(const std::string& piece) {
    return piece.size() == 6 && piece.starts_with("<0x") && isHexDigit(piece[3]) && isHexDigit(piece[4]) && piece[5] == '>';
}

Error wrong(const files::GgufFile& file, const std::string& message) {
    return Error{ErrorCode::InvalidData, message, file.source()};
}

Result<void> readPieces(const files::GgufFile& file, text::GgufVocabulary& vocabulary) {
    ASSIGN_OR_RETURN(auto pieces, file.findStrings("tokenizer.ggml.tokens"));
    ASSIGN_OR_RETURN(auto scores, file.findNumbers("tokenizer.ggml.scores"));
    ASSIGN_OR_RETURN(const auto types, file.findIntegers("tokenizer.ggml.token_type"));
    vocabulary.pieces = std::move(pieces);
    const std::size_t count = vocabulary.pieces.size();
    if (!scores.empty() && scores.size() != count) {
        return wrong(file, "'tokenizer.ggml.scores': expected " + std::to_string(count) + " numbers (one a token), found " +
                               std::to_string(scores.size()));
    }
    if (!types.empty() && types.size() != count) {
        return wrong(file, "'tokenizer.ggml.token_type': expected " + std::to_string(count) + " numbers (one a token), found " +
                               std::to_string(types.size()));
    }
    vocabulary.scores = std::move(scores);
    vocabulary.scores.resize(count, 0.0F);
    vocabulary.types.assign(count, 1);
    for (std::size_t i = 0; i < types.size(); ++i) {
        const std::int64_t type = types[i];
        if (type < 1 || type > 6) {
            return wrong(file, "'tokenizer.ggml.token_type': expected 1 to 6, found " + std::to_string(type) + " for token " +
                                   std::to_string(i));
        }
        vocabulary.types[i] = static_cast<std::int32_t>(type);
        if (type == kByteType && !isBytePiece(vocabulary.pieces[i])) {
            return wrong(file, "token " + std::to_string(i) + " is marked as a byte, but '" +
                                   files::printableName(vocabulary.pieces[i]) + "' names none (expected <0x00> to <0xFF>)");
        }
    }
    return {};
}

Result<std::optional<std::int64_t>> readId(const files::GgufFile& file, const std::string& key, std::size_t pieces) {
    ASSIGN_OR_RETURN(const auto id, file.findInteger(key));
    if (!id || (*id >= 0 && *id < static_cast<std::int64_t>(pieces))) return id;
    return wrong(file, "'" + key + "': expected an id below " + std::to_string(pieces) + ", found " + std::to_string(*id));
}

}  // namespace

Result<std::shared_ptr<const text::GgufVocabulary>> readGgufVocabulary(const files::GgufFile& file,
                                                                       std::vector<std::string>& warnings) {
    if (!file.contains("tokenizer.ggml.tokens")) return std::shared_ptr<const text::GgufVocabulary>{};
    ASSIGN_OR_RETURN(const auto model, file.findString("tokenizer.ggml.model"));
    if (model.value_or("llama") != "llama") {
        warnings.push_back("the file's vocabulary is of the kind '" + files::printableName(*model) +
                           "', not SentencePiece; it is not used");
        return std::shared_ptr<const text::GgufVocabulary>{};
    }
    const std::uint64_t count = file.arraySize("tokenizer.ggml.tokens");
    if (count == 0 || count > kMaxPieces) {
        return wrong(file, "'tokenizer.ggml.tokens': expected 1 to " + std::to_string(kMaxPieces) + " tokens, found " +
                               std::to_string(count));
    }
    const auto vocabulary = std::make_shared<text::GgufVocabulary>();
    RETURN_IF_ERROR(readPieces(file, *vocabulary));
    const std::size_t pieces = vocabulary->pieces.size();
    ASSIGN_OR_RETURN(vocabulary->bosId, readId(file, "tokenizer.ggml.bos_token_id", pieces));
    ASSIGN_OR_RETURN(vocabulary->eosId, readId(file, "tokenizer.ggml.eos_token_id", pieces));
    ASSIGN_OR_RETURN(vocabulary->padId, readId(file, "tokenizer.ggml.padding_token_id", pieces));
    ASSIGN_OR_RETURN(vocabulary->unknownId, readId(file, "tokenizer.ggml.unknown_token_id", pieces));
    ASSIGN_OR_RETURN(const auto spacePrefix, file.findBool("tokenizer.ggml.add_space_prefix"));
    vocabulary->addSpacePrefix = spacePrefix.value_or(false);
    return std::shared_ptr<const text::GgufVocabulary>(vocabulary);
}

}  // namespace lapidary::checkpoint
