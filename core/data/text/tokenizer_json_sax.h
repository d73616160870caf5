// The streaming half of tokenizer_json.cpp: vocabulary and merges go into tables as they come, all else (small) into a document.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/data/text/segment_encoder.h"
#include "core/data/text/vocabulary.h"
#include "core/shared/base/error.h"

namespace lapidary::text {

class TokenizerJsonSax : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit TokenizerJsonSax(std::string name) : m_name(std::move(name)) {}

    // A second pass over the same file, for the merges alone, when they stood before the vocabulary.
    [[nodiscard]] bool needsSecondPass() const { return m_mergesBeforeVocabulary; }
    void beginSecondPass();

    [[nodiscard]] const std::optional<Error>& error() const { return m_error; }
    [[nodiscard]] bool hasVocabulary() const { return m_hasVocabulary; }
    [[nodiscard]] bool hasMerges() const { return m_hasMerges; }
    PieceTable& pieces() { return m_pieces; }
    std::vector<MergeRule>& merges() { return m_merges; }
    [[nodiscard]] const nlohmann::json& rest() const { return m_rest; }

    bool null() override { return scalar(nullptr); }
    bool boolean(bool value) override { return scalar(value); }
    bool number_integer(number_integer_t value) override { return integer(value); }
    bool number_unsigned(number_unsigned_t value) override;
    bool number_float(number_float_t value, const string_t&) override { return scalar(value); }
    bool string(string_t& value) override;
    bool binary(binary_t&) override { return fail("binary value"); }
    bool start_object(std::size_t) override { return startContainer(nlohmann::json::object()); }
    bool key(string_t& name) override;
    bool end_object() override { return endContainer(); }
    bool start_array(std::size_t) override { return startContainer(nlohmann::json::array()); }
    bool end_array() override { return endContainer(); }
    bool parse_error(std::size_t position, const std::string& lastToken, const nlohmann::json::exception& problem) override;

private:
    enum class Section { Rest, Vocabulary, Merges, Skipped };
    struct Open {
        nlohmann::json* node = nullptr;  // null inside vocabulary, merges, or what is skipped
        std::string key;  // of the value to come
    };

    bool fail(const std::string& message);
    bool failMerge(const std::string& message);
    bool integer(std::int64_t value);
    bool scalar(nlohmann::json value);
    nlohmann::json* place(nlohmann::json value);
    bool startContainer(nlohmann::json container);
    bool endContainer();
    [[nodiscard]] bool isAt(const char* section) const;
    bool finishVocabulary();
    bool finishMerge();

    std::string m_name;
    std::optional<Error> m_error;
    nlohmann::json m_rest;
    std::size_t m_nodes = 0;
    std::vector<Open> m_open;
    Section m_section = Section::Rest;
    std::size_t m_sectionDepth = 0;

    PieceTable m_pieces;
    std::vector<std::int64_t> m_ids;  // of the pieces, in file order
    bool m_hasVocabulary = false;
    bool m_secondPass = false;
    bool m_hasMerges = false;
    bool m_mergesBeforeVocabulary = false;
    std::vector<MergeRule> m_merges;
    std::vector<std::string> m_mergeSides;
};

}  // namespace lapidary::text
