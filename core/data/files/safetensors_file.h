// Reader of safetensors: 8 bytes of header length, a JSON header, raw little-endian data (specification 7.1; format
// document: github.com/huggingface/safetensors).  Mapped, nothing copied; every length is checked before it is believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::files {

struct SafetensorsTensor {
    std::string name;
    std::string dtype;                // "BF16", "F32", "I64" …
    std::vector<std::int64_t> shape;  // row-major; empty for a scalar; dimensions may be 0
    std::uint64_t begin = 0;          // bytes from the start of the data section
    std::uint64_t end = 0;
};

class SafetensorsFile {
public:
    static constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's cap
    static constexpr std::size_t kMaxTensors = 200'000;            // the largest Gemma 3 has 1247
    static constexpr std::size_t kMaxRank = 16;

    // Errors: NotFound, Io, InvalidFile (what is wrong, at which byte, expected and found).
    static Result<std::shared_ptr<const SafetensorsFile>> open(const std::filesystem::path& path);
    // From bytes that `owner` keeps alive; `source` names them in errors.
    static Result<std::shared_ptr<const SafetensorsFile>> parse(std::span<const std::byte> bytes,
                                                                std::shared_ptr<const void> owner, const std::string& source);

    // In the order in which their data lies in the file.
    [[nodiscard]] const std::vector<SafetensorsTensor>& tensors() const { return m_tensors; }
    // Null where there is none.
    [[nodiscard]] const SafetensorsTensor* find(const std::string& name) const;
    [[nodiscard]] std::span<const std::byte> bytes(const SafetensorsTensor& tensor) const;
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return m_metadata; }
    // Keeps the bytes alive.
    [[nodiscard]] std::shared_ptr<const void> owner() const { return m_owner; }
    [[nodiscard]] std::uint64_t headerBytes() const { return m_dataOffset; }  // length word and header: where data begins

private:
    SafetensorsFile() = default;

    std::span<const std::byte> m_bytes;  // NOLINT: m_owner below keeps them alive
    std::shared_ptr<const void> m_owner;
    std::uint64_t m_dataOffset = 0;
    std::vector<SafetensorsTensor> m_tensors;
    std::unordered_map<std::string, std::size_t> m_indexOfName;
    std::map<std::string, std::string> m_metadata;
};

// Bytes of one element, or 0 for a dtype that is not read (F4, F8_E8M0 …).
std::uint64_t dtypeBytes(const std::string& dtype);

}  // namespace lapidary::files
