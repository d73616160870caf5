#include "core/data/files/safetensors_file.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/data/files/safetensors_header.h"
#include "core/shared/base/mapped_file.h"

namespace lapidary::files {
namespace {

constexpr std::uint64_t kLengthWordBytes = 8;

std::string hex(std::uint64_t value) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
    return text.data();
}

Error invalid(const std::string& message) { return Error{ErrorCode::InvalidFile, message, ""}; }

std::string shapeText(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return text + "]";
}

std::optional<std::uint64_t> elementCount(const std::vector<std::int64_t>& shape) {
    std::uint64_t count = 1;
    for (const std::int64_t dimension : shape) {
        if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(dimension), &count)) return std::nullopt;
    }
    return count;
}

Result<std::uint64_t> readHeaderLength(std::span<const std::byte> bytes) {
    if (bytes.size() < kLengthWordBytes) {
        return invalid("not a safetensors file (" + std::to_string(bytes.size()) +
                       " bytes; the header's length alone takes 8)");
    }
    std::uint64_t length = 0;  // little-endian, as every machine that Lapidary runs on
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > SafetensorsFile::kMaxHeaderBytes) {
        return invalid("not a safetensors file: a header of " + std::to_string(length) + " bytes is announced, at most " +
                       std::to_string(SafetensorsFile::kMaxHeaderBytes) + " are accepted");
    }
    if (length > bytes.size() - kLengthWordBytes) {
        return invalid("a header of " + std::to_string(length) + " bytes is announced, but the file has only " +
                       std::to_string(bytes.size()) + " bytes in all");
    }
    return length;
}

Result<void> checkSize(const SafetensorsTensor& tensor) {
    const std::string who = "the tensor '" + printableName(tensor.name) + "'";
    const std::uint64_t elementBytes = dtypeBytes(tensor.dtype);
    if (elementBytes == 0) {
        return Error{ErrorCode::Unsupported,
                     who + " has the dtype '" + printableName(tensor.dtype) +
                         "', which is not read; BF16, F16 and F32 are (and F64, BOOL, integers are listed)",
                     ""};
    }
    const auto elements = elementCount(tensor.shape);
    std::uint64_t expected = 0;
    if (!elements || __builtin_mul_overflow(*elements, elementBytes, &expected)) {
        return invalid(who + " has the shape " + shapeText(tensor.shape) + ", whose size does not fit 64 bits");
    }
    if (tensor.end < tensor.begin) {
        return invalid(who + " has its data offsets the wrong way round: [" + hex(tensor.begin) + ", " + hex(tensor.end) + ")");
    }
    if (tensor.end - tensor.begin != expected) {
        return invalid(who + " needs " + std::to_string(*elements) + " elements of shape " + shapeText(tensor.shape) + " x " +
                       std::to_string(elementBytes) + " bytes (" + tensor.dtype + ") = " + std::to_string(expected) +
                       " bytes, but its data offsets [" + hex(tensor.begin) + ", " + hex(tensor.end) + ") hold " +
                       std::to_string(tensor.end - tensor.begin));
    }
    return {};
}

// The tensors, sorted by offset, must tile the data section: what no tensor covers could hide another file (a polyglot),
// and what two tensors share is nobody's honest weight.  The order in the header is free, as in the reference reader.
Result<void> checkTiling(const std::vector<SafetensorsTensor>& sorted, std::uint64_t dataBytes) {
    std::uint64_t covered = 0;
    const SafetensorsTensor* previous = nullptr;
    for (const SafetensorsTensor& tensor : sorted) {
        const std::string who = "the tensor '" + printableName(tensor.name) + "'";
        const std::string where = " [" + hex(tensor.begin) + ", " + hex(tensor.end) + ")";
        if (tensor.end > dataBytes) {
            return invalid(who + where + " reaches past the end of the data, which has " + hex(dataBytes) +
                           " bytes: the file was cut off, or is still being written");
        }
        if (tensor.begin < covered) {
            const std::string other = "'" + printableName(previous->name) + "' [" + hex(previous->begin) + ", ";
            // NOLINTNEXTLINE(performance-inefficient-string-concatenation): once, on the way out
            return invalid(who + where + " overlaps " + other + hex(previous->end) + ")");
        }
        if (tensor.begin > covered) {
            // NOLINTNEXTLINE(performance-inefficient-string-concatenation): as above
            return invalid("a hole before " + who + where + ": no tensor covers [" + hex(covered) + ", " + hex(tensor.begin) +
                           ")");
        }
        covered = tensor.end;
        previous = &tensor;
    }
    if (covered != dataBytes) {
        return invalid("no tensor covers the end of the data [" + hex(covered) + ", " + hex(dataBytes) + ")");
    }
    return {};
}

}  // namespace

std::uint64_t dtypeBytes(const std::string& dtype) {
    if (dtype == "F64" || dtype == "I64" || dtype == "U64") return 8;
    if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 4;
    if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 2;
    if (dtype == "I8" || dtype == "U8" || dtype == "BOOL") return 1;
    return 0;
}

Result<std::shared_ptr<const SafetensorsFile>> SafetensorsFile::open(const std::filesystem::path& path) {
    auto mapped = MappedFile::open(path);
    if (!mapped) {
        Error error = std::move(mapped).error();
        return error.code == ErrorCode::InvalidFile ? error.within("not a safetensors file") : error;
    }
    return parse((*mapped)->bytes(), *mapped, path.string());
}

Result<std::shared_ptr<const SafetensorsFile>> SafetensorsFile::parse(std::span<const std::byte> bytes,
                                                                      std::shared_ptr<const void> owner,
                                                                      const std::string& source) {
    const auto length = readHeaderLength(bytes);
    if (!length) return length.error().within(source);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthWordBytes, *length);
    auto header = parseSafetensorsHeader(text);
    if (!header) return std::move(header).error().within(source);

    const std::shared_ptr<SafetensorsFile> file(new SafetensorsFile);
    file->m_bytes = bytes;
    file->m_owner = std::move(owner);
    file->m_dataOffset = kLengthWordBytes + *length;
    file->m_tensors = std::move(header->tensors);
    file->m_metadata = std::move(header->metadata);
    for (const SafetensorsTensor& tensor : file->m_tensors) {
        if (auto checked = checkSize(tensor); !checked) return std::move(checked).error().within(source);
    }
    std::stable_sort(file->m_tensors.begin(), file->m_tensors.end(),
                     [](const SafetensorsTensor& a, const SafetensorsTensor& b) {
                         return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
                     });
    if (auto tiled = checkTiling(file->m_tensors, bytes.size() - file->m_dataOffset); !tiled) {
        return std::move(tiled).error().within(source);
    }
    for (std::size_t i = 0; i < file->m_tensors.size(); ++i) file->m_indexOfName.emplace(file->m_tensors[i].name, i);
    return std::shared_ptr<const SafetensorsFile>(file);
}

const SafetensorsTensor* SafetensorsFile::find(const std::string& name) const {
    const auto entry = m_indexOfName.find(name);
    return entry == m_indexOfName.end() ? nullptr : &m_tensors[entry->second];
}

std::span<const std::byte> SafetensorsFile::bytes(const SafetensorsTensor& tensor) const {
    return m_bytes.subspan(m_dataOffset + tensor.begin, tensor.end - tensor.begin);
}

}  // namespace lapidary::files
