#include "core/shared/plan/override_value.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/shared/base/json.h"

namespace lapidary::plan {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::string_view kSpaces = " \t\r\n";

Error refused(const std::string& place, const std::string& what) {
    return Error{ErrorCode::InvalidData, "'" + place + "': " + what, ""};
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kSpaces);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::string lower(std::string_view text) {
    std::string copy(text);
    std::transform(copy.begin(), copy.end(), copy.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return copy;
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }

// [+-] digits with '_' between two digits.  `digits` is what std::strtoll and std::strtod read.
enum class NumberKind : std::uint8_t { None, Integer, Float };
NumberKind numberKind(std::string_view text, std::string& digits) {
    std::size_t i = 0;
    bool seenDigit = false;
    bool isFloat = false;
    const auto run = [&] {
        while (i < text.size() && (isDigit(text[i]) || (text[i] == '_' && i > 0 && isDigit(text[i - 1]) &&
                                                        i + 1 < text.size() && isDigit(text[i + 1])))) {
            if (text[i] != '_') digits += text[i];
            seenDigit = true;
            ++i;
        }
    };
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) digits += text[i++];
    run();
    if (i < text.size() && text[i] == '.') {
        isFloat = true;
        digits += text[i++];
        run();
    }
    if (!seenDigit) return NumberKind::None;
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        isFloat = true;
        digits += text[i++];
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) digits += text[i++];
        seenDigit = false;
        run();
        if (!seenDigit) return NumberKind::None;
    }
    if (i != text.size()) return NumberKind::None;
    return isFloat ? NumberKind::Float : NumberKind::Integer;
}

class ValueParser {
public:
    ValueParser(std::string_view text, const std::string& place) : m_text(text), m_place(place) {}

    Result<Json> whole() {
        ASSIGN_OR_RETURN(Json value, element("", 0));
        skipSpaces();
        if (m_at < m_text.size() && m_text[m_at] == ',') {
            return fail("a list without brackets would be a sweep over several runs; write [a,b], or quote the text");
        }
        if (m_at < m_text.size()) return fail("unexpected '" + clipText(m_text.substr(m_at), 20) + "'");
        return value;
    }

private:
    [[nodiscard]] Error fail(const std::string& what) const {
        return refused(m_place, what + " at byte " + std::to_string(m_at));
    }
    void skipSpaces() {
        while (m_at < m_text.size() && kSpaces.find(m_text[m_at]) != std::string_view::npos) ++m_at;
    }
    [[nodiscard]] bool at(char c) const { return m_at < m_text.size() && m_text[m_at] == c; }

    // One value; a bare text ends before any of `stops` (and before ',').
    Result<Json> element(std::string_view stops, int depth) {
        if (depth > kMaxDepth) return fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
        skipSpaces();
        if (at('[')) return list(depth);
        if (at('{')) return object(depth);
        if (at('\'') || at('"')) {
            ASSIGN_OR_RETURN(std::string text, quoted());
            return Json(std::move(text));
        }
        bool escaped = false;
        ASSIGN_OR_RETURN(const std::string text, bare(stops, escaped));
        return escaped ? Result<Json>(Json(text)) : plainScalar(text, m_place);
    }

    Result<Json> list(int depth) {
        Json values = Json::array();
        ++m_at;
        skipSpaces();
        while (!at(']')) {
            ASSIGN_OR_RETURN(Json value, element("]", depth + 1));
            values.push_back(std::move(value));
            skipSpaces();
            if (at(',')) {
                ++m_at;
                skipSpaces();
                if (at(']')) return fail("expected another element");
            } else if (!at(']')) {
                return fail("expected ',' or ']'");
            }
        }
        ++m_at;
        return values;
    }

    Result<Json> object(int depth) {
        Json values = Json::object();
        ++m_at;
        skipSpaces();
        while (!at('}')) {
            ASSIGN_OR_RETURN(const std::string key, objectKey());
            if (values.contains(key)) return fail("the key '" + clipText(key, 80) + "' appears twice");
            skipSpaces();
            if (!at(':')) return fail("expected ':' after a key");
            ++m_at;
            ASSIGN_OR_RETURN(Json value, element("}", depth + 1));
            values[key] = std::move(value);
            skipSpaces();
            if (at(',')) {
                ++m_at;
                skipSpaces();
                if (at('}')) return fail("expected another key");
            } else if (!at('}')) {
                return fail("expected ',' or '}'");
            }
        }
        ++m_at;
        return values;
    }

