#include "core/data/text/tokenizer_json_sax.h"

#include <algorithm>

#include "core/shared/base/json.h"

namespace lapidary::text {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxNodes = 500'000;   // Gemma's added tokens take 52,000
constexpr std::size_t kMaxMerges = 8'000'000;  // Gemma has 514,906

}  // namespace

void TokenizerJsonSax::beginSecondPass() {
    m_secondPass = true;
    m_mergesBeforeVocabulary = false;
    m_rest = nullptr;
    m_nodes = 0;
    m_open.clear();
    m_section = Section::Rest;
}

bool TokenizerJsonSax::number_unsigned(number_unsigned_t value) {
    if (value > static_cast<number_unsigned_t>(INT64_MAX))
        return fail("the number " + std::to_string(value) + " is no id or count");
    return integer(static_cast<std::int64_t>(value));
}

bool TokenizerJsonSax::integer(std::int64_t value) {
    if (m_section != Section::Vocabulary) return scalar(value);
    const std::string& piece = m_open.back().key;
    if (value < 0 || value >= kMaxPieces) {
        return fail("model.vocab['" + piece.substr(0, 40) + "']: the id " + std::to_string(value) + " is not between 0 and " +
                    std::to_string(kMaxPieces - 1));
    }
    if (m_pieces.size() >= kMaxPieces) return fail("model.vocab: more than " + std::to_string(kMaxPieces) + " entries");
    m_pieces.append(piece);
    m_ids.push_back(value);
    return true;
}

bool TokenizerJsonSax::string(string_t& value) {
    if (m_section != Section::Merges) return scalar(std::move(value));
    m_mergeSides.push_back(std::move(value));
    return m_open.size() > m_sectionDepth || finishMerge();
}

bool TokenizerJsonSax::key(string_t& name) {
    if (m_section == Section::Merges) return failMerge("expected a pair of strings, found an object");
    Open& open = m_open.back();
    if (open.node != nullptr && open.node->contains(name))
        return fail("the key '" + name.substr(0, 80) + "' appears twice in one object");
    open.key = std::move(name);
    return true;
}

bool TokenizerJsonSax::parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& problem) {
    m_error = Error{ErrorCode::InvalidFile,
                    "not valid JSON at byte " + std::to_string(position) + " (" + placeAndReason(problem.what()) + ")", m_name};
    return false;
}

bool TokenizerJsonSax::fail(const std::string& message) {
    m_error = Error{ErrorCode::InvalidData, message, m_name};
    return false;
}

bool TokenizerJsonSax::scalar(nlohmann::json value) {
    if (m_section == Section::Vocabulary) return fail("model.vocab['" + m_open.back().key.substr(0, 40) + "']: expected an id");
    if (m_section == Section::Merges) return failMerge("expected a pair of strings");
    return m_section == Section::Skipped || place(std::move(value)) != nullptr;
}

