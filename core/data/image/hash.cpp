#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "core/data/image/image_processor.h"

namespace lapidary::image {

std::string sha256Hex(std::span<const std::uint8_t> bytes) {
    std::array<unsigned char, 32> digest{};
    unsigned int length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1 || length != digest.size()) {
        throw std::runtime_error("OpenSSL has no SHA-256");
    }
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : digest) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

}  // namespace lapidary::image
