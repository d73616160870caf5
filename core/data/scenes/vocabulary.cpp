#include "core/data/scenes/vocabulary.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "core/data/scenes/question.h"
#include "core/data/text/sentencepiece_proto.h"
#include "core/data/text/special_tokens.h"
#include "core/shared/rules/prompt_layout.h"

namespace lapidary::scenes {
namespace {

using text::PieceType;

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // ▁
constexpr int kLongestRun = 8;
// The one word with a capital that is a piece: pan & scan's prompt begins with it.
constexpr std::string_view kCapitalWord = "Here";

bool isLower(char c) { return c >= 'a' && c <= 'z'; }
bool isCapitalOrDigit(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// A word as its symbols, and how often it stands in the corpus.
struct Word {
    std::vector<std::string> symbols;
    int count = 0;
};

std::vector<std::string> symbolsOf(std::string_view word) {
    std::vector<std::string> symbols;
    if (word.starts_with(kSpaceMark)) {
        symbols.emplace_back(kSpaceMark);
        word.remove_prefix(kSpaceMark.size());
    }
    for (const char c : word) symbols.emplace_back(1, c);
    return symbols;
}

// Runs of letters, with the space before them as a mark; everything else is no matter of merges.
void countWords(std::string_view phrase, std::map<std::string, int>& counts) {
    for (std::size_t at = 0; at < phrase.size();) {
        std::size_t end = at;
        while (end < phrase.size() && (isLower(phrase[end]) || (end == at && isCapitalOrDigit(phrase[end])))) ++end;
        if (end == at) {
            ++at;
            continue;
        }
        const std::string word(phrase.substr(at, end - at));
        const bool placeholder = at > 0 && phrase[at - 1] == '{';
        const bool plain = isLower(word.front()) || word == kCapitalWord;
        if (!placeholder && plain) {
            // Any word may begin a text or follow a space.
            ++counts[word];
            counts[std::string(kSpaceMark) + word] += at > 0 && phrase[at - 1] == ' ' ? 3 : 1;
        }
        at = end;
    }
}

std::vector<Word> corpus() {
    std::map<std::string, int> counts;
    for (const std::string& phrase : everyPhrase()) countWords(phrase, counts);
    for (const rules::LayoutPiece& piece : rules::imageLayout(2, 1)) {
        if (piece.kind == rules::LayoutPiece::Kind::Text) countWords(piece.text, counts);
    }
    for (const std::string_view role : {"user", "model"}) countWords(role, counts);
    std::vector<Word> words;
    words.reserve(counts.size());
    for (const auto& [word, count] : counts) words.push_back({symbolsOf(word), count});
    return words;
}

// Byte-pair encoding (Gage 1994; Sennrich et al., arXiv:1508.07909): the most frequent pair becomes a piece, until every word is one
// or `limit` pieces are made.  Among equals the first in alphabetical order, so that the result is one.
std::vector<std::string> learnMerges(std::vector<Word> words, std::size_t limit) {
    std::vector<std::string> pieces;
    while (pieces.size() < limit) {
        std::map<std::pair<std::string, std::string>, int> pairs;
        for (const Word& word : words) {
            for (std::size_t i = 1; i < word.symbols.size(); ++i) pairs[{word.symbols[i - 1], word.symbols[i]}] += word.count;
        }
        if (pairs.empty()) return pieces;
        const auto best =
            std::max_element(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
        const auto [left, right] = best->first;
        const std::string merged = left + right;
        if (std::find(pieces.begin(), pieces.end(), merged) == pieces.end()) pieces.push_back(merged);
        for (Word& word : words) {
            for (std::size_t i = 1; i < word.symbols.size(); ++i) {
                if (word.symbols[i - 1] != left || word.symbols[i] != right) continue;
                word.symbols[i - 1] = merged;
                word.symbols.erase(word.symbols.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
    }
    return pieces;
}

class VocabularyWriter {
public:
    void add(std::string_view piece, PieceType type, float score = 0.0F) {
        m_vocabulary.pieces.append(piece);
        m_vocabulary.types.push_back(type);
        m_vocabulary.scores.push_back(score);
    }
    void addRuns(std::string_view character, int shortest) {
        for (int length = shortest; length <= kLongestRun; ++length) {
            std::string run;
            for (int i = 0; i < length; ++i) run += character;
            add(run, PieceType::UserDefined);
        }
    }
    void addBytes() {
        constexpr std::string_view kHexadecimal = "0123456789ABCDEF";
        for (std::size_t byte = 0; byte < 256; ++byte) {
            add(std::string("<0x") + kHexadecimal[byte / 16] + kHexadecimal[byte % 16] + '>', PieceType::Byte);
        }
    }
    // A piece's score falls with its place: the encoder merges early pieces first.
    void addNormal(std::string_view piece) { add(piece, PieceType::Normal, -static_cast<float>(m_normal++)); }

    [[nodiscard]] std::int64_t size() const { return m_vocabulary.pieces.size(); }
    text::Vocabulary finish() {
        m_vocabulary.pieces.index();
        m_vocabulary.byteFallback = true;
        m_vocabulary.padId = kPadId;
        m_vocabulary.eosId = kEosId;
        m_vocabulary.bosId = kBosId;
        m_vocabulary.unknownId = kUnknownId;
        return std::move(m_vocabulary);
    }

private:
    text::Vocabulary m_vocabulary;
    int m_normal = 0;
};

}  // namespace

text::Vocabulary makeVocabulary() {
    VocabularyWriter writer;
    for (const std::string_view piece : {text::kPad, text::kEos, text::kBos}) writer.add(piece, PieceType::Control);
    writer.add(text::kUnknown, PieceType::Unknown);
    for (const std::string_view piece : {std::string_view("<mask>"), text::kStartOfTurn, text::kEndOfTurn, text::kStartOfImage,
                                         text::kEndOfImage, text::kImageSoftToken})
        writer.add(piece, PieceType::UserDefined);
    writer.addRuns("\n", 1);
    writer.addRuns(kSpaceMark, 2);
    writer.addBytes();
    constexpr std::size_t kCharacters = 0x7F - 0x21 + 1;  // printable ASCII without the space, and the mark
    const auto room = static_cast<std::size_t>(kVocabularySize - writer.size()) - kCharacters;
    for (const std::string& piece : learnMerges(corpus(), room)) writer.addNormal(piece);
    writer.addNormal(kSpaceMark);
    for (char c = 0x21; c < 0x7F; ++c) writer.addNormal(std::string_view(&c, 1));
    for (int i = 0; writer.size() < kVocabularySize; ++i)
        writer.add("<unused" + std::to_string(i) + ">", PieceType::UserDefined);
    return writer.finish();
}

std::string tokenizerModel() { return text::serializeSentencePieceModel(makeVocabulary()); }

}  // namespace lapidary::scenes
