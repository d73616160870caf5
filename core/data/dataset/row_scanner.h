// Where the rows of a text file begin and end, found in one pass that holds one block of the file (fault 26: lines of a gigabyte,
// nesting of any depth, half-written ends).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace lapidary::dataset {

// A file read at any place by any thread; nothing is mapped, so a file that shrinks gives an error.
class BlockFile {
public:
    // Errors: NotFound, InvalidFile (a directory), Io.
    static Result<BlockFile> open(const std::filesystem::path& path);
    ~BlockFile();
    BlockFile(BlockFile&& other) noexcept;
    BlockFile& operator=(BlockFile&&) = delete;
    BlockFile(const BlockFile&) = delete;
    BlockFile& operator=(const BlockFile&) = delete;

    [[nodiscard]] std::uint64_t size() const { return m_size; }
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }
    // Exactly `length` bytes.  Errors: InvalidFile when the file became shorter, Io.
    [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::uint64_t length) const;
    Result<void> readInto(std::uint64_t offset, std::span<char> bytes) const;

private:
    BlockFile(std::filesystem::path path, int descriptor, std::uint64_t size);
    std::filesystem::path m_path;
    int m_descriptor;
    std::uint64_t m_size;
};

struct RowPlace {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::int64_t line = 1;  // from 1: where the row begins
    bool unfinished = false;  // the file ends inside the row
};

// Lines that hold more than white space.
Result<std::vector<RowPlace>> scanLines(const BlockFile& file, const std::stop_token& stop);

// The elements of a JSON list, or of the list under "data", "examples" or "records" of an object; any other object is the one row.
// Only brackets, strings and commas are looked at: a row that is no JSON shows when it is parsed.
// A list that never ends, or text behind its end, is one more row, `unfinished`.
Result<std::vector<RowPlace>> scanJsonList(const BlockFile& file, const std::stop_token& stop);

// CSV records (RFC 4180: quoted fields may hold line ends); the header is the first.
Result<std::vector<RowPlace>> scanCsv(const BlockFile& file, const std::stop_token& stop);

// The fields of one record.  Errors: InvalidData for a quote that is not closed or text behind a closing quote.
Result<std::vector<std::string>> csvFields(std::string_view record, char separator);

}  // namespace lapidary::dataset
