// The walk over a GGUF's header: every count and length is compared with what is left of the file before it is used.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/data/files/gguf_file.h"
#include "core/shared/base/result.h"

namespace lapidary::files {

// Bytes of one value of a fixed-size type; 0 for strings and arrays.
std::uint64_t ggufTypeBytes(GgufType type);

class GgufParser {
public:
    GgufParser(std::span<const std::byte> bytes, GgufFile& file) : m_bytes(bytes), m_file(file) {}
    Result<void> parse();

private:
    Result<void> parseHeader();
    Result<void> parseKeyValue(std::uint64_t order);
    Result<void> skipValue(GgufFile::Value& value, const std::string& key);
    Result<void> skipArray(GgufFile::Value& value, const std::string& key);
    Result<void> applyAlignment();
    Result<void> parseTensorInfo();
    Result<void> checkTensorData() const;

    template <class T>
    Result<T> read(const char* what);
    Result<std::string> readString(const char* what, std::uint64_t maxBytes);
    Result<void> skip(std::uint64_t count, const std::string& what);
    [[nodiscard]] Error invalid(const std::string& message) const;  // adds the present position

    std::span<const std::byte> m_bytes;  // NOLINT: the parser lives within one call
    GgufFile& m_file;
    std::uint64_t m_position = 0;
    std::uint64_t m_tensorCount = 0;
    std::uint64_t m_keyCount = 0;
};

}  // namespace lapidary::files
