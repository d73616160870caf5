#include "core/data/image/image_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "core/shared/base/file.h"

namespace lapidary::image {
namespace {

// Base64 of a picture larger than that has no place in a command line or a message.
constexpr std::size_t kMaxBase64Text = 64'000'000;

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

// The scheme of "scheme:…" (RFC 3986: a letter, then letters, digits, '+', '-', '.') in lower case, or empty.
std::string schemeOf(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0 || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return "";
    const std::string_view scheme = std::string_view(text).substr(0, colon);
    const bool fits = std::all_of(scheme.begin(), scheme.end(),
                                  [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; });
    return fits ? lower(scheme) : "";
}

int digitOf(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;  // '-' and '_': the form for addresses (RFC 4648, section 5)
    if (c == '/' || c == '_') return 63;
    return -1;
}

Error badBase64(const std::string& why) {
    return Error{ErrorCode::InvalidData, "the base64 picture cannot be read: " + why, ""};
}

Result<std::string> decodeBase64(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    int digits = 0;
    int padding = 0;
    for (const char c : text) {
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
        if (c == '=') {
            ++padding;
            continue;
        }
        const int digit = digitOf(c);
        if (digit < 0) return badBase64("it contains a character that base64 has not");
        if (padding > 0) return badBase64("data follows its padding");
        bits = (bits << 6) | static_cast<std::uint32_t>(digit);
        if (++digits == 4) {
            for (const int shift : {16, 8, 0}) bytes += static_cast<char>((bits >> shift) & 0xFF);
            bits = 0;
            digits = 0;
        }
    }
    if (digits == 1 || padding > 2 || (padding > 0 && digits + padding != 4)) return badBase64("its length does not fit");
    if (digits >= 2) bytes += static_cast<char>((bits >> (digits == 3 ? 10 : 4)) & 0xFF);
    if (digits == 3) bytes += static_cast<char>((bits >> 2) & 0xFF);
    return bytes;
}

// "data:image/png;base64,AAAA" → "AAAA"; bare base64 as it is.
Result<std::string_view> base64Payload(std::string_view text) {
    if (text.size() > kMaxBase64Text) return badBase64("it is longer than " + std::to_string(kMaxBase64Text) + " characters");
    if (lower(text.substr(0, 5)) != "data:") return text;
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos || !lower(text.substr(0, comma)).ends_with(";base64")) {
        return badBase64("expected \"data:<type>;base64,<data>\"");
    }
    return text.substr(comma + 1);
}

}  // namespace

Result<ImageSource> imageSourceFromArgument(const std::string& argument) {
    if (argument.empty()) return Error{ErrorCode::Usage, "an empty name is no picture", ""};
    const std::string scheme = schemeOf(argument);
    if (scheme == "https") return ImageSource{ImageSource::Kind::Url, argument};
    if (scheme == "data") return ImageSource{ImageSource::Kind::Base64, argument};
    // A file's name may hold a colon; only "scheme://" is an address.
    if (!scheme.empty() && argument.compare(scheme.size(), 3, "://") == 0) {
        return Error{ErrorCode::InvalidData,
                     "pictures come from a path, from https:// or as base64; '" + scheme + "://' is not accepted", ""};
    }
    return ImageSource{ImageSource::Kind::Path, argument};
}

Result<std::string> readImageBytes(const ImageSource& source, UrlConsent consent, const net::NetworkPolicy& policy,
                                   std::stop_token stop) {
    switch (source.kind) {
        case ImageSource::Kind::Path: return readRegularFile(source.value, kMaxPictureFileBytes);
        case ImageSource::Kind::Base64: {
            ASSIGN_OR_RETURN(const std::string_view payload, base64Payload(source.value));
            return decodeBase64(payload);
        }
        case ImageSource::Kind::Url: break;
    }
    if (consent != UrlConsent::Allow) {
        return Error{
            ErrorCode::InvalidData,
            "addresses inside files and requests are only followed with --allow-urls: '" + describeImageSource(source) + "'",
            ""};
    }
    return net::downloadHttps(source.value, {}, policy, std::move(stop));
}

Result<Picture> loadPicture(const ImageSource& source, UrlConsent consent, const net::NetworkPolicy& policy,
                            std::stop_token stop) {
    ASSIGN_OR_RETURN(const std::string bytes, readImageBytes(source, consent, policy, std::move(stop)));
    return decodePicture(std::as_bytes(std::span(bytes)), describeImageSource(source));
}

std::string describeImageSource(const ImageSource& source) {
    switch (source.kind) {
        case ImageSource::Kind::Path: return source.value;
        case ImageSource::Kind::Base64: return "base64 picture (" + std::to_string(source.value.size()) + " characters)";
        case ImageSource::Kind::Url: break;
    }
    return source.value.substr(0, source.value.find_first_of("?#"));
}

}  // namespace lapidary::image
