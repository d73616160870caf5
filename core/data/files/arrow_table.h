// Rows of Parquet files and Arrow IPC files or streams, over Arrow C++ (specification 6.4).  Parquet is decoded a few rows at a
// time and IPC stays mapped, so a file larger than the memory can be read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/shared/base/json.h"
#include "core/shared/base/result.h"

namespace lapidary::files {

struct ArrowColumn {
    std::string name;
    std::string type;  // as Arrow writes it: "struct<bytes: binary, path: string>"
};

// Any thread may use it; rows are read one at a time.
class ArrowTable {
public:
    // Parquet or Arrow by the file's first bytes, never by its name.
    // Errors: NotFound, InvalidFile (neither; a footer that is missing, damaged or half-written; a column chunk outside the file),
    // Unsupported naming the column (a codec that this build of Arrow lacks, a type without JSON counterpart).
    static Result<std::shared_ptr<const ArrowTable>> open(const std::filesystem::path& path);

    virtual ~ArrowTable() = default;
    ArrowTable(const ArrowTable&) = delete;
    ArrowTable& operator=(const ArrowTable&) = delete;

    [[nodiscard]] const std::vector<ArrowColumn>& columns() const { return m_columns; }
    [[nodiscard]] std::int64_t rows() const { return m_rows; }

    // Row `index` in [0, rows) as an object: structs are objects, lists arrays, binary cells binary values, dictionaries decoded,
    // dates and decimals text.  Rows in ascending order are fast; a step back in Parquet decodes its row group anew.
    // Errors: InvalidFile naming the column that cannot be decoded, OutOfMemory (a cell or page above kMaxArrowBytes).
    [[nodiscard]] Result<Json> row(std::int64_t index) const;

protected:
    ArrowTable() = default;
    [[nodiscard]] virtual Result<Json> readRow(std::int64_t index) const = 0;

    std::vector<ArrowColumn> m_columns;
    std::int64_t m_rows = 0;

private:
    mutable std::mutex m_mutex;
};

// What one table may hold decoded in memory: pages and cells above it are hostile.
inline constexpr std::int64_t kMaxArrowBytes = std::int64_t{4} << 30;

}  // namespace lapidary::files
