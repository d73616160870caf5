#include "core/data/files/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/shared/base/file.h"

namespace lapidary::files {
namespace {

constexpr std::uint32_t kCastagnoliReversed = 0x82F63B78U;
constexpr std::uint32_t kMaskDelta = 0xA282EAD8U;  // tensorflow/core/lib/hash/crc32c.h

constexpr std::array<std::uint32_t, 256> crcTable() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0U ? kCastagnoliReversed : 0U);
        table[i] = crc;
    }
    return table;
}
constexpr auto kCrcTable = crcTable();

// Protocol buffers: https://protobuf.dev/programming-guides/encoding.  A field is (number << 3 | wire type), then its value.
enum class Wire : std::uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

void putVarint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) out += static_cast<char>((value & 0x7FU) | 0x80U);
    out += static_cast<char>(value);
}
void putKey(std::string& out, std::uint32_t field, Wire wire) {
    putVarint(out, field << 3U | static_cast<std::uint32_t>(wire));
}
template <class T>
void putLittleEndian(std::string& out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8U * i));
}
void putBytes(std::string& out, std::uint32_t field, std::string_view bytes) {
    putKey(out, field, Wire::Bytes);
    putVarint(out, bytes.size());
    out += bytes;
}

// Event: wall_time = 1 (double), step = 2 (int64), file_version = 3 (string), summary = 5, session_log = 7.
std::string eventHead(double wallSeconds, std::int64_t step) {
    std::string event;
    putKey(event, 1, Wire::Fixed64);
    putLittleEndian(event, std::bit_cast<std::uint64_t>(wallSeconds));
    putKey(event, 2, Wire::Varint);
    putVarint(event, static_cast<std::uint64_t>(step));
    return event;
}

std::string versionEvent(double wallSeconds) {
    std::string event = eventHead(wallSeconds, 0);
    putBytes(event, 3, "brain.Event:2");
    return event;
}

// SessionLog: status = 1 (START = 1).
std::string restartEvent(double wallSeconds, std::int64_t step) {
    std::string session;
    putKey(session, 1, Wire::Varint);
    putVarint(session, 1);
    std::string event = eventHead(wallSeconds, step);
    putBytes(event, 7, session);
    return event;
}

// Summary: value = 1, repeated; its tag = 1 (string) and simple_value = 2 (float).
std::string scalarEvent(double wallSeconds, std::int64_t step, std::span<const Scalar> scalars) {
    std::string summary;
    for (const Scalar& scalar : scalars) {
        std::string value;
        putBytes(value, 1, scalar.tag);
        putKey(value, 2, Wire::Fixed32);
        putLittleEndian(value, std::bit_cast<std::uint32_t>(scalar.value));
        putBytes(summary, 1, value);
    }
    std::string event = eventHead(wallSeconds, step);
    putBytes(event, 5, summary);
    return event;
}

std::string message(std::uint32_t field, std::string_view bytes) {
    std::string text;
    putBytes(text, field, bytes);
    return text;
}

// As torch.utils.tensorboard's add_text: a value's metadata = 9 (plugin_data = 1: plugin_name = 1) and tensor = 8 (dtype = 1, DT_STRING =
// 7; tensor_shape = 2: dim = 2: size = 1; string_val = 8).
std::string textEvent(double wallSeconds, std::int64_t step, const TextNote& note) {
    std::string one;  // size = 1
    putKey(one, 1, Wire::Varint);
    putVarint(one, 1);
    std::string tensor;
    putKey(tensor, 1, Wire::Varint);
    putVarint(tensor, 7);
    putBytes(tensor, 2, message(2, one));
    putBytes(tensor, 8, note.text);
    std::string value;
    putBytes(value, 1, note.tag + "/text_summary");
    putBytes(value, 8, tensor);
    putBytes(value, 9, message(1, message(1, "text")));
    std::string event = eventHead(wallSeconds, step);
    putBytes(event, 5, message(1, value));
    return event;
}

std::string record(std::string_view event) {
    std::string bytes;
    putLittleEndian(bytes, static_cast<std::uint64_t>(event.size()));
    putLittleEndian(bytes, maskedCrc32c(bytes));
    bytes += event;
    putLittleEndian(bytes, maskedCrc32c(event));
    return bytes;
}

std::string hostName() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
    std::string text(name.data());
    for (char& c : text) c = c == '/' ? '_' : c;
    return text;
}

}  // namespace

std::uint32_t maskedCrc32c(std::string_view bytes) {
    std::uint32_t crc = ~0U;
    for (const char c : bytes) crc = (crc >> 8U) ^ kCrcTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xFFU];
    return std::rotr(~crc, 15) + kMaskDelta;
}

Result<EventFile> EventFile::create(const std::filesystem::path& folder, double wallSeconds, std::int64_t firstStep) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem) return systemError("cannot make the folder", folder, problem.value());
    const std::string stem = "events.out.tfevents." + std::to_string(static_cast<std::int64_t>(wallSeconds)) + "." +
                             hostName() + "." + std::to_string(::getpid()) + ".";
    std::filesystem::path path;
    int fd = -1;
    constexpr int kTries = 1000;
    for (int n = 0; n < kTries && fd < 0; ++n) {
        path = folder / (stem + std::to_string(n));
        fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST) break;
    }
    if (fd < 0) return systemError("cannot create", path, errno);
    EventFile file(std::move(path), fd);
    RETURN_IF_ERROR(file.append(versionEvent(wallSeconds)));
    if (firstStep > 0) RETURN_IF_ERROR(file.append(restartEvent(wallSeconds, firstStep)));
    return file;
}

EventFile::~EventFile() {
    if (m_fd >= 0) ::close(m_fd);
}

EventFile::EventFile(EventFile&& other) noexcept
    : m_path(std::move(other.m_path)), m_fd(std::exchange(other.m_fd, -1)), m_size(other.m_size) {}

Result<void> EventFile::write(std::int64_t step, double wallSeconds, std::span<const Scalar> scalars) {
    return append(scalarEvent(wallSeconds, step, scalars));
}

Result<void> EventFile::write(std::int64_t step, double wallSeconds, const TextNote& note) {
    return append(textEvent(wallSeconds, step, note));
}

Result<void> EventFile::append(std::string_view event) {
    const std::string bytes = record(event);
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const ssize_t written = ::write(m_fd, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            const int reason = errno;
            // Half a record would hide every later one from a reader.
            if (::ftruncate(m_fd, m_size) != 0) return systemError("cannot take half a record back from", m_path, errno);
            return systemError("cannot write", m_path, reason);
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    m_size += static_cast<std::int64_t>(bytes.size());
    return {};
}

}  // namespace lapidary::files
