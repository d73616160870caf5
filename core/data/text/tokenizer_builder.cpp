#include "core/data/text/tokenizer_builder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/data/text/added_tokens.h"
#include "core/data/text/special_tokens.h"
#include "core/data/text/utf8.h"

namespace lapidary::text {
namespace {

// Characters of all pieces together; Gemma's have 2 MB.
constexpr std::size_t kMaxPieceBytes = std::size_t{256} << 20;

std::string shorten(std::string_view piece) { return "'" + std::string(piece.substr(0, 40)) + "'"; }

// llama.cpp's converter writes the runs of spaces as plain spaces (specification 7.4).
std::string pieceOfGguf(const std::string& stored) {
    std::string piece;
    for (const char character : stored) {
        if (character == ' ') {
            piece += kSpaceMark;
        } else {
            piece += character;
        }
    }
    return piece;
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> TokenizerBuilder::fromJson(TokenizerJson json) {
    m_warnings = std::move(json.warnings);
    const auto scores = scoresFromMerges(json);
    if (scores) {
        json.vocabulary.scores = *scores;
        json.merges = {};
        return assemble(std::move(json.vocabulary), std::move(json.added), nullptr, nullptr);
    }
    // Added tokens are never spelled by merges, also not where a person typed a special one as text.
    std::erase_if(json.merges, [&](const MergeRule& merge) {
        const PieceType type = json.vocabulary.types[merge.result];
        return type == PieceType::Control || type == PieceType::Unknown;
    });
    auto pieces = std::make_unique<PieceTable>(std::move(json.vocabulary.pieces));
    auto encoder =
        makeMergeEncoder(*pieces, json.vocabulary.byteFallback, json.vocabulary.unknownId, json.unknown, json.merges);
    return assemble(std::move(json.vocabulary), std::move(json.added), std::move(encoder), std::move(pieces));
}

Result<std::shared_ptr<const Tokenizer>> TokenizerBuilder::fromModel(Vocabulary vocabulary) {
    ASSIGN_OR_RETURN(auto added, setAddedTokensApart(vocabulary, ControlIs::Special));
    return assemble(std::move(vocabulary), std::move(added), nullptr, nullptr);
}

Result<std::shared_ptr<const Tokenizer>> TokenizerBuilder::fromGguf(const GgufVocabulary& gguf) {
    const std::size_t count = gguf.pieces.size();
    if (gguf.model != "llama") {
        return Error{ErrorCode::Unsupported,
                     "tokenizer.ggml.model: expected \"llama\" as in Gemma 3, found \"" + gguf.model + "\"", m_name};
    }
    if (count == 0 || count > static_cast<std::size_t>(kMaxPieces))
        return invalid("tokenizer.ggml.tokens: " + std::to_string(count) + " entries");
    if (gguf.scores.size() != count) {
        return invalid("tokenizer.ggml.scores: " + std::to_string(gguf.scores.size()) + " entries, but " +
                       std::to_string(count) + " tokens");
    }
    if (!gguf.types.empty() && gguf.types.size() != count) {
        return invalid("tokenizer.ggml.token_type: " + std::to_string(gguf.types.size()) + " entries, but " +
                       std::to_string(count) + " tokens");
    }
    Vocabulary vocabulary;
    std::size_t bytes = 0;
    for (std::size_t id = 0; id < count; ++id) {
        const std::string piece = pieceOfGguf(gguf.pieces[id]);
        const std::string where = "tokenizer.ggml.tokens[" + std::to_string(id) + "]";
        const std::int32_t type = gguf.types.empty() ? 1 : gguf.types[id];
        bytes += piece.size();
        if (bytes > kMaxPieceBytes)
            return invalid("tokenizer.ggml.tokens: more than " + std::to_string(kMaxPieceBytes) + " bytes");
        if (piece.empty() || !isValidUtf8(piece)) return invalid(where + ": empty or not UTF-8");
        if (!std::isfinite(gguf.scores[id]))
            return invalid("tokenizer.ggml.scores[" + std::to_string(id) + "]: not a finite number");
        if (type < 1 || type > 6)
            return invalid("tokenizer.ggml.token_type[" + std::to_string(id) + "]: " + std::to_string(type) +
                           " (expected 1 to 6)");
        vocabulary.pieces.append(piece);
        vocabulary.scores.push_back(gguf.scores[id]);
        vocabulary.types.push_back(static_cast<PieceType>(type));
    }
    if (const auto twice = vocabulary.pieces.index()) {
        return invalid("tokenizer.ggml.tokens[" + std::to_string(*twice) + "]: " + shorten(vocabulary.pieces.at(*twice)) +
                       " is listed twice");
    }
    vocabulary.unknownId = gguf.unknownId.value_or(-1);
    vocabulary.bosId = gguf.bosId.value_or(-1);
    vocabulary.eosId = gguf.eosId.value_or(-1);
    vocabulary.padId = gguf.padId.value_or(-1);
    if (gguf.addSpacePrefix)
        m_warnings.emplace_back(
            "tokenizer.ggml.add_space_prefix is true; Gemma 3 puts no space before a text, so it is ignored");
    ASSIGN_OR_RETURN(auto added, setAddedTokensApart(vocabulary, ControlIs::NotAlwaysSpecial));
    return assemble(std::move(vocabulary), std::move(added), nullptr, nullptr);
}

Result<std::vector<AddedToken>> TokenizerBuilder::setAddedTokensApart(Vocabulary& vocabulary, ControlIs control) {
    const bool isGemma = vocabulary.pieces.find(kStartOfTurn).has_value();
    std::vector<AddedToken> added;
    std::size_t mended = 0;
    std::int64_t byteCount = 0;
    for (std::int64_t id = 0; id < vocabulary.pieces.size(); ++id) {
        const std::string_view piece = vocabulary.pieces.at(id);
        PieceType& type = vocabulary.types[id];
        const bool isByte = byteOfPiece(piece) >= 0;
        if (type == PieceType::Byte && !isByte)
            return invalid("piece " + std::to_string(id) + ": " + shorten(piece) + " is typed as a byte");
        if (isByte && (isGemma || type == PieceType::Byte)) {
            mended += type == PieceType::Byte ? 0 : 1;
            type = PieceType::Byte;
            ++byteCount;
            continue;
        }
        const bool byName = isGemma && (isGemmaAddedName(piece) || isSpaceRun(piece));
        const bool byType = type == PieceType::Control || type == PieceType::UserDefined || type == PieceType::Unknown;
        if (!byName && !byType) continue;
        const bool special =
            isSpecialName(piece) || type == PieceType::Unknown || (type == PieceType::Control && control == ControlIs::Special);
        added.push_back({id, std::string(piece), special});
        // llama.cpp's converter types <unusedN> as control, which changes nothing; text that people type must not be.
        const bool typable = isSpaceRun(piece) || (isGemma && isTypableName(piece));
        if (!byType || (type == PieceType::Control && typable)) ++mended;
        if (type == PieceType::Unknown) {
            if (vocabulary.unknownId >= 0 && vocabulary.unknownId != id)
                return invalid("two pieces stand for unknown text: " + std::to_string(vocabulary.unknownId) + " and " +
                               std::to_string(id));
            vocabulary.unknownId = id;
        } else {
            type = isSpaceRun(piece) ? PieceType::UserDefined : PieceType::Control;
        }
    }
    if (byteCount != 0 && byteCount != 256)
        return invalid("expected 256 byte pieces <0x00> … <0xFF>, found " + std::to_string(byteCount));
    vocabulary.byteFallback = byteCount == 256;
    if (mended > 0)
        m_warnings.push_back(std::to_string(mended) +
                             " of Gemma's added tokens are typed wrongly in the vocabulary; read by name");
    return added;
}

// NOTE [Image token]: tokenizer.model and GGUF end at 262,143; <image_soft_token> is Hugging Face's addition (specification 6.1).
Result<void> TokenizerBuilder::addImageToken(const PieceTable& pieces, std::vector<AddedToken>& added) const {
    if (!m_imageTokenId) return {};
    const std::int64_t wanted = *m_imageTokenId;
    const std::string said = "image_token_index: " + std::to_string(wanted);
    for (const AddedToken& token : added) {
        if (token.content == kImageSoftToken) {
            if (token.id == wanted) return {};
            return invalid(said + ", but the tokenizer gives <image_soft_token> the id " + std::to_string(token.id));
        }
        if (token.id == wanted) return invalid(said + " is the added token " + shorten(token.content));
    }
    if (wanted >= 0 && wanted < pieces.size()) return invalid(said + " is the piece " + shorten(pieces.at(wanted)));
    if (wanted < 0 || wanted >= kMaxPieces) return invalid(said + " is outside every vocabulary");
    added.push_back({wanted, std::string(kImageSoftToken), true});
    return {};
}

Result<std::shared_ptr<const Tokenizer>> TokenizerBuilder::assemble(Vocabulary vocabulary, std::vector<AddedToken> added,
                                                                    std::unique_ptr<SegmentEncoder> mergeEncoder,
                                                                    std::unique_ptr<PieceTable> pieces) {
    auto tokenizer = std::shared_ptr<Tokenizer>(new Tokenizer());
    if (mergeEncoder) {
        tokenizer->m_encoder = std::move(mergeEncoder);
        tokenizer->m_pieces = std::move(pieces);
    } else {
        for (std::int64_t* id : {&vocabulary.bosId, &vocabulary.eosId, &vocabulary.padId, &vocabulary.unknownId}) {
            if (*id < 0 || *id >= vocabulary.pieces.size()) *id = -1;
        }
        // SentencePiece wants exactly one unknown piece.
        if (vocabulary.unknownId < 0) vocabulary.unknownId = vocabulary.pieces.find(kUnknown).value_or(-1);
        if (vocabulary.unknownId < 0) return invalid("no piece stands for unknown text (<unk>)");
        vocabulary.types[vocabulary.unknownId] = PieceType::Unknown;
        ASSIGN_OR_RETURN(tokenizer->m_encoder, makeSentencePieceEncoder(vocabulary, m_name));
        tokenizer->m_pieces = std::make_unique<PieceTable>(std::move(vocabulary.pieces));
    }
    PieceTable& table = *tokenizer->m_pieces;
    RETURN_IF_ERROR(addImageToken(table, added));
    tokenizer->m_added = std::make_unique<AddedTokens>();
    for (const AddedToken& token : added) {
        tokenizer->m_added->add(token.content, token.id, token.special);
        if (token.id >= table.size()) table.setExtra(token.id, token.content);
    }
    tokenizer->m_bosId = table.find(kBos).value_or(vocabulary.bosId >= 0 ? vocabulary.bosId : 2);
    tokenizer->m_eosId = vocabulary.eosId >= 0 ? vocabulary.eosId : table.find(kEos).value_or(1);
    tokenizer->m_padId = table.find(kPad).value_or(vocabulary.padId >= 0 ? vocabulary.padId : 0);
    tokenizer->m_warnings = std::move(m_warnings);
    return std::shared_ptr<const Tokenizer>(std::move(tokenizer));
}

}  // namespace lapidary::text
