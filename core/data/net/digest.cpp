#include "core/data/net/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "core/shared/base/file.h"

namespace lapidary::net {

struct Digest::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() = default;
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Digest::Digest(Kind kind) : m_state(std::make_unique<State>()) {
    const EVP_MD* method = kind == Kind::Sha256 ? EVP_sha256() : EVP_sha1();
    if (m_state->context == nullptr || EVP_DigestInit_ex(m_state->context, method, nullptr) != 1) {
        throw std::runtime_error("OpenSSL cannot make a digest");
    }
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::add(std::span<const std::byte> bytes) {
    if (EVP_DigestUpdate(m_state->context, bytes.data(), bytes.size()) != 1) throw std::runtime_error("OpenSSL cannot digest");
}

void Digest::add(std::string_view text) { add(std::as_bytes(std::span(text))); }

std::string Digest::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int length = 0;
    if (EVP_DigestFinal_ex(m_state->context, bytes.data(), &length) != 1) throw std::runtime_error("OpenSSL cannot digest");
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned int i = 0; i < length; ++i) {
        text += kDigits[bytes[i] >> 4];
        text += kDigits[bytes[i] & 15];
    }
    return text;
}

bool isHexadecimal(std::string_view text, std::size_t length) {
    return text.size() == length &&
           std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<Digest> digestForName(const std::string& name, std::uint64_t sizeBytes) {
    if (isHexadecimal(name, 64)) return Digest(Digest::Kind::Sha256);
    if (isHexadecimal(name, 40)) {
        Digest digest(Digest::Kind::Sha1);
        const std::string start = "blob " + std::to_string(sizeBytes);
        digest.add(std::string_view(start.c_str(), start.size() + 1));  // git ends the header with a zero byte
        return digest;
    }
    return Error{ErrorCode::InvalidData, "the name '" + name.substr(0, 80) + "' is neither a SHA-256 nor a git hash", ""};
}

Result<std::string> digestOfFile(const std::filesystem::path& path, const std::string& name, std::stop_token stop) {
    std::error_code problem;
    const std::uintmax_t size = std::filesystem::file_size(path, problem);
    if (problem) return systemError("cannot examine", path, problem.value());
    ASSIGN_OR_RETURN(Digest digest, digestForName(name, size));
    std::ifstream in(path, std::ios::binary);
    if (!in) return systemError("cannot open", path, errno);
    std::vector<char> buffer(std::size_t{1} << 20);
    while (in) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "stopped while reading '" + path.string() + "'", ""};
        in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        digest.add(std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(in.gcount()))));
    }
    if (in.bad()) return Error{ErrorCode::Io, "cannot read '" + path.string() + "'", ""};
    return digest.finish();
}

}  // namespace lapidary::net
