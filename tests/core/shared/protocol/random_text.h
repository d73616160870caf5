// Seeded values for the messages of the property tests.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace lapidary::protocol {

class RandomValues {
public:
    explicit RandomValues(unsigned seed) : m_random(seed) {}

    std::int64_t integer(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(m_random);
    }
    bool flag() { return integer(0, 1) == 1; }
    double number(double low, double high) { return std::uniform_real_distribution<double>(low, high)(m_random); }

    // Valid UTF-8 with everything that JSON must escape.
    std::string text() {
        static const std::vector<std::string> kPieces{
            "a",    "Z",  " ", "\"",    "\\", "\n", "\t", "/", "\u00e9", "\u05e9", "\U0001F600", "<bos>", std::string(1, '\0'),
            "\x7f", "{}", "[", "\u2028"};
        std::string result;
        const std::int64_t length = integer(0, 12);
        for (std::int64_t i = 0; i < length; ++i) result += kPieces[static_cast<std::size_t>(integer(0, 16))];
        return result;
    }
    std::string filled() { return "x" + text(); }
    std::vector<std::string> texts() {
        std::vector<std::string> result(static_cast<std::size_t>(integer(0, 3)));
        for (std::string& value : result) value = text();
        return result;
    }

private:
    std::mt19937 m_random;
};

}  // namespace lapidary::protocol
