#include "core/data/text/tokenizer_json.h"

#include <nlohmann/json.hpp>
#include <set>

#include "core/data/text/special_tokens.h"
#include "core/data/text/tokenizer_json_sax.h"
#include "core/data/text/utf8.h"
#include "core/shared/base/json.h"

namespace lapidary::text {
namespace {

constexpr std::size_t kMaxAddedTokenBytes = 4096;

class DocumentReader {
public:
    DocumentReader(const Json& root, std::string name) : m_root(root), m_name(std::move(name)) {}

    // What beside vocabulary and merges decides the ids: each must be as Gemma has it.
    Result<void> checkKind(TokenizerJson& out) const {
        const Json model = member(m_root, "model");
        RETURN_IF_ERROR(expectText(model, "model", "type", "BPE"));
        for (const char* key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
            const Json value = member(model, key);
            const bool emptyText = value.is_string() && value.get_ref<const std::string&>().empty();
            const bool off = value.is_null() || emptyText || value == 0.0;
            if (!off) return unsupported(std::string("model.") + key, "null", value);
        }
        if (member(model, "ignore_merges") == true) return unsupported("model.ignore_merges", "false", true);
        ASSIGN_OR_RETURN(const auto fuse, findBool(model, "fuse_unk", m_name + ": model"));
        ASSIGN_OR_RETURN(const auto fallback, findBool(model, "byte_fallback", m_name + ": model"));
        out.unknown = fuse.value_or(false) ? UnknownCharacters::Fuse : UnknownCharacters::KeepApart;
        out.vocabulary.byteFallback = fallback.value_or(false);
        RETURN_IF_ERROR(checkNormalizer());
        return checkPreTokenizerAndDecoder();
    }

    Result<void> readUnknown(TokenizerJson& out) const {
        ASSIGN_OR_RETURN(const auto unknown, findString(member(m_root, "model"), "unk_token", m_name + ": model"));
        if (!unknown) return {};
        const auto id = out.vocabulary.pieces.find(*unknown);
        if (!id) return invalid("model.unk_token: '" + unknown->substr(0, 40) + "' is not in model.vocab");
        out.vocabulary.unknownId = *id;
        return {};
    }

    Result<void> readAdded(TokenizerJson& out) const {
        const Json& list = m_root.contains("added_tokens") ? m_root["added_tokens"] : Json();
        if (list.is_null()) return {};
        if (!list.is_array()) return invalid("added_tokens: expected a list, found " + describeJson(list));
        std::set<std::int64_t> ids;
        std::set<std::string> contents;
        for (std::size_t index = 0; index < list.size(); ++index) {
            const std::string where = "added_tokens[" + std::to_string(index) + "]";
            ASSIGN_OR_RETURN(AddedToken token, readAddedToken(list[index], where, out));
            if (!ids.insert(token.id).second)
                return invalid(where + ".id: " + std::to_string(token.id) + " is given to an earlier added token too");
            if (!contents.insert(token.content).second)
                return invalid(where + ".content: '" + token.content.substr(0, 40) + "' is listed twice");
            out.added.push_back(std::move(token));
        }
        return {};
    }

private:
    static Json member(const Json& object, const char* key) {
        return object.is_object() && object.contains(key) ? object[key] : Json();
    }

    [[nodiscard]] Error invalid(const std::string& message) const { return {ErrorCode::InvalidData, message, m_name}; }
    [[nodiscard]] Error unsupported(const std::string& key, const std::string& expected, const Json& found) const {
        return {ErrorCode::Unsupported, key + ": expected " + expected + " as in Gemma 3, found " + describeJson(found),
                m_name};
    }

    Result<void> expectText(const Json& object, const std::string& where, const char* key, const std::string& expected) const {
        const Json value = member(object, key);
        if (value == expected) return {};
        return unsupported(where + "." + key, "\"" + expected + "\"", value);
    }

    // " " → "▁", or nothing at all.
    Result<void> checkNormalizer() const {
        const Json normalizer = member(m_root, "normalizer");
        RETURN_IF_ERROR(expectText(normalizer, "normalizer", "type", "Replace"));
        RETURN_IF_ERROR(expectText(member(normalizer, "pattern"), "normalizer.pattern", "String", " "));
        return expectText(normalizer, "normalizer", "content", std::string(kSpaceMark));
    }

    // The splitter splits at spaces, of which the normalizer leaves none; it may as well be absent.
    Result<void> checkPreTokenizerAndDecoder() const {
        const Json splitter = member(m_root, "pre_tokenizer");
        if (!splitter.is_null()) {
            RETURN_IF_ERROR(expectText(splitter, "pre_tokenizer", "type", "Split"));
            RETURN_IF_ERROR(expectText(member(splitter, "pattern"), "pre_tokenizer.pattern", "String", " "));
        }
        const Json decoder = member(m_root, "decoder");
        const Json steps = member(decoder, "decoders");
        const Json expected = Json::array({"Replace", "ByteFallback", "Fuse"});
        Json found = Json::array();
        for (const Json& step : steps) found.push_back(member(step, "type"));
        if (found != expected) return unsupported("decoder.decoders", "Replace, ByteFallback and Fuse", steps);
        return {};
    }

