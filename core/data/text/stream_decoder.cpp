#include "core/data/text/stream_decoder.h"

#include <utility>

#include "core/data/text/decode.h"
#include "core/data/text/utf8.h"

namespace lapidary::text {

std::string shownPiece(std::string_view piece) {
    std::string shown;
    shown.reserve(piece.size());
    for (std::size_t at = piece.find(kSpaceMark); at != std::string_view::npos; at = piece.find(kSpaceMark)) {
        shown += piece.substr(0, at);
        shown += ' ';
        piece.remove_prefix(at + kSpaceMark.size());
    }
    return shown += piece;
}

std::string shownBytes(std::string_view bytes) {
    if (isValidUtf8(bytes)) return std::string(bytes);
    std::string shown;
    for (std::size_t i = 0; i < bytes.size(); ++i) shown += kReplacementCharacter;
    return shown;
}

StreamDecoder::StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, bool skipSpecial)
    : m_tokenizer(std::move(tokenizer)), m_skipSpecial(skipSpecial) {}

std::string StreamDecoder::push(std::int64_t id) {
    if (!m_tokenizer->isKnown(id) || (m_skipSpecial && m_tokenizer->isSpecial(id))) return {};
    if (const auto byte = m_tokenizer->byteOf(id)) {
        m_heldBytes += static_cast<char>(*byte);
        return {};
    }
    return finish() + shownPiece(m_tokenizer->piece(id));
}

std::string StreamDecoder::finish() { return shownBytes(std::exchange(m_heldBytes, {})); }

}  // namespace lapidary::text
