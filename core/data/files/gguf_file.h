// Reader of GGUF version 2 and 3 (specification 7.3): typed metadata, tensor directory, mapped data.
// Metadata values stay in the mapping and are decoded when asked for, so a vocabulary of 262,144 strings costs nothing here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/shared/base/result.h"
#include "kernels/block_format.h"

namespace lapidary::files {

enum class GgufType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };
const char* ggufTypeName(GgufType type);

struct GgufTensor {
    std::string name;
    std::vector<std::int64_t> shape;  // row-major: the reverse of the file's order
    kernels::BlockFormat format = kernels::BlockFormat::F32;
    std::uint64_t offset = 0;  // from the start of the data section
    std::uint64_t sizeBytes = 0;
};

class GgufFile {
public:
    static constexpr std::uint64_t kMaxTensors = 200'000;
    static constexpr std::uint64_t kMaxKeys = 100'000;
    static constexpr std::uint64_t kMaxKeyBytes = 65'535;  // the format document's limit
    static constexpr std::uint32_t kMaxRank = 4;           // GGML_MAX_DIMS

    // Errors: NotFound, Io, InvalidFile (at which byte, expected, found), Unsupported (a tensor type that is not read).
    static Result<std::shared_ptr<const GgufFile>> open(const std::filesystem::path& path);
    static Result<std::shared_ptr<const GgufFile>> parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                                         const std::string& source);

    [[nodiscard]] std::uint32_t version() const { return m_version; }
    [[nodiscard]] std::uint64_t alignment() const { return m_alignment; }
    [[nodiscard]] const std::string& source() const { return m_source; }

    // Metadata.  Nothing where the key is absent.  Errors: InvalidData when its type is another one.
    [[nodiscard]] bool contains(const std::string& key) const { return m_values.contains(key); }
    [[nodiscard]] std::vector<std::string> keys() const;  // in file order
    [[nodiscard]] Result<std::optional<std::int64_t>> findInteger(const std::string& key) const;  // any integer type that fits
    [[nodiscard]] Result<std::optional<double>> findNumber(const std::string& key) const;  // any number, finite
    [[nodiscard]] Result<std::optional<bool>> findBool(const std::string& key) const;
    [[nodiscard]] Result<std::optional<std::string>> findString(const std::string& key) const;
    // Arrays, empty where the key is absent; integer arrays of any integer type, number arrays of float types.
    [[nodiscard]] Result<std::vector<std::int64_t>> findIntegers(const std::string& key) const;
    [[nodiscard]] Result<std::vector<float>> findNumbers(const std::string& key) const;
    [[nodiscard]] Result<std::vector<bool>> findBools(const std::string& key) const;
    [[nodiscard]] Result<std::vector<std::string>> findStrings(const std::string& key) const;
    // Elements of an array key, 0 where it is absent or no array.
    [[nodiscard]] std::uint64_t arraySize(const std::string& key) const;

    [[nodiscard]] const std::vector<GgufTensor>& tensors() const { return m_tensors; }
    [[nodiscard]] const GgufTensor* find(const std::string& name) const;
    [[nodiscard]] std::span<const std::byte> bytes(const GgufTensor& tensor) const;
    [[nodiscard]] std::shared_ptr<const void> owner() const { return m_owner; }

private:
    struct Value {
        GgufType type = GgufType::U8;  // of the elements, for an array
        bool isArray = false;
        std::uint64_t count = 1;
        std::uint64_t begin = 0;  // first byte of the value, from the start of the file
        std::uint64_t order = 0;  // position among the keys
    };
    friend class GgufParser;
    GgufFile() = default;
    [[nodiscard]] Result<const Value*> lookUp(const std::string& key, bool array, const std::string& expected,
                                              bool (*accepts)(GgufType)) const;

    std::span<const std::byte> m_bytes;  // NOLINT: m_owner below keeps them alive
    std::shared_ptr<const void> m_owner;
    std::string m_source;
    std::uint32_t m_version = 0;
    std::uint64_t m_alignment = 32;
    std::uint64_t m_dataOffset = 0;
    std::unordered_map<std::string, Value> m_values;
    std::vector<GgufTensor> m_tensors;
    std::unordered_map<std::string, std::size_t> m_indexOfName;
};

}  // namespace lapidary::files
