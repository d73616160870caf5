// TensorBoard's event files: records of TFRecord framing (length, masked CRC-32C of it, bytes, masked CRC-32C of them), each an Event
// message of tensorflow/core/util/event.proto.  Only what curves and texts need.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/shared/base/result.h"

namespace lapidary::files {

// CRC-32C (Castagnoli), masked as TFRecord stores it.
std::uint32_t maskedCrc32c(std::string_view bytes);

struct Scalar {
    std::string tag;  // "lm loss"
    float value = 0.0F;
};

// What TensorBoard's text page shows, as Markdown.
struct TextNote {
    std::string tag;  // "sample answer 1"
    std::string text;
};

// One file of one process, only ever appended to: a run that goes on writes a file of its own into the same folder, and an older
// file with half a record at its end (a kill) stays as it is, which TensorBoard accepts.  Lives on one thread.
class EventFile {
public:
    // Makes the folder and in it "events.out.tfevents.<seconds>.<host>.<pid>.<n>", which nobody else has.  `wallSeconds`: since 1970.
    // `firstStep` above 0: the run goes on from there, and TensorBoard forgets what older files say of that step and later ones.
    // Errors: Io, NotFound.
    static Result<EventFile> create(const std::filesystem::path& folder, double wallSeconds, std::int64_t firstStep = 0);

    ~EventFile();
    EventFile(EventFile&& other) noexcept;
    EventFile& operator=(EventFile&&) = delete;
    EventFile(const EventFile&) = delete;
    EventFile& operator=(const EventFile&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

    // One event.  After an error the file ends with its last whole record, and later calls may succeed.  Errors: Io.
    Result<void> write(std::int64_t step, double wallSeconds, std::span<const Scalar> scalars);
    Result<void> write(std::int64_t step, double wallSeconds, const TextNote& note);

private:
    EventFile(std::filesystem::path path, int fd) : m_path(std::move(path)), m_fd(fd) {}
    Result<void> append(std::string_view event);

    std::filesystem::path m_path;
    int m_fd;
    std::int64_t m_size = 0;  // of the whole records
};

}  // namespace lapidary::files
