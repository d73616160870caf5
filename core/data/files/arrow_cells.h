// Cells of Arrow arrays as JSON values, and Arrow's Status as Error: shared by the sources of arrow_table alone.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/data/files/arrow_table.h"

namespace lapidary::files::detail {

// One row of a batch that was validated, as an object.
Result<Json> rowOfBatch(const ::arrow::RecordBatch& batch, std::int64_t row);

// The first column whose type has no JSON counterpart, as an Error.
Result<void> checkTypes(const ::arrow::Schema& schema);
std::vector<ArrowColumn> columnsOf(const ::arrow::Schema& schema);

// Every offset, length and string of the batch, column by column, so that reading cells needs no further check.
Result<void> validateBatch(const ::arrow::RecordBatch& batch);

Error arrowError(const ::arrow::Status& status, const std::string& what);

}  // namespace lapidary::files::detail
