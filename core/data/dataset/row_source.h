// The rows of one data file as JSON values, whatever it is: JSON lines, a JSON list, CSV, Parquet, Arrow, or a folder of pictures with
// captions.  Opening a text file only finds where its rows begin; a row is read when it is asked for (plain reads, no mapping).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "core/shared/base/json.h"
#include "core/shared/base/result.h"

namespace lapidary::dataset {

struct RowLimits {
    std::uint64_t maxRowBytes = std::uint64_t{64} << 20;  // of text: base64 pictures lie inside
    int maxDepth = 64;  // of JSON
};

// Any thread may use it.
class RowSource {
public:
    virtual ~RowSource() = default;
    RowSource(const RowSource&) = delete;
    RowSource& operator=(const RowSource&) = delete;

    [[nodiscard]] virtual std::int64_t size() const = 0;
    // An object, as a rule; binary cells of Parquet and Arrow are binary values.
    // Errors: InvalidData with a preview of a row that is no JSON, InvalidFile of a damaged column; the place is the caller's to add.
    [[nodiscard]] virtual Result<Json> row(std::int64_t index) const = 0;
    // Where the row stands, for people: "train.jsonl:12" (its line), "train.parquet:row 12", "cat.png".
    [[nodiscard]] virtual std::string place(std::int64_t index) const = 0;
    // The file itself; of a folder of pictures with captions the caption files.
    [[nodiscard]] virtual std::vector<std::filesystem::path> files() const = 0;

protected:
    RowSource() = default;
};

using RowSourcePointer = std::shared_ptr<const RowSource>;

// By the file's name: .jsonl .ndjson .json .csv .tsv .parquet .arrow (the last two by their first bytes).
// Errors: NotFound, Unsupported (another ending), InvalidFile, InvalidData (a CSV file without header), Cancelled.
Result<RowSourcePointer> openRows(const std::filesystem::path& file, const RowLimits& limits = {},
                                  const std::stop_token& stop = {});

// Pictures of a folder (and of folders below), each with its caption in a text file of the same name: rows {"image", "text"}.
// A picture without caption is a row that is an error.
Result<RowSourcePointer> openCaptionedPictures(const std::filesystem::path& folder);

// Whether a file's name ends as one that openRows reads, or as a picture's.
bool isDataFileName(const std::filesystem::path& file);
bool isPictureName(const std::filesystem::path& file);

}  // namespace lapidary::dataset
