#include "core/data/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "core/data/text/added_tokens.h"
#include "core/data/text/decode.h"
#include "core/data/text/piece_table.h"
#include "core/data/text/segment_encoder.h"
#include "core/data/text/sentencepiece_proto.h"
#include "core/data/text/special_tokens.h"
#include "core/data/text/tokenizer_builder.h"
#include "core/data/text/tokenizer_json.h"
#include "core/data/text/utf8.h"
#include "core/shared/base/mapped_file.h"

namespace lapidary::text {
namespace {

// SentencePiece files of Gemma have 5 MB.
constexpr std::size_t kMaxTokenizerModelBytes = std::size_t{64} << 20;

struct Interval {
    std::size_t begin = 0;
    std::size_t end = 0;
};

// The segments as one text, and where in it markup lies (neighbouring markup joined).
std::string joinRepaired(std::span<const Segment> segments, std::vector<Interval>& markup) {
    std::string joined;
    for (const Segment& segment : segments) {
        const std::size_t begin = joined.size();
        joined += isValidUtf8(segment.text) ? segment.text : repairUtf8(segment.text);
        if (!segment.markup || joined.size() == begin) continue;
        if (!markup.empty() && markup.back().end == begin) {
            markup.back().end = joined.size();
        } else {
            markup.push_back({begin, joined.size()});
        }
    }
    return joined;
}

Result<std::shared_ptr<const MappedFile>> mapCapped(const std::filesystem::path& path, std::size_t maxBytes) {
    ASSIGN_OR_RETURN(auto file, MappedFile::open(path));
    if (file->bytes().size() <= maxBytes) return file;
    return Error{ErrorCode::InvalidFile,
                 std::to_string(file->bytes().size()) + " bytes; expected a tokenizer of at most " + std::to_string(maxBytes),
                 path.string()};
}

std::string_view asText(const MappedFile& file) {
    return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

}  // namespace

Tokenizer::Tokenizer() = default;
Tokenizer::~Tokenizer() = default;

Result<std::shared_ptr<const Tokenizer>> Tokenizer::load(const TokenizerSource& source) {
    if (!source.tokenizerJson.empty()) {
        ASSIGN_OR_RETURN(const auto file, mapCapped(source.tokenizerJson, kMaxTokenizerJsonBytes));
        return fromJson(asText(*file), source.tokenizerJson.string(), source.imageTokenId);
    }
    if (!source.tokenizerModel.empty()) {
        ASSIGN_OR_RETURN(const auto file, mapCapped(source.tokenizerModel, kMaxTokenizerModelBytes));
        return fromModel(asText(*file), source.tokenizerModel.string(), source.imageTokenId);
    }
    if (source.gguf) return fromGguf(*source.gguf, source.imageTokenId);
    return Error{ErrorCode::NotFound, "the checkpoint has no tokenizer.json, no tokenizer.model and no vocabulary of its own",
                 ""};
}

Result<std::shared_ptr<const Tokenizer>> Tokenizer::fromJson(std::string_view bytes, const std::string& name,
                                                             std::optional<std::int64_t> imageTokenId) {
    ASSIGN_OR_RETURN(auto json, parseTokenizerJson(bytes, name));
    return TokenizerBuilder(name, imageTokenId).fromJson(std::move(json));
}

Result<std::shared_ptr<const Tokenizer>> Tokenizer::fromModel(std::string_view bytes, const std::string& name,
                                                              std::optional<std::int64_t> imageTokenId) {
    ASSIGN_OR_RETURN(auto vocabulary, parseSentencePieceModel(bytes, name));
    return TokenizerBuilder(name, imageTokenId).fromModel(std::move(vocabulary));
}

Result<std::shared_ptr<const Tokenizer>> Tokenizer::fromGguf(const GgufVocabulary& vocabulary,
                                                             std::optional<std::int64_t> imageTokenId) {
    return TokenizerBuilder("GGUF vocabulary", imageTokenId).fromGguf(vocabulary);
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text, SpecialTokens special) const {
    const Segment segment{special == SpecialTokens::Parse, std::string(text)};
    return encode(std::span(&segment, 1));
}

std::vector<std::int64_t> Tokenizer::encode(std::span<const Segment> segments) const {
    std::vector<Interval> markup;
    const std::string text = joinRepaired(segments, markup);
    std::vector<std::int64_t> ids;
    auto interval = markup.begin();
    std::size_t plainBegin = 0;
    const auto flushPlain = [&](std::size_t end) {
        if (end > plainBegin) m_encoder->encode(std::string_view(text).substr(plainBegin, end - plainBegin), ids);
    };
    for (std::size_t at = 0; at < text.size();) {
        while (interval != markup.end() && interval->end <= at) ++interval;
        const std::size_t specialEnd = interval != markup.end() && interval->begin <= at ? interval->end : 0;
        const auto match = m_added->longestAt(text, at, specialEnd);
        if (!match) {
            ++at;
            continue;
        }
        flushPlain(at);
        ids.push_back(match->id);
        at += match->length;
        plainBegin = at;
    }
    flushPlain(text.size());
    return ids;
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids, bool skipSpecial) const {
    std::string text;
    std::string heldBytes;
    const auto releaseBytes = [&] { text += shownBytes(std::exchange(heldBytes, {})); };
    for (const std::int64_t id : ids) {
        if (!isKnown(id) || (skipSpecial && isSpecial(id))) continue;
        if (const auto byte = byteOf(id)) {
            heldBytes += static_cast<char>(*byte);
            continue;
        }
        releaseBytes();
        text += shownPiece(m_pieces->at(id));
    }
    releaseBytes();
    return text;
}

std::string Tokenizer::piece(std::int64_t id) const { return std::string(m_pieces->at(id)); }

std::optional<std::int64_t> Tokenizer::idOf(std::string_view piece) const { return m_pieces->find(piece); }

std::optional<std::uint8_t> Tokenizer::byteOf(std::int64_t id) const {
    const int byte = byteOfPiece(m_pieces->at(id));
    return byte < 0 ? std::nullopt : std::optional(static_cast<std::uint8_t>(byte));
}

bool Tokenizer::isSpecial(std::int64_t id) const { return m_added->isSpecial(id); }

bool Tokenizer::isKnown(std::int64_t id) const { return m_pieces->contains(id); }

std::int64_t Tokenizer::size() const { return m_pieces->extent(); }

std::string Tokenizer::encoderName() const { return m_encoder->name(); }

}  // namespace lapidary::text
