// The Parquet half of arrow_table; included by its sources alone.
#pragma once

#include "core/data/files/arrow_table.h"

namespace lapidary::files::detail {

// `fileBytes`: the file's size, against which column chunks are checked.
Result<std::shared_ptr<const ArrowTable>> openParquet(const std::filesystem::path& path, std::uint64_t fileBytes);

}  // namespace lapidary::files::detail
