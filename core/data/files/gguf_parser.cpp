#include "core/data/files/gguf_parser.h"

#include <algorithm>
#include <cstring>

#include "core/data/files/block_format.h"
#include "core/data/files/safetensors_header.h"

namespace lapidary::files {
namespace {

constexpr std::uint32_t kMagic = 0x46554747;        // "GGUF"
constexpr std::uint64_t kMinAlignment = 8;          // the format document: a multiple of 8
constexpr std::uint64_t kMaxAlignment = 1U << 16U;  // far beyond any page that a writer aligns to
constexpr std::uint64_t kMaxTensorNameBytes = 255;
constexpr std::uint64_t kMinKeyValueBytes = 8 + 1 + 4 + 1;       // length, a character, type, a byte
constexpr std::uint64_t kMinTensorInfoBytes = 8 + 1 + 4 + 4 + 8;  // length, a character, rank 0, type, offset

}  // namespace

std::uint64_t ggufTypeBytes(GgufType type) {
    switch (type) {
        case GgufType::U8:
        case GgufType::I8:
        case GgufType::Bool: return 1;
        case GgufType::U16:
        case GgufType::I16: return 2;
        case GgufType::U32:
        case GgufType::I32:
        case GgufType::F32: return 4;
        case GgufType::U64:
        case GgufType::I64:
        case GgufType::F64: return 8;
        case GgufType::String:
        case GgufType::Array: return 0;
    }
    return 0;
}

Error GgufParser::invalid(const std::string& message) const {
    return Error{ErrorCode::InvalidFile,
                 message + " (at byte " + std::to_string(m_position) + " of " + std::to_string(m_bytes.size()) + ")", ""};
}

template <class T>
Result<T> GgufParser::read(const char* what) {
    if (m_bytes.size() - m_position < sizeof(T)) return invalid(std::string("the file ends inside ") + what);
    T value;
    std::memcpy(&value, m_bytes.data() + m_position, sizeof value);
    m_position += sizeof value;
    return value;
}

Result<std::string> GgufParser::readString(const char* what, std::uint64_t maxBytes) {
    ASSIGN_OR_RETURN(const auto length, read<std::uint64_t>(what));
    if (length > maxBytes) {
        return invalid(std::string(what) + " of " + std::to_string(length) + " bytes; at most " + std::to_string(maxBytes) +
                       " are accepted");
    }
    if (length > m_bytes.size() - m_position) {
        return invalid(std::string(what) + " of " + std::to_string(length) + " bytes reaches past the end of the file");
    }
    std::string text(reinterpret_cast<const char*>(m_bytes.data()) + m_position, length);
    m_position += length;
    return text;
}

Result<void> GgufParser::skip(std::uint64_t count, const std::string& what) {
    if (count > m_bytes.size() - m_position) {
        return invalid(what + " takes " + std::to_string(count) + " bytes, which reaches past the end of the file");
    }
    m_position += count;
    return {};
}

Result<void> GgufParser::parse() {
    RETURN_IF_ERROR(parseHeader());
    for (std::uint64_t i = 0; i < m_keyCount; ++i) RETURN_IF_ERROR(parseKeyValue(i));
    RETURN_IF_ERROR(applyAlignment());
    m_file.m_tensors.reserve(m_tensorCount);
    for (std::uint64_t i = 0; i < m_tensorCount; ++i) RETURN_IF_ERROR(parseTensorInfo());
    const std::uint64_t alignment = m_file.m_alignment;
    m_file.m_dataOffset = std::min<std::uint64_t>((m_position + alignment - 1) / alignment * alignment, m_bytes.size());
    return checkTensorData();
}

Result<void> GgufParser::parseHeader() {
    const auto magic = read<std::uint32_t>("the magic number");
    if (!magic || *magic != kMagic) {
        return Error{ErrorCode::InvalidFile,
                     "not a GGUF file: it does not begin with \"GGUF\" (" + std::to_string(m_bytes.size()) + " bytes)", ""};
    }
    ASSIGN_OR_RETURN(m_file.m_version, read<std::uint32_t>("the version"));
    if (m_file.m_version != 2 && m_file.m_version != 3) {
        const bool swapped = (m_file.m_version & 0xFFFFU) == 0 && m_file.m_version != 0;
        return Error{ErrorCode::Unsupported,
                     "GGUF version " + std::to_string(m_file.m_version) + (swapped ? ", a big-endian file" : "") +
                         "; versions 2 and 3, little-endian, are read",
                     ""};
    }
    ASSIGN_OR_RETURN(m_tensorCount, read<std::uint64_t>("the tensor count"));
    ASSIGN_OR_RETURN(m_keyCount, read<std::uint64_t>("the key count"));
    const std::uint64_t left = m_bytes.size() - m_position;
    if (m_tensorCount > GgufFile::kMaxTensors || m_tensorCount > left / kMinTensorInfoBytes) {
        return invalid(std::to_string(m_tensorCount) + " tensors are announced, more than this file can hold");
    }
    if (m_keyCount > GgufFile::kMaxKeys || m_keyCount > left / kMinKeyValueBytes) {
        return invalid(std::to_string(m_keyCount) + " metadata keys are announced, more than this file can hold");
    }
    return {};
}

Result<void> GgufParser::parseKeyValue(std::uint64_t order) {
    ASSIGN_OR_RETURN(std::string key, readString("a metadata key", GgufFile::kMaxKeyBytes));
    if (key.empty()) return invalid("an empty metadata key");
    ASSIGN_OR_RETURN(const auto type, read<std::uint32_t>("the type of a metadata value"));
    if (type > static_cast<std::uint32_t>(GgufType::F64)) {
        return invalid("the key '" + printableName(key) + "' has the unknown value type " + std::to_string(type));
    }
    GgufFile::Value value;
    value.type = static_cast<GgufType>(type);
    value.begin = m_position;
    value.order = order;
    RETURN_IF_ERROR(value.type == GgufType::Array ? skipArray(value, key) : skipValue(value, key));
    if (!m_file.m_values.emplace(key, value).second) return invalid("the key '" + printableName(key) + "' appears twice");
    return {};
}

Result<void> GgufParser::skipValue(GgufFile::Value& value, const std::string& key) {
    if (value.type != GgufType::String) return skip(ggufTypeBytes(value.type), "the value of '" + printableName(key) + "'");
    ASSIGN_OR_RETURN(const auto length, read<std::uint64_t>("a string's length"));
    return skip(length, "the string '" + printableName(key) + "'");
}

Result<void> GgufParser::skipArray(GgufFile::Value& value, const std::string& key) {
    const std::string who = "the array '" + printableName(key) + "'";
    ASSIGN_OR_RETURN(const auto type, read<std::uint32_t>("an array's element type"));
    ASSIGN_OR_RETURN(const auto count, read<std::uint64_t>("an array's length"));
    if (type > static_cast<std::uint32_t>(GgufType::F64))
        return invalid(who + " has the unknown element type " + std::to_string(type));
    if (type == static_cast<std::uint32_t>(GgufType::Array)) {
        return Error{ErrorCode::Unsupported, who + " holds arrays, which no Gemma 3 file does", ""};
    }
    value.type = static_cast<GgufType>(type);
    value.isArray = true;
    value.count = count;
    value.begin = m_position;
    const std::uint64_t left = m_bytes.size() - m_position;
    if (value.type != GgufType::String) {
        const std::uint64_t size = ggufTypeBytes(value.type);
        if (count > left / size)
            return invalid(who + " of " + std::to_string(count) + " elements reaches past the end of the file");
        m_position += count * size;
        return {};
    }
    if (count > left / sizeof(std::uint64_t))
        return invalid(who + " of " + std::to_string(count) + " strings reaches past the end of the file");
    for (std::uint64_t i = 0; i < count; ++i) {
        ASSIGN_OR_RETURN(const auto length, read<std::uint64_t>("a string's length"));
        // The message is made only when it is needed: a vocabulary has 262,144 of these.
        if (length > m_bytes.size() - m_position) {
            return invalid("string " + std::to_string(i) + " of " + who + ", " + std::to_string(length) +
                           " bytes, reaches past the end of the file");
        }
        m_position += length;
    }
    return {};
}

Result<void> GgufParser::applyAlignment() {
    auto alignment = m_file.findInteger("general.alignment");
    if (!alignment) return std::move(alignment).error();
    if (!alignment->has_value()) return {};
    const std::int64_t value = **alignment;
    const bool powerOfTwo = value > 0 && (value & (value - 1)) == 0;
    if (!powerOfTwo || value < static_cast<std::int64_t>(kMinAlignment) || value > static_cast<std::int64_t>(kMaxAlignment)) {
        return Error{ErrorCode::InvalidFile,
                     "general.alignment: expected a power of two from 8 to 65536, found " + std::to_string(value), ""};
    }
    m_file.m_alignment = static_cast<std::uint64_t>(value);
    return {};
}

Result<void> GgufParser::parseTensorInfo() {
    GgufTensor tensor;
    ASSIGN_OR_RETURN(tensor.name, readString("a tensor name", kMaxTensorNameBytes));
    const std::string who = "the tensor '" + printableName(tensor.name) + "'";
    ASSIGN_OR_RETURN(const auto rank, read<std::uint32_t>("a tensor's rank"));
    if (rank > GgufFile::kMaxRank) return invalid(who + " has " + std::to_string(rank) + " dimensions; at most 4 are possible");
    for (std::uint32_t i = 0; i < rank; ++i) {
        ASSIGN_OR_RETURN(const auto dimension, read<std::uint64_t>("a tensor's dimensions"));
        if (dimension > static_cast<std::uint64_t>(INT64_MAX)) {
            return invalid(who + " has a dimension of " + std::to_string(dimension) + ", which does not fit 63 bits");
        }
        tensor.shape.push_back(static_cast<std::int64_t>(dimension));
    }
    std::reverse(tensor.shape.begin(), tensor.shape.end());
    ASSIGN_OR_RETURN(const auto type, read<std::uint32_t>("a tensor's type"));
    ASSIGN_OR_RETURN(tensor.offset, read<std::uint64_t>("a tensor's offset"));
    const auto format = formatOfGgmlType(type);
    if (!format) {
        return Error{ErrorCode::Unsupported,
                     who + " is stored as " + ggmlTypeName(type) +
                         "; F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 and Q2_K to Q6_K are read",
                     ""};
    }
    tensor.format = *format;
    const auto size = tensorBytes(*format, tensor.shape);
    if (!size) {
        const std::int64_t cols = tensor.shape.empty() ? 1 : tensor.shape.back();
        const int block = kernels::blockElements(*format);
        if (cols % block == 0) return invalid(who + " has dimensions whose product does not fit 63 bits");
        return invalid(who + " has rows of " + std::to_string(cols) + " elements, which do not fill whole blocks of " +
                       std::to_string(block) + " (" + kernels::formatName(*format) + ")");
    }
    tensor.sizeBytes = static_cast<std::uint64_t>(*size);
    if (tensor.offset % m_file.m_alignment != 0) {
        return invalid(who + " lies at offset " + std::to_string(tensor.offset) + ", no multiple of the alignment " +
                       std::to_string(m_file.m_alignment));
    }
    if (!m_file.m_indexOfName.emplace(tensor.name, m_file.m_tensors.size()).second) return invalid(who + " is listed twice");
    m_file.m_tensors.push_back(std::move(tensor));
    return {};
}

Result<void> GgufParser::checkTensorData() const {
    const std::uint64_t dataBytes = m_bytes.size() - m_file.m_dataOffset;
    std::vector<const GgufTensor*> sorted;
    for (const GgufTensor& tensor : m_file.m_tensors) {
        if (tensor.offset > dataBytes || tensor.sizeBytes > dataBytes - tensor.offset) {
            return Error{ErrorCode::InvalidFile,
                         "the tensor '" + printableName(tensor.name) + "' (" + std::to_string(tensor.sizeBytes) +
                             " bytes at data offset " + std::to_string(tensor.offset) +
                             ") reaches past the end of the file, whose data has " + std::to_string(dataBytes) +
                             " bytes: the file was cut off, or is still being written",
                         ""};
        }
        if (tensor.sizeBytes > 0) sorted.push_back(&tensor);
    }
    std::sort(sorted.begin(), sorted.end(), [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        if (sorted[i - 1]->offset + sorted[i - 1]->sizeBytes <= sorted[i]->offset) continue;
        return Error{
            ErrorCode::InvalidFile,
            "the tensors '" + printableName(sorted[i - 1]->name) + "' and '" + printableName(sorted[i]->name) + "' overlap",
            ""};
    }
    return {};
}

}  // namespace lapidary::files
