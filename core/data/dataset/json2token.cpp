#include "core/data/dataset/json2token.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace lapidary::dataset {
namespace {

// Python's repr of a float: the shortest digits that read back, plain between 1e-4 and 1e16, else with an exponent of two digits.
std::string pythonFloat(double number) {
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
    std::string text(buffer.data(), end);
    const std::size_t e = text.find('e');
    if (e == std::string::npos) return text;  // inf, nan
    const int exponent = std::stoi(text.substr(e + 1));
    if (exponent < -4 || exponent >= 16) return text;
    const auto plain = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed).ptr;
    text.assign(buffer.data(), plain);
    return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string pythonText(const Json& value) {
    switch (value.type()) {
        case Json::value_t::string: return value.get<std::string>();
        case Json::value_t::null: return "None";
        case Json::value_t::boolean: return value.get<bool>() ? "True" : "False";
        case Json::value_t::number_float: return pythonFloat(value.get<double>());
        default: return value.dump();
    }
}

}  // namespace

std::string jsonToTokens(const Json& value) {
    std::string tokens;
    if (value.is_object()) {
        if (value.size() == 1 && value.contains("text_sequence")) return pythonText(value["text_sequence"]);
        // Keys are stored in byte order, which for UTF-8 is code point order.
        for (auto entry = value.rbegin(); entry != value.rend(); ++entry) {
            tokens.append("<s_")
                .append(entry.key())
                .append(">")
                .append(jsonToTokens(entry.value()))
                .append("</s_")
                .append(entry.key())
                .append(">");
        }
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) tokens.append(i == 0 ? "" : "<sep/>").append(jsonToTokens(value[i]));
    } else {
        tokens = pythonText(value);
    }
    return tokens;
}

}  // namespace lapidary::dataset