// Puts a value where it belongs in the rest of the document.
nlohmann::json* TokenizerJsonSax::place(nlohmann::json value) {
    if (++m_nodes > kMaxNodes) {
        fail("more than " + std::to_string(kMaxNodes) + " values beside vocabulary and merges");
        return nullptr;
    }
    if (m_open.empty()) return &(m_rest = std::move(value));
    nlohmann::json& parent = *m_open.back().node;
    if (parent.is_object()) return &(parent[m_open.back().key] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
}

bool TokenizerJsonSax::isAt(const char* section) const {
    return m_open.size() == 2 && m_open[0].key == "model" && m_open[1].key == section;
}

bool TokenizerJsonSax::startContainer(nlohmann::json container) {
    if (m_open.size() >= kMaxDepth) return fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
    if (m_section == Section::Rest) {
        if (isAt("vocab")) {
            if (!container.is_object())
                return fail("model.vocab: expected an object of pieces and ids (a BPE model's), found a list");
            m_section = m_secondPass ? Section::Skipped : Section::Vocabulary;
        } else if (isAt("merges")) {
            m_hasMerges = true;
            m_mergesBeforeVocabulary = !m_hasVocabulary;
            m_section = m_hasVocabulary ? Section::Merges : Section::Skipped;
        } else {
            nlohmann::json* node = place(std::move(container));
            if (node == nullptr) return false;
            m_open.push_back({node, {}});
            return true;
        }
        if (m_section != Section::Skipped && !(m_section == Section::Vocabulary ? m_ids.empty() : m_merges.empty())) {
            return fail("the key '" + m_open.back().key + "' appears twice in one object");
        }
        m_open.push_back({});
        m_sectionDepth = m_open.size();
        return true;
    }
    if (m_section == Section::Vocabulary)
        return fail("model.vocab['" + m_open.back().key.substr(0, 40) + "']: expected an id, found a container");
    if (m_section == Section::Merges && (!container.is_array() || m_open.size() != m_sectionDepth)) {
        return failMerge("expected a pair of strings");
    }
    m_open.push_back({});
    return true;
}

bool TokenizerJsonSax::endContainer() {
    const bool sectionEnds = m_section != Section::Rest && m_open.size() == m_sectionDepth;
    const bool pairEnds = m_section == Section::Merges && !sectionEnds;
    const Section ended = m_section;
    m_open.pop_back();
    if (pairEnds) return finishMerge();
    if (sectionEnds) m_section = Section::Rest;
    return !sectionEnds || ended != Section::Vocabulary || finishVocabulary();
}

// Ids must be 0 … n-1, each once; the table is put into their order.
bool TokenizerJsonSax::finishVocabulary() {
    const auto count = static_cast<std::size_t>(m_pieces.size());
    std::vector<std::int32_t> byId(count, -1);
    for (std::size_t index = 0; index < count; ++index) {
        const std::int64_t id = m_ids[index];
        const std::string piece(m_pieces.at(static_cast<std::int64_t>(index)).substr(0, 40));
        if (id >= m_pieces.size()) {
            return fail("model.vocab['" + piece + "']: id " + std::to_string(id) + " in a vocabulary of " +
                        std::to_string(count) + " leaves some lower id without a piece");
        }
        if (byId[id] >= 0)
            return fail("model.vocab: the id " + std::to_string(id) + " is given twice, last to '" + piece + "'");
        byId[id] = static_cast<std::int32_t>(index);
    }
    if (!std::is_sorted(m_ids.begin(), m_ids.end())) {
        PieceTable ordered;
        for (const std::int32_t index : byId) ordered.append(m_pieces.at(index));
        m_pieces = std::move(ordered);
    }
    if (const auto twice = m_pieces.index()) {
        return fail("model.vocab: '" + std::string(m_pieces.at(*twice).substr(0, 40)) + "' is listed twice");
    }
    m_hasVocabulary = true;
    return true;
}

bool TokenizerJsonSax::failMerge(const std::string& message) {
    return fail("model.merges[" + std::to_string(m_merges.size()) + "]: " + message);
}

// A side without text would make a piece out of itself, over and over: a cycle (Fault16).  Runs half a million times for Gemma.
bool TokenizerJsonSax::finishMerge() {
    if (m_mergeSides.size() == 1) {  // the old form: "left right"
        const std::string& both = m_mergeSides.front();
        const std::size_t space = both.find(' ');
        if (space == std::string::npos || both.find(' ', space + 1) != std::string::npos) {
            return failMerge("expected two pieces with one space between them, found '" + both.substr(0, 40) + "'");
        }
        m_mergeSides = {both.substr(0, space), both.substr(space + 1)};
    }
    if (m_mergeSides.size() != 2) return failMerge("expected a pair of strings, found " + std::to_string(m_mergeSides.size()));
    if (m_merges.size() >= kMaxMerges) return fail("model.merges: more than " + std::to_string(kMaxMerges));
    if (m_mergeSides[0].empty() || m_mergeSides[1].empty())
        return failMerge("a side is empty, so the merge would lead back to itself");
    const auto left = m_pieces.find(m_mergeSides[0]);
    const auto right = m_pieces.find(m_mergeSides[1]);
    const std::string joined = m_mergeSides[0] + m_mergeSides[1];
    const auto result = m_pieces.find(joined);
    if (!left || !right || !result) {
        const std::string& missing = !left ? m_mergeSides[0] : !right ? m_mergeSides[1] : joined;
        return failMerge("'" + missing.substr(0, 40) + "' is not in model.vocab");
    }
    m_merges.push_back(
        {static_cast<std::int32_t>(*left), static_cast<std::int32_t>(*right), static_cast<std::int32_t>(*result)});
    m_mergeSides.clear();
    return true;
}

}  // namespace lapidary::text
