#include "core/data/files/safetensors_header.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>

#include "core/shared/base/json.h"

namespace lapidary::files {
namespace {

constexpr std::size_t kLengthWordBytes = 8;

Error invalid(const std::string& message) { return Error{ErrorCode::InvalidFile, message, ""}; }

bool hasControlCharacter(std::string_view name) {
    for (const char c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
    }
    return false;
}

// Receives nlohmann's events.  Every function answers whether to go on; `error` says why not.
class HeaderEvents : public nlohmann::json_sax<Json> {
public:
    SafetensorsHeader header;
    std::optional<Error> error;

    bool null() override { return unexpected("null"); }
    bool boolean(bool /*value*/) override { return unexpected("true or false"); }
    bool binary(binary_t& /*value*/) override { return unexpected("bytes"); }

    bool number_integer(number_integer_t value) override {
        // nlohmann calls this for negative numbers only.
        return inList() ? fail("negative number " + std::to_string(value) + " in '" + m_field + "'" + ofTensor())
                        : unexpected("the number " + std::to_string(value));
    }
    bool number_float(number_float_t /*value*/, const string_t& text) override {
        return inList()
                   ? fail("expected an integer below 2^64 in '" + m_field + "'" + ofTensor() + ", found " + printableName(text))
                   : unexpected("the number " + printableName(text));
    }

    bool number_unsigned(number_unsigned_t value) override {
        if (m_place == Place::Shape) {
            if (m_tensor.shape.size() == SafetensorsFile::kMaxRank) {
                return fail("more than " + std::to_string(SafetensorsFile::kMaxRank) + " dimensions" + ofTensor());
            }
            if (value > static_cast<std::uint64_t>(INT64_MAX)) {
                return fail("dimension " + std::to_string(value) + ofTensor() + " does not fit 63 bits");
            }
            m_tensor.shape.push_back(static_cast<std::int64_t>(value));
            return true;
        }
        if (m_place == Place::Offsets) {
            if (m_offsets == 2) return fail("expected two numbers in 'data_offsets'" + ofTensor() + ", found more");
            (m_offsets++ == 0 ? m_tensor.begin : m_tensor.end) = value;
            return true;
        }
        return unexpected("the number " + std::to_string(value));
    }

    bool string(string_t& value) override {
        if (m_place == Place::Metadata) {
            header.metadata[m_field] = value;
            return true;
        }
        if (m_place == Place::Tensor && m_field == "dtype") {
            m_tensor.dtype = value;
            return true;
        }
        return unexpected("a string");
    }

    bool key(string_t& name) override {
        if (m_place == Place::Root) {
            if (hasControlCharacter(name)) return fail("control character in the tensor name '" + printableName(name) + "'");
            if (!m_names.insert(name).second) return fail("the name '" + printableName(name) + "' appears twice");
            m_tensor = {};
            m_tensor.name = name;
            return true;
        }
        m_field = name;
        if (m_place == Place::Metadata) {
            if (!header.metadata.contains(name)) return true;
            return fail("the key '" + printableName(name) + "' appears twice in __metadata__");
        }
        bool& seen = name == "dtype" ? m_hasDtype : name == "shape" ? m_hasShape : m_hasOffsets;
        if (name != "dtype" && name != "shape" && name != "data_offsets") {
            return fail("unknown key '" + printableName(name) + "'" + ofTensor() + "; expected dtype, shape and data_offsets");
        }
        if (seen) return fail("'" + name + "' appears twice" + ofTensor());
        return seen = true;
    }

    bool start_object(std::size_t /*elements*/) override {
        if (m_place == Place::Outside) {
            m_place = Place::Root;
            return true;
        }
        if (m_place != Place::Root) return unexpected("an object");
        if (m_tensor.name == "__metadata__") {
            m_place = Place::Metadata;
            return true;
        }
        if (header.tensors.size() == SafetensorsFile::kMaxTensors) {
            return fail("more than " + std::to_string(SafetensorsFile::kMaxTensors) + " tensors are declared");
        }
        m_place = Place::Tensor;
        m_hasDtype = m_hasShape = m_hasOffsets = false;
        m_offsets = 0;
        return true;
    }

    bool end_object() override {
        if (m_place == Place::Tensor) {
            if (!m_hasDtype || !m_hasShape || !m_hasOffsets) {
                return fail(std::string("missing '") +
                            (!m_hasDtype   ? "dtype"
                             : !m_hasShape ? "shape"
                                           : "data_offsets") +
                            "'" + ofTensor());
            }
            header.tensors.push_back(std::move(m_tensor));
            m_tensor = {};
        }
        m_place = m_place == Place::Root ? Place::Outside : Place::Root;
        return true;
    }

    bool start_array(std::size_t /*elements*/) override {
        if (m_place != Place::Tensor || m_field == "dtype") return unexpected("a list");
        m_place = m_field == "shape" ? Place::Shape : Place::Offsets;
        return true;
    }

    bool end_array() override {
        if (m_place == Place::Offsets && m_offsets != 2) {
            return fail("expected two numbers in 'data_offsets'" + ofTensor() + ", found " + std::to_string(m_offsets));
        }
        m_place = Place::Tensor;
        return true;
    }

    bool parse_error(std::size_t position, const std::string& /*token*/, const Json::exception& problem) override {
        const std::size_t byte = kLengthWordBytes + (position == 0 ? 0 : position - 1);
        error = invalid("the header is not valid JSON at byte " + std::to_string(byte) + " (" + placeAndReason(problem.what()) +
                        ")");
        return false;
    }

private:
    enum class Place : std::uint8_t { Outside, Root, Metadata, Tensor, Shape, Offsets };

    [[nodiscard]] bool inList() const { return m_place == Place::Shape || m_place == Place::Offsets; }

    [[nodiscard]] std::string ofTensor() const { return " of the tensor '" + printableName(m_tensor.name) + "'"; }

    bool fail(const std::string& message) {
        error = invalid(message);
        return false;
    }

    bool unexpected(const std::string& found) {
        switch (m_place) {
            case Place::Outside: return fail("expected an object as header, found " + found);
            case Place::Root: return fail("expected an object for '" + printableName(m_tensor.name) + "', found " + found);
            case Place::Metadata:
                return fail("expected a string for '" + printableName(m_field) + "' in __metadata__, found " + found);
            default:
                return fail("expected another value for '" + printableName(m_field) + "'" + ofTensor() + ", found " + found);
        }
    }

    Place m_place = Place::Outside;
    SafetensorsTensor m_tensor;
    std::string m_field;
    int m_offsets = 0;
    bool m_hasDtype = false;
    bool m_hasShape = false;
    bool m_hasOffsets = false;
    std::unordered_set<std::string> m_names;
};

}  // namespace

std::string printableName(std::string_view name, std::size_t maxBytes) {
    std::string text(name.substr(0, maxBytes));
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return name.size() > maxBytes ? text + "…" : text;
}

Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view text) {
    if (text.empty() || text.front() != '{') {
        return invalid(
            "the header must begin with '{' at byte 8; found " +
            (text.empty() ? std::string("nothing") : "byte " + std::to_string(static_cast<unsigned char>(text.front()))));
    }
    // nlohmann's lexer takes a NUL for the end of the input, and would not see what is hidden behind it.
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
        return invalid("NUL inside the header at byte " + std::to_string(kLengthWordBytes + nul));
    }
    HeaderEvents events;
    if (!Json::sax_parse(text.begin(), text.end(), &events)) {
        return events.error.value_or(invalid("the header is not valid JSON"));
    }
    return std::move(events.header);
}

}  // namespace lapidary::files