    Result<std::string> objectKey() {
        if (at('\'') || at('"')) return quoted();
        bool escaped = false;
        ASSIGN_OR_RETURN(std::string key, bare(":}", escaped));
        if (key.empty()) return fail("expected a key");
        return key;
    }

    // 'it\'s', "a b": only the quote itself and a backslash before it are escaped, as in Hydra 1.3.
    Result<std::string> quoted() {
        const char quote = m_text[m_at];
        const std::size_t begin = ++m_at;
        std::string text;
        for (; m_at < m_text.size(); ++m_at) {
            const char c = m_text[m_at];
            if (c == quote) {
                ++m_at;
                return text;
            }
            const bool escape =
                c == '\\' && m_at + 1 < m_text.size() && (m_text[m_at + 1] == quote || m_text[m_at + 1] == '\\');
            if (escape) ++m_at;
            text += m_text[m_at];
        }
        m_at = begin;
        return fail("the quote that was opened is not closed");
    }

    Result<std::string> bare(std::string_view stops, bool& escaped) {
        std::string text;
        for (; m_at < m_text.size(); ++m_at) {
            char c = m_text[m_at];
            if (c == ',' || stops.find(c) != std::string_view::npos) break;
            if (c == '$' && m_at + 1 < m_text.size() && m_text[m_at + 1] == '{') {
                return fail("interpolations like ${…} are not expanded; write the value itself");
            }
            if (c == '\\' && m_at + 1 < m_text.size() &&
                std::string_view("\\()[]{}:=, \t'\"").find(m_text[m_at + 1]) != std::string_view::npos) {
                escaped = true;
                c = m_text[++m_at];
            }
            text += c;
        }
        return escaped ? text : std::string(trimmed(text));
    }

    std::string_view m_text;
    const std::string& m_place;
    std::size_t m_at = 0;
};

}  // namespace

bool isUtf8(std::string_view text) {
    // The dump of a string refuses what is not UTF-8, or replaces it when asked to; a text that comes back the same is well-formed.
    const Json value(text);
    const std::string printed = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return Json::parse(printed, nullptr, false) == value;
}

Result<Json> plainScalar(std::string_view text, const std::string& place) {
    const std::string word = lower(text);
    if (word == "null") return Json(nullptr);
    if (word == "true") return Json(true);
    if (word == "false") return Json(false);
    const std::string unsignedWord = word.starts_with('+') || word.starts_with('-') ? word.substr(1) : word;
    if (unsignedWord == "nan" || unsignedWord == "inf" || unsignedWord == ".inf" || unsignedWord == ".nan") {
        return refused(place, "expected a finite number, found " + word);
    }
    std::string digits;
    switch (numberKind(text, digits)) {
        case NumberKind::None: return Json(std::string(text));
        case NumberKind::Integer: {
            errno = 0;
            const long long value = std::strtoll(digits.c_str(), nullptr, 10);
            if (errno == ERANGE) return refused(place, "expected an integer of 64 bits, found " + clipText(text, 40));
            return Json(static_cast<std::int64_t>(value));
        }
        case NumberKind::Float: {
            const double value = std::strtod(digits.c_str(), nullptr);
            if (!std::isfinite(value))
                return refused(place, "expected a number that a double holds, found " + clipText(text, 40));
            return Json(value);
        }
    }
    return Json(std::string(text));
}

Result<Json> parseOverrideValue(std::string_view text, const std::string& place) {
    constexpr std::size_t kMaxBytes = 1 << 20;
    if (text.size() > kMaxBytes) return refused(place, "at most " + std::to_string(kMaxBytes) + " bytes are accepted");
    if (!isUtf8(text)) return refused(place, "the value is not UTF-8");
    if (trimmed(text).empty()) return Json("");
    return ValueParser(text, place).whole();
}

}  // namespace lapidary::plan
