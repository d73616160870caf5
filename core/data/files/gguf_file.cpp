#include "core/data/files/gguf_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/data/files/gguf_parser.h"
#include "core/data/files/safetensors_header.h"
#include "core/shared/base/mapped_file.h"

namespace lapidary::files {
namespace {

template <class T>
T load(const std::byte* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

bool isInteger(GgufType type) {
    switch (type) {
        case GgufType::U8:
        case GgufType::I8:
        case GgufType::U16:
        case GgufType::I16:
        case GgufType::U32:
        case GgufType::I32:
        case GgufType::U64:
        case GgufType::I64: return true;
        default: return false;
    }
}
bool isFloat(GgufType type) { return type == GgufType::F32 || type == GgufType::F64; }
bool isNumber(GgufType type) { return isInteger(type) || isFloat(type); }
bool isBool(GgufType type) { return type == GgufType::Bool; }
bool isString(GgufType type) { return type == GgufType::String; }

// Nothing where an unsigned 64-bit value exceeds 63 bits.
std::optional<std::int64_t> loadInteger(GgufType type, const std::byte* at) {
    switch (type) {
        case GgufType::U8: return load<std::uint8_t>(at);
        case GgufType::I8: return load<std::int8_t>(at);
        case GgufType::U16: return load<std::uint16_t>(at);
        case GgufType::I16: return load<std::int16_t>(at);
        case GgufType::U32: return load<std::uint32_t>(at);
        case GgufType::I32: return load<std::int32_t>(at);
        case GgufType::I64: return load<std::int64_t>(at);
        default: break;
    }
    const auto value = load<std::uint64_t>(at);
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

double loadFloat(GgufType type, const std::byte* at) {
    return type == GgufType::F32 ? static_cast<double>(load<float>(at)) : load<double>(at);
}

Error badValue(const std::string& source, const std::string& key, const std::string& expected, const std::string& found) {
    return Error{ErrorCode::InvalidData, "'" + printableName(key) + "': expected " + expected + ", found " + found, source};
}

}  // namespace

const char* ggufTypeName(GgufType type) {
    switch (type) {
        case GgufType::U8: return "uint8";
        case GgufType::I8: return "int8";
        case GgufType::U16: return "uint16";
        case GgufType::I16: return "int16";
        case GgufType::U32: return "uint32";
        case GgufType::I32: return "int32";
        case GgufType::F32: return "float32";
        case GgufType::Bool: return "bool";
        case GgufType::String: return "string";
        case GgufType::Array: return "array";
        case GgufType::U64: return "uint64";
        case GgufType::I64: return "int64";
        case GgufType::F64: return "float64";
    }
    return "unknown";
}

Result<std::shared_ptr<const GgufFile>> GgufFile::open(const std::filesystem::path& path) {
    auto mapped = MappedFile::open(path);
    if (!mapped) {
        Error error = std::move(mapped).error();
        return error.code == ErrorCode::InvalidFile ? error.within("not a GGUF file") : error;
    }
    return parse((*mapped)->bytes(), *mapped, path.string());
}

Result<std::shared_ptr<const GgufFile>> GgufFile::parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                                        const std::string& source) {
    const std::shared_ptr<GgufFile> file(new GgufFile);
    file->m_bytes = bytes;
    file->m_owner = std::move(owner);
    if (auto parsed = GgufParser(bytes, *file).parse(); !parsed) return std::move(parsed).error().within(source);
    file->m_source = source;
    return std::shared_ptr<const GgufFile>(file);
}

std::vector<std::string> GgufFile::keys() const {
    std::vector<std::string> names(m_values.size());
    for (const auto& [key, value] : m_values) names[value.order] = key;
    return names;
}

Result<const GgufFile::Value*> GgufFile::lookUp(const std::string& key, bool array, const std::string& expected,
                                                bool (*accepts)(GgufType)) const {
    const auto entry = m_values.find(key);
    if (entry == m_values.end()) return static_cast<const Value*>(nullptr);
    const Value& value = entry->second;
    if (value.isArray == array && accepts(value.type)) return &value;
    return badValue(m_source, key, expected, std::string(value.isArray ? "an array of " : "") + ggufTypeName(value.type));
}

Result<std::optional<std::int64_t>> GgufFile::findInteger(const std::string& key) const {
    ASSIGN_OR_RETURN(const Value* value, lookUp(key, false, "an integer", isInteger));
    if (value == nullptr) return std::optional<std::int64_t>{};
    const auto number = loadInteger(value->type, m_bytes.data() + value->begin);
    if (!number) return badValue(m_source, key, "an integer below 2^63", "a larger one");
    return number;
}

Result<std::optional<double>> GgufFile::findNumber(const std::string& key) const {
    ASSIGN_OR_RETURN(const Value* value, lookUp(key, false, "a number", isNumber));
    if (value == nullptr) return std::optional<double>{};
    const std::byte* at = m_bytes.data() + value->begin;
    if (isInteger(value->type)) {
        const auto integer = loadInteger(value->type, at);
        if (!integer) return badValue(m_source, key, "a number below 2^63", "a larger one");
        return std::optional(static_cast<double>(*integer));
    }
    const double number = loadFloat(value->type, at);
    if (!std::isfinite(number)) return badValue(m_source, key, "a finite number", std::isnan(number) ? "NaN" : "infinity");
    return std::optional(number);
}

Result<std::optional<bool>> GgufFile::findBool(const std::string& key) const {
    ASSIGN_OR_RETURN(const Value* value, lookUp(key, false, "true or false", isBool));
    if (value == nullptr) return std::optional<bool>{};
    return std::optional(m_bytes[value->begin] != std::byte{0});
}

Result<std::optional<std::string>> GgufFile::findString(const std::string& key) const {
    ASSIGN_OR_RETURN(const Value* value, lookUp(key, false, "a string", isString));
    if (value == nullptr) return std::optional<std::string>{};
    const std::byte* at = m_bytes.data() + value->begin;
    const auto length = load<std::uint64_t>(at);  // checked against the file by the parser
    return std::optional(std::string(reinterpret_cast<const char*>(at) + sizeof length, length));
}

Result<std::vector<std::int64_t>> GgufFile::findIntegers(const std::string& key) const {
    ASSIGN_OR_RETURN(const Value* value, lookUp(key, true, "an array of integers", isInteger));
    if (value == nullptr) return std::vector<std::int64_t>{};
    std::vector<std::int64_t> numbers(value->count);
    const std::uint64_t size = ggufTypeBytes(value->type);
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto number = loadInteger(value->type, m_bytes.data() + value->begin + i * size);
        if (!number) return badValue(m_source, key, "integers below 2^63", "a larger one at " + std::to_string(i));
        numbers[i] = *number;
    }
    return numbers;
}

Result<std::vector<float>> GgufFile::findNumbers(const std::string& key) const {
    ASSIGN_OR_RETURN(const Value* value, lookUp(key, true, "an array of float32 or float64", isFloat));
    if (value == nullptr) return std::vector<float>{};
    std::vector<float> numbers(value->count);
    const std::uint64_t size = ggufTypeBytes(value->type);
    for (std::uint64_t i = 0; i < value->count; ++i) {
        numbers[i] = static_cast<float>(loadFloat(value->type, m_bytes.data() + value->begin + i * size));
    }
    return numbers;
}

Result<std::vector<bool>> GgufFile::findBools(const std::string& key) const {
    ASSIGN_OR_RETURN(const Value* value, lookUp(key, true, "an array of bool", isBool));
    if (value == nullptr) return std::vector<bool>{};
    std::vector<bool> flags(value->count);
    for (std::uint64_t i = 0; i < value->count; ++i) flags[i] = m_bytes[value->begin + i] != std::byte{0};
    return flags;
}

Result<std::vector<std::string>> GgufFile::findStrings(const std::string& key) const {
    ASSIGN_OR_RETURN(const Value* value, lookUp(key, true, "an array of strings", isString));
    if (value == nullptr) return std::vector<std::string>{};
    std::vector<std::string> strings;
    strings.reserve(value->count);
    const std::byte* at = m_bytes.data() + value->begin;
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto length = load<std::uint64_t>(at);
        strings.emplace_back(reinterpret_cast<const char*>(at) + sizeof length, length);
        at += sizeof length + length;
    }
    return strings;
}

std::uint64_t GgufFile::arraySize(const std::string& key) const {
    const auto entry = m_values.find(key);
    return entry == m_values.end() || !entry->second.isArray ? 0 : entry->second.count;
}

const GgufTensor* GgufFile::find(const std::string& name) const {
    const auto entry = m_indexOfName.find(name);
    return entry == m_indexOfName.end() ? nullptr : &m_tensors[entry->second];
}

std::span<const std::byte> GgufFile::bytes(const GgufTensor& tensor) const {
    return m_bytes.subspan(m_dataOffset + tensor.offset, tensor.sizeBytes);
}

}  // namespace lapidary::files
