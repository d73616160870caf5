#include "core/data/files/safetensors_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "core/data/files/safetensors_file.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"

namespace lapidary::files {
namespace {

struct Header {
    std::string bytes;  // length word and JSON
    std::uint64_t dataBytes = 0;
};

Result<std::uint64_t> sizeOf(const TensorDeclaration& tensor) {
    std::uint64_t size = dtypeBytes(tensor.dtype);
    if (size == 0) return Error{ErrorCode::Usage, "cannot write the dtype '" + tensor.dtype + "' of '" + tensor.name + "'", ""};
    for (const std::int64_t dimension : tensor.shape) {
        if (dimension < 0 || __builtin_mul_overflow(size, static_cast<std::uint64_t>(dimension), &size)) {
            return Error{ErrorCode::Usage, "the shape of '" + tensor.name + "' is negative or does not fit 64 bits", ""};
        }
    }
    return size;
}

Result<Header> makeHeader(const std::vector<TensorDeclaration>& tensors, const std::map<std::string, std::string>& metadata) {
    // Written in the order of the data, which a JSON object of nlohmann's (sorted by key) would not keep.
    nlohmann::ordered_json root = nlohmann::ordered_json::object();
    if (!metadata.empty()) root["__metadata__"] = metadata;
    Header header;
    std::set<std::string> names;
    for (const TensorDeclaration& tensor : tensors) {
        if (!names.insert(tensor.name).second || tensor.name == "__metadata__") {
            return Error{ErrorCode::Usage, "the tensor name '" + tensor.name + "' is given twice or reserved", ""};
        }
        ASSIGN_OR_RETURN(const std::uint64_t size, sizeOf(tensor));
        std::uint64_t end = 0;
        if (__builtin_add_overflow(header.dataBytes, size, &end))
            return Error{ErrorCode::Usage, "more than 2^64 bytes of tensors", ""};
        // push_back: ordered_json's operator[] searches all earlier keys, quadratic over a thousand tensors.
        root.get_ref<nlohmann::ordered_json::object_t&>().push_back(
            {tensor.name, {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {header.dataBytes, end}}}});
        header.dataBytes = end;
    }
    std::string json;
    try {
        json = root.dump();
    } catch (const nlohmann::json::exception& error) {
        return Error{ErrorCode::Usage, "a tensor name or metadata value is not UTF-8 (" + placeAndReason(error.what()) + ")",
                     ""};
    }
    json.append((8 - json.size() % 8) % 8, ' ');  // data begins at a multiple of 8, as the reference writer does
    const std::uint64_t length = json.size();
    header.bytes.resize(sizeof length);
    std::memcpy(header.bytes.data(), &length, sizeof length);
    header.bytes += json;
    return header;
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(std::filesystem::path path, int fd, std::uint64_t dataBytes)
    : m_path(std::move(path)), m_partial(m_path.string() + ".partial"), m_fd(fd), m_missing(dataBytes) {}

SafetensorsWriter::~SafetensorsWriter() {
    if (m_fd < 0) return;
    ::close(m_fd);
    ::unlink(m_partial.c_str());
}

Result<std::unique_ptr<SafetensorsWriter>> SafetensorsWriter::create(const std::filesystem::path& path,
                                                                     const std::vector<TensorDeclaration>& tensors,
                                                                     const std::map<std::string, std::string>& metadata) {
    ASSIGN_OR_RETURN(const Header header, makeHeader(tensors, metadata));
    const std::string partial = path.string() + ".partial";
    const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return systemError("cannot create", partial, errno);
    std::unique_ptr<SafetensorsWriter> writer(new SafetensorsWriter(path, fd, header.dataBytes));
    RETURN_IF_ERROR(writer->writeAll(std::as_bytes(std::span(header.bytes))));
    return writer;
}

Result<void> SafetensorsWriter::append(std::span<const std::byte> bytes) {
    if (bytes.size() > m_missing) {
        return Error{ErrorCode::Usage,
                     std::to_string(bytes.size()) + " bytes given, but only " + std::to_string(m_missing) +
                         " of the declared tensors are missing",
                     m_path.string()};
    }
    RETURN_IF_ERROR(writeAll(bytes));
    m_missing -= bytes.size();
    return {};
}

Result<void> SafetensorsWriter::finish() {
    if (m_missing != 0) {
        return Error{ErrorCode::Usage, std::to_string(m_missing) + " bytes of the declared tensors are missing",
                     m_path.string()};
    }
    if (::fsync(m_fd) != 0) return systemError("cannot sync", m_partial, errno);
    if (::close(std::exchange(m_fd, -1)) != 0) return systemError("cannot close", m_partial, errno);
    if (::rename(m_partial.c_str(), m_path.c_str()) != 0) {
        const int reason = errno;
        ::unlink(m_partial.c_str());
        return systemError("cannot rename to", m_path, reason);
    }
    return {};
}

Result<void> SafetensorsWriter::writeAll(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(m_fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return systemError("cannot write", m_partial, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> writeSafetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                              const std::map<std::string, std::string>& metadata) {
    std::vector<TensorDeclaration> declarations;
    declarations.reserve(tensors.size());
    for (const TensorToWrite& tensor : tensors) {
        declarations.push_back(tensor.declaration);
        ASSIGN_OR_RETURN(const std::uint64_t size, sizeOf(tensor.declaration));
        if (size != tensor.bytes.size()) {
            return Error{ErrorCode::Usage,
                         "'" + tensor.declaration.name + "' declares " + std::to_string(size) + " bytes and has " +
                             std::to_string(tensor.bytes.size()),
                         path.string()};
        }
    }
    ASSIGN_OR_RETURN(const auto writer, SafetensorsWriter::create(path, declarations, metadata));
    for (const TensorToWrite& tensor : tensors) RETURN_IF_ERROR(writer->append(tensor.bytes));
    return writer->finish();
}

}  // namespace lapidary::files