    Result<AddedToken> readAddedToken(const Json& entry, const std::string& where, TokenizerJson& out) const {
        const std::string place = m_name + ": " + where;
        ASSIGN_OR_RETURN(const auto id, findInteger(entry, "id", place));
        ASSIGN_OR_RETURN(const auto content, findString(entry, "content", place));
        if (!id || *id < 0 || *id >= kMaxPieces)
            return invalid(where + ".id: expected an id below " + std::to_string(kMaxPieces));
        if (!content || content->empty() || content->size() > kMaxAddedTokenBytes) {
            return invalid(where + ".content: expected a text of 1 to " + std::to_string(kMaxAddedTokenBytes) + " bytes");
        }
        for (const char* key : {"single_word", "lstrip", "rstrip"}) {
            if (member(entry, key) == true) return unsupported(where + "." + key, "false", true);
        }
        if (member(entry, "normalized") == true) {
            out.warnings.push_back("the added token '" + *content +
                                   "' is marked normalized; it is matched in the text as typed");
        }
        const auto known = out.vocabulary.pieces.find(*content);
        if (known && *known != *id) {
            return invalid(where + ".id: '" + content->substr(0, 40) + "' has id " + std::to_string(*known) +
                           " in model.vocab, found " + std::to_string(*id));
        }
        if (!known && *id < out.vocabulary.pieces.size()) {
            return invalid(where + ".id: " + std::to_string(*id) + " belongs to '" +
                           std::string(out.vocabulary.pieces.at(*id).substr(0, 40)) + "' in model.vocab, not to '" +
                           content->substr(0, 40) + "'");
        }
        return AddedToken{*id, *content, member(entry, "special") == true};
    }

    const Json& m_root;
    std::string m_name;
};

// Types in SentencePiece's terms: what is split off before BPE is Control, so that it is never found inside a text; only runs of
// spaces stay visible, as user-defined pieces (specification 6.2).
void assignTypes(TokenizerJson& tokenizer) {
    Vocabulary& vocabulary = tokenizer.vocabulary;
    const auto count = static_cast<std::size_t>(vocabulary.pieces.size());
    vocabulary.types.assign(count, PieceType::Normal);
    vocabulary.scores.assign(count, 0.0F);
    for (const AddedToken& token : tokenizer.added) {
        if (token.id < vocabulary.pieces.size()) vocabulary.types[token.id] = PieceType::Control;
    }
    for (std::size_t id = 0; id < count; ++id) {
        const std::string_view piece = vocabulary.pieces.at(static_cast<std::int64_t>(id));
        if (isSpaceRun(piece)) vocabulary.types[id] = PieceType::UserDefined;
        if (vocabulary.byteFallback && byteOfPiece(piece) >= 0) vocabulary.types[id] = PieceType::Byte;
    }
    if (vocabulary.unknownId >= 0) vocabulary.types[vocabulary.unknownId] = PieceType::Unknown;
}

}  // namespace

Result<TokenizerJson> parseTokenizerJson(std::string_view bytes, const std::string& name) {
    if (bytes.size() > kMaxTokenizerJsonBytes) {
        return Error{
            ErrorCode::InvalidFile,
            std::to_string(bytes.size()) + " bytes; a tokenizer.json has at most " + std::to_string(kMaxTokenizerJsonBytes),
            name};
    }
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    TokenizerJsonSax sax(name);
    const auto parse = [&] { return nlohmann::json::sax_parse(bytes.begin(), bytes.end(), &sax); };
    if (!parse()) return *sax.error();
    const nlohmann::json root = sax.rest();
    if (!root.is_object()) return Error{ErrorCode::InvalidData, "expected an object, found " + describeJson(root), name};

    TokenizerJson tokenizer;
    const DocumentReader reader(root, name);
    RETURN_IF_ERROR(reader.checkKind(tokenizer));
    if (!sax.hasVocabulary() || sax.pieces().size() == 0)
        return Error{ErrorCode::InvalidData, "model.vocab: missing or empty", name};
    if (!sax.hasMerges()) return Error{ErrorCode::InvalidData, "model.merges: missing", name};
    if (sax.needsSecondPass()) {
        sax.beginSecondPass();
        if (!parse()) return *sax.error();
    }
    tokenizer.vocabulary.pieces = std::move(sax.pieces());
    tokenizer.merges = std::move(sax.merges());
    RETURN_IF_ERROR(reader.readUnknown(tokenizer));
    RETURN_IF_ERROR(reader.readAdded(tokenizer));
    assignTypes(tokenizer);
    return tokenizer;
}

}  // namespace lapidary::text
