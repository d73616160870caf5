#include "core/data/text/sentencepiece_proto.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>

#include "core/data/text/utf8.h"

namespace lapidary::text {
namespace {

// Field numbers of sentencepiece_model.proto.
constexpr int kModelPieces = 1, kModelTrainer = 2, kModelNormalizer = 3;
constexpr int kPieceText = 1, kPieceScore = 2, kPieceType = 3;
constexpr int kTrainerModelType = 3, kTrainerVocabSize = 4, kTrainerByteFallback = 35;
constexpr int kTrainerUnk = 40, kTrainerBos = 41, kTrainerEos = 42, kTrainerPad = 43;
constexpr int kTrainerUnkPiece = 45, kTrainerBosPiece = 46, kTrainerEosPiece = 47, kTrainerPadPiece = 48;
constexpr int kNormalizerName = 1, kNormalizerRules = 2, kNormalizerDummyPrefix = 3, kNormalizerTrim = 4, kNormalizerEscape = 5;
constexpr std::uint64_t kBpe = 2;

enum Wire : unsigned { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

struct Field {
    int number = 0;
    unsigned wire = Varint;
    std::uint64_t varint = 0;
    std::string_view bytes;  // Bytes, Fixed32, Fixed64
    std::size_t offset = 0;  // of the field, in the file
};

// Walks the fields of one message; every length is checked against what is left.
class WireReader {
public:
    WireReader(std::string_view message, std::size_t offset) : m_rest(message), m_offset(offset) {}

    // Nothing at the end; also after a malformed field, when failed() is true.
    std::optional<Field> next() {
        if (m_rest.empty() || m_failed) return std::nullopt;
        Field field;
        field.offset = m_offset;
        const std::optional<std::uint64_t> key = varint();
        if (!key || *key >> 3U == 0 || *key >> 3U > 0x1FFFFFFFU) return fail();
        field.number = static_cast<int>(*key >> 3U);
        field.wire = static_cast<unsigned>(*key & 7U);
        switch (field.wire) {
            case Varint: {
                const std::optional<std::uint64_t> value = varint();
                if (!value) return fail();
                field.varint = *value;
                return field;
            }
            case Fixed64: return withBytes(field, 8);
            case Fixed32: return withBytes(field, 4);
            case Bytes: {
                const std::optional<std::uint64_t> length = varint();
                return length ? withBytes(field, *length) : fail();
            }
            default: return fail();
        }
    }

    [[nodiscard]] bool failed() const { return m_failed; }
    [[nodiscard]] std::size_t offset() const { return m_offset; }

private:
    std::optional<Field> fail() {
        m_failed = true;
        return std::nullopt;
    }

    std::optional<Field> withBytes(Field field, std::uint64_t length) {
        if (length > m_rest.size()) return fail();
        field.bytes = m_rest.substr(0, length);
        field.offset = m_offset;
        skip(length);
        return field;
    }

    std::optional<std::uint64_t> varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !m_rest.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(m_rest.front());
            skip(1);
            value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
            if (byte < 0x80) return value;
        }
        return std::nullopt;
    }

    void skip(std::size_t length) {
        m_rest.remove_prefix(length);
        m_offset += length;
    }

    std::string_view m_rest;
    std::size_t m_offset;
    bool m_failed = false;
};

class ModelReader {
public:
    explicit ModelReader(std::string name) : m_name(std::move(name)) {}

    Result<Vocabulary> read(std::string_view bytes) {
        bool sawNormalizer = false;
        RETURN_IF_ERROR(eachField(bytes, 0, [&](const Field& field) -> Result<void> {
            if (field.wire != Bytes) return {};
            if (field.number == kModelPieces) return readPiece(field);
            if (field.number == kModelTrainer) return readTrainer(field);
            if (field.number == kModelNormalizer) {
                sawNormalizer = true;
                return readNormalizer(field);
            }
            return {};
        }));
        if (m_vocabulary.pieces.size() == 0) return invalid("holds no pieces; is it a SentencePiece model?");
        if (m_modelType != kBpe) {
            return Error{ErrorCode::Unsupported,
                         "model type " + std::to_string(m_modelType) + " (expected 2, BPE, as Gemma's is)", m_name};
        }
        // A file without the message means the proto's defaults, which do change texts.
        if (!sawNormalizer) RETURN_IF_ERROR(readNormalizer(Field{}));
        if (const auto twice = m_vocabulary.pieces.index()) {
            return invalid("piece " + std::to_string(*twice) + " repeats the text of an earlier one");
        }
        return std::move(m_vocabulary);
    }

private:
    [[nodiscard]] Error invalid(const std::string& message) const { return {ErrorCode::InvalidFile, message, m_name}; }

    Result<void> eachField(std::string_view message, std::size_t offset,
                           const std::function<Result<void>(const Field&)>& visit) const {
        WireReader reader(message, offset);
        while (const std::optional<Field> field = reader.next()) RETURN_IF_ERROR(visit(*field));
        if (reader.failed())
            return invalid("damaged or not a SentencePiece model (byte " + std::to_string(reader.offset()) + ")");
        return {};
    }

