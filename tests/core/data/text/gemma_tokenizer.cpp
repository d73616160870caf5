#include "tests/core/data/text/gemma_tokenizer.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "core/data/text/sentencepiece_proto.h"
#include "core/data/text/special_tokens.h"
#include "tests/support/places.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

constexpr std::int64_t kImageTokenId = 262144;

Result<std::shared_ptr<const text::Tokenizer>> load(GemmaSource source) {
    text::TokenizerSource from;
    from.imageTokenId = kImageTokenId;
    if (source == GemmaSource::TokenizerJson) from.tokenizerJson = gemmaTokenizerJsonPath();
    if (source == GemmaSource::SentencePieceModel) from.tokenizerModel = goldenPath("tokenizer/reconstructed.spm.model");
    if (source == GemmaSource::Gguf) from.gguf = std::make_shared<text::GgufVocabulary>(gemmaGgufVocabulary());
    return text::Tokenizer::load(from);
}

}  // namespace

std::shared_ptr<const text::Tokenizer> gemmaTokenizer(GemmaSource source) {
    static std::map<GemmaSource, std::shared_ptr<const text::Tokenizer>> loaded;
    auto& tokenizer = loaded[source];
    if (!tokenizer) {
        auto result = load(source);
        if (!result) throw std::runtime_error(result.error().toString());
        tokenizer = *result;
    }
    return tokenizer;
}

std::string gemmaSourceName(GemmaSource source) {
    if (source == GemmaSource::TokenizerJson) return "TokenizerJson";
    return source == GemmaSource::SentencePieceModel ? "SentencePieceModel" : "Gguf";
}

std::filesystem::path gemmaTokenizerJsonPath() { return buildPath("golden/tokenizer.json"); }

text::GgufVocabulary gemmaGgufVocabulary() {
    const auto model =
        text::parseSentencePieceModel(goldenText("tokenizer/reconstructed.spm.model"), "reconstructed.spm.model");
    if (!model) throw std::runtime_error(model.error().toString());
    text::GgufVocabulary gguf;
    for (std::int64_t id = 0; id < model->pieces.size(); ++id) {
        std::string piece(model->pieces.at(id));
        const bool added = model->types[id] == text::PieceType::UserDefined;
        auto type = static_cast<std::int32_t>(model->types[id]);
        if (added && (text::isSpecialName(piece) || piece.starts_with("<unused"))) type = 3;
        if (text::isSpaceRun(piece)) piece = std::string(piece.size() / 3, ' ');
        gguf.pieces.push_back(std::move(piece));
        gguf.scores.push_back(added ? -1000.0F : model->scores[id]);
        gguf.types.push_back(type);
    }
    gguf.bosId = 2;
    gguf.eosId = 1;
    gguf.padId = 0;
    gguf.unknownId = 3;
    return gguf;
}

}  // namespace lapidary::test
