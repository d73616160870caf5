// SHA-256 and git's blob SHA-1, fed piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/shared/base/result.h"

namespace lapidary::net {

class Digest {
public:
    enum class Kind { Sha256, Sha1 };

    explicit Digest(Kind kind);
    ~Digest();
    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;

    void add(std::span<const std::byte> bytes);
    void add(std::string_view text);
    // Lower-case hexadecimal.  The digest is spent afterwards.
    std::string finish();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

// The digest whose hexadecimal form is `name`: 64 digits are SHA-256 of the bytes, 40 git's blob SHA-1 (which begins with
// "blob <size>\0"): the two kinds of names in a Hugging Face cache.  Errors: InvalidData for other names.
Result<Digest> digestForName(const std::string& name, std::uint64_t sizeBytes);

bool isHexadecimal(std::string_view text, std::size_t length);

// Hexadecimal digest of a file, of the kind of `name`.  Errors: Io, NotFound, InvalidData (`name` is no hash), Cancelled.
Result<std::string> digestOfFile(const std::filesystem::path& path, const std::string& name, std::stop_token stop);

}  // namespace lapidary::net