    Result<void> readPiece(const Field& message) {
        std::string_view piece;
        float score = 0.0F;
        std::uint64_t type = 1;
        RETURN_IF_ERROR(eachField(message.bytes, message.offset, [&](const Field& field) -> Result<void> {
            if (field.number == kPieceText && field.wire == Bytes) piece = field.bytes;
            if (field.number == kPieceScore && field.wire == Fixed32) std::memcpy(&score, field.bytes.data(), 4);
            if (field.number == kPieceType && field.wire == Varint) type = field.varint;
            return {};
        }));
        const std::string which = "piece " + std::to_string(m_vocabulary.pieces.size());
        if (m_vocabulary.pieces.size() >= kMaxPieces) return invalid("more than " + std::to_string(kMaxPieces) + " pieces");
        if (piece.empty() || !isValidUtf8(piece)) return invalid(which + " is empty or not UTF-8");
        if (!std::isfinite(score)) return invalid(which + " has a score that is not finite");
        if (type < 1 || type > 6) return invalid(which + " has type " + std::to_string(type) + " (expected 1 to 6)");
        m_vocabulary.pieces.append(piece);
        m_vocabulary.scores.push_back(score);
        m_vocabulary.types.push_back(static_cast<PieceType>(type));
        return {};
    }

    Result<void> readTrainer(const Field& message) {
        return eachField(message.bytes, message.offset, [&](const Field& field) -> Result<void> {
            if (field.wire != Varint) return {};
            // Ids are int32 and -1 where absent: sign-extended to 64 bits on the wire.
            const auto id = static_cast<std::int64_t>(field.varint);
            if (field.number == kTrainerModelType) m_modelType = field.varint;
            if (field.number == kTrainerByteFallback) m_vocabulary.byteFallback = field.varint != 0;
            if (field.number == kTrainerUnk) m_vocabulary.unknownId = id;
            if (field.number == kTrainerBos) m_vocabulary.bosId = id;
            if (field.number == kTrainerEos) m_vocabulary.eosId = id;
            if (field.number == kTrainerPad) m_vocabulary.padId = id;
            return {};
        });
    }

    // Gemma's model changes nothing but spaces; another one would need its rules, which our writer does not keep.
    Result<void> readNormalizer(const Field& message) {
        bool rules = false;
        bool dummyPrefix = true;  // the proto's defaults
        bool trim = true;
        bool escape = true;
        RETURN_IF_ERROR(eachField(message.bytes, message.offset, [&](const Field& field) -> Result<void> {
            if (field.number == kNormalizerRules && field.wire == Bytes) rules = !field.bytes.empty();
            if (field.wire != Varint) return {};
            if (field.number == kNormalizerDummyPrefix) dummyPrefix = field.varint != 0;
            if (field.number == kNormalizerTrim) trim = field.varint != 0;
            if (field.number == kNormalizerEscape) escape = field.varint != 0;
            return {};
        }));
        if (!rules && !dummyPrefix && !trim && escape) return {};
        return Error{
            ErrorCode::Unsupported,
            "normalizer_spec changes the text (rules, a dummy prefix, or trimmed spaces); Gemma 3's leaves it as it is",
            m_name};
    }

    std::string m_name;
    std::uint64_t m_modelType = 1;  // unigram: the proto's default
    Vocabulary m_vocabulary;
};

void putVarint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) out += static_cast<char>((value & 0x7FU) | 0x80U);
    out += static_cast<char>(value);
}

void putInteger(std::string& out, int number, std::int64_t value) {
    putVarint(out, static_cast<std::uint64_t>(number) << 3U | Varint);
    putVarint(out, static_cast<std::uint64_t>(value));
}

void putBytes(std::string& out, int number, std::string_view bytes) {
    putVarint(out, static_cast<std::uint64_t>(number) << 3U | Bytes);
    putVarint(out, bytes.size());
    out += bytes;
}

void putFloat(std::string& out, int number, float value) {
    static_assert(std::endian::native == std::endian::little);
    putVarint(out, static_cast<std::uint64_t>(number) << 3U | Fixed32);
    char bytes[4];
    std::memcpy(bytes, &value, 4);
    out.append(bytes, 4);
}

void putId(std::string& out, const Vocabulary& vocabulary, int idField, int pieceField, std::int64_t id) {
    putInteger(out, idField, id);
    if (id >= 0) putBytes(out, pieceField, vocabulary.pieces.at(id));
}

}  // namespace

Result<Vocabulary> parseSentencePieceModel(std::string_view bytes, const std::string& name) {
    return ModelReader(name).read(bytes);
}

std::string serializeSentencePieceModel(const Vocabulary& vocabulary) {
    std::string model;
    std::string message;
    for (std::int64_t id = 0; id < vocabulary.pieces.size(); ++id) {
        message.clear();
        putBytes(message, kPieceText, vocabulary.pieces.at(id));
        putFloat(message, kPieceScore, vocabulary.scores[id]);
        putInteger(message, kPieceType, static_cast<std::int64_t>(vocabulary.types[id]));
        putBytes(model, kModelPieces, message);
    }
    message.clear();
    putInteger(message, kTrainerModelType, kBpe);
    putInteger(message, kTrainerVocabSize, vocabulary.pieces.size());
    putInteger(message, kTrainerByteFallback, vocabulary.byteFallback ? 1 : 0);
    putId(message, vocabulary, kTrainerUnk, kTrainerUnkPiece, vocabulary.unknownId);
    putId(message, vocabulary, kTrainerBos, kTrainerBosPiece, vocabulary.bosId);
    putId(message, vocabulary, kTrainerEos, kTrainerEosPiece, vocabulary.eosId);
    putId(message, vocabulary, kTrainerPad, kTrainerPadPiece, vocabulary.padId);
    putBytes(model, kModelTrainer, message);
    message.clear();
    putBytes(message, kNormalizerName, "identity");
    putInteger(message, kNormalizerDummyPrefix, 0);
    putInteger(message, kNormalizerTrim, 0);
    putInteger(message, kNormalizerEscape, 1);
    putBytes(model, kModelNormalizer, message);
    return model;
}

}  // namespace lapidary::text
