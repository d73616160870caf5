// parseJson and outermostInteger, over nlohmann's event parser: it tells where it stands when something is refused, and depth and
// duplicates are refused while parsing, not after allocating.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "core/shared/base/json.h"

namespace lapidary {
namespace {

constexpr std::size_t kMaxPathBytes = 200;
constexpr int kNumberTooLarge = 406;  // the exception id of nlohmann/json for a number that becomes infinite

class TreeBuilder final : public nlohmann::json_sax<Json> {
public:
    TreeBuilder(const std::string& source, int maxDepth)
        : m_source(source), m_maxDepth(static_cast<std::size_t>(std::max(0, maxDepth))) {}

    Result<Json> take() && { return m_error ? Result<Json>(*m_error) : Result<Json>(std::move(m_root)); }

    bool null() override { return put(nullptr) != nullptr; }
    bool boolean(bool value) override { return put(value) != nullptr; }
    bool number_integer(number_integer_t value) override { return put(value) != nullptr; }
    bool number_unsigned(number_unsigned_t value) override { return put(value) != nullptr; }
    bool number_float(number_float_t value, const string_t& /*text*/) override { return put(value) != nullptr; }
    bool string(string_t& value) override { return put(std::move(value)) != nullptr; }
    bool binary(binary_t& /*value*/) override { return false; }  // not in text
    bool start_object(std::size_t /*elements*/) override { return open(Json::object()); }
    bool start_array(std::size_t /*elements*/) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& value) override {
        Open& object = m_open.back();
        if (object.node->contains(value)) {
            return refuse("the key '" + clipText(value, 80) + "' appears twice in one object");
        }
        object.key = std::move(value);
        object.begun = true;
        return true;
    }
    bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& error) override {
        const std::string path = pathText();
        if (error.id == kNumberTooLarge) {
            return refuse((path.empty() ? "" : "'" + path + "': ") + "expected a number that a double holds, found " +
                          clipText(token, 40));
        }
        return refuse("not valid JSON at byte " + std::to_string(position) + (path.empty() ? "" : ", near '" + path + "'") +
                      " (" + placeAndReason(error.what()) + ")");
    }

private:
    struct Open {
        Json* node;
        std::string key;  // of the element that is read; objects only
        bool begun = false;  // has an element been named
    };

    // The place of the element that is read ("a.b[2]").
    [[nodiscard]] std::string pathText() const {
        std::string path;
        for (std::size_t i = 0; i < m_open.size() && path.size() < kMaxPathBytes; ++i) {
            const Open& open = m_open[i];
            const bool innermost = i + 1 == m_open.size();
            if (open.node->is_array()) {
                path += "[" + std::to_string(innermost ? open.node->size() : open.node->size() - 1) + "]";
            } else if (open.begun) {
                path += (path.empty() ? "" : ".") + clipText(open.key, kMaxPathBytes);
            }
        }
        return clipText(path, kMaxPathBytes);
    }

    Json* put(Json value) {
        if (m_open.empty()) {
            m_root = std::move(value);
            return &m_root;
        }
        Open& parent = m_open.back();
        if (parent.node->is_array()) return &parent.node->emplace_back(std::move(value));
        return &((*parent.node)[parent.key] = std::move(value));
    }
    bool open(Json container) {
        if (m_open.size() >= m_maxDepth) return refuse("nested deeper than " + std::to_string(m_maxDepth) + " levels");
        // The node stays where it is while it is open: nothing is added to its parent meanwhile.
        m_open.push_back({put(std::move(container)), "", false});
        return true;
    }
    bool close() {
        m_open.pop_back();
        return true;
    }
    bool refuse(std::string message) {
        m_error = Error{ErrorCode::InvalidData, std::move(message), m_source};
        return false;
    }

    const std::string& m_source;
    std::size_t m_maxDepth;
    Json m_root;
    std::vector<Open> m_open;
    std::optional<Error> m_error;
};

// Keeps the values of one key of the outermost object and forgets the rest.
class OutermostFinder final : public nlohmann::json_sax<Json> {
public:
    explicit OutermostFinder(const std::string& key) : m_key(key) {}

    // The value that was found, if the key was there once.
    [[nodiscard]] const Json* found() const { return m_times == 1 ? &m_value : nullptr; }

    bool null() override { return put(nullptr); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return put(value); }
    bool number_unsigned(number_unsigned_t value) override { return put(value); }
    bool number_float(number_float_t value, const string_t& /*text*/) override { return put(value); }
    bool string(string_t& value) override { return put(value); }
    bool binary(binary_t& /*value*/) override { return false; }
    bool start_object(std::size_t /*elements*/) override {
        if (m_depth == 0) m_insideObject = true;
        return enter();
    }
    bool start_array(std::size_t /*elements*/) override { return enter(); }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }
    bool key(string_t& value) override {
        m_wanted = m_insideObject && m_depth == 1 && value == m_key;
        if (m_wanted) ++m_times;
        return true;
    }
    bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) override {
        return false;
    }

private:
    bool put(const Json& value) {
        if (m_wanted) m_value = value;
        m_wanted = false;
        return true;
    }
    bool enter() {
        ++m_depth;
        return put(Json::array());  // an object or a list is no integer, whatever it holds
    }
    bool leave() {
        --m_depth;
        return true;
    }

    const std::string& m_key;
    Json m_value;
    std::size_t m_depth = 0;
    std::size_t m_times = 0;
    bool m_insideObject = false;  // the outermost value is an object
    bool m_wanted = false;  // the next value belongs to the key
};

std::string_view withoutByteOrderMark(std::string_view text) {
    return text.substr(0, 3) == "\xEF\xBB\xBF" ? text.substr(3) : text;
}

// The text with `false` and spaces for each number that no double holds, at which the parser would stop.
std::string withoutHugeNumbers(std::string_view text) {
    std::string copy(text);
    bool inString = false;
    for (std::size_t i = 0; i < copy.size(); ++i) {
        if (inString && copy[i] == '\\') {
            ++i;
        } else if (copy[i] == '"') {
            inString = !inString;
        } else if (!inString && (copy[i] == '-' || (copy[i] >= '0' && copy[i] <= '9'))) {
            const std::size_t end = std::min(copy.find_first_not_of("0123456789+-.eE", i), copy.size());
            if (end - i >= 5 && std::isinf(std::strtod(copy.substr(i, end - i).c_str(), nullptr)))
                copy.replace(i, end - i, "false" + std::string(end - i - 5, ' '));
            i = end - 1;
        }
    }
    return copy;
}

}  // namespace

std::string placeAndReason(std::string_view what) {
    for (const std::string_view before : {std::string_view("parse error at "), std::string_view("] ")}) {
        const std::size_t at = what.find(before);
        if (at != std::string_view::npos) return clipText(what.substr(at + before.size()), 300);
    }
    return clipText(what, 300);
}

Result<Json> parseJson(std::string_view text, const std::string& source, int maxDepth) {
    text = withoutByteOrderMark(text);
    TreeBuilder builder(source, maxDepth);
    (void)Json::sax_parse(text.begin(), text.end(), &builder);
    return std::move(builder).take();
}

std::optional<std::int64_t> outermostInteger(std::string_view text, const std::string& key) {
    const std::string tame = withoutHugeNumbers(withoutByteOrderMark(text));
    OutermostFinder finder(key);
    if (!Json::sax_parse(tame.begin(), tame.end(), &finder) || finder.found() == nullptr) return std::nullopt;
    const auto value = findInteger(Json{{key, *finder.found()}}, key, "");
    return value ? *value : std::nullopt;
}

}  // namespace lapidary
