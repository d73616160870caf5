// A data set as people name it (a file, a folder, the id of a set in the local Hugging Face cache, a maker) → its records by number.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/dataset/makers.h"
#include "core/data/dataset/record.h"
#include "core/data/dataset/row_source.h"
#include "core/shared/base/result.h"

namespace lapidary::dataset {

struct RecordRequest {
    std::string path;  // file, folder, or "org/name" in the cache; empty with a maker: the maker's own repository in the cache
    std::string maker;  // empty, or a name that makerInfo knows
    std::string split = "train";  // which files of a folder: "train-…", "…-train…", or in a folder "train"
    std::string subset;  // folder inside a repository; empty: the maker's own, else all
    std::filesystem::path pictureFolder;  // relative picture paths; empty: the data file's folder
    MarkerNumbering markers = MarkerNumbering::AcrossRecord;
    std::map<std::string, std::string> columns;  // as MappingOptions
    RowLimits limits;
};

// A row that was read and mapped.
struct MappedRecord {
    Record record;
    std::map<std::string, std::string> columns;  // column → meaning
    bool dropped = false;  // by a maker's own rule: neither a sample nor an error
};

// Any thread may use it.
class RecordSet {
public:
    // Errors: NotFound (no such path; no file of that split, naming the splits that are there), Usage, those of openRows.
    static Result<RecordSet> open(const RecordRequest& request, const std::stop_token& stop = {});

    [[nodiscard]] std::int64_t rows() const { return m_rows; }
    // Row `index` in [0, rows).  Errors: of the row alone; the code is InvalidData where the record's form is at fault and the place
    // is in the context.
    [[nodiscard]] Result<MappedRecord> record(std::int64_t index) const;
    [[nodiscard]] std::string place(std::int64_t index) const;

    // Data files in the order of their rows.
    [[nodiscard]] std::vector<std::filesystem::path> files() const;
    // The folder that file names are told relative to.
    [[nodiscard]] const std::filesystem::path& root() const { return m_root; }
    [[nodiscard]] const RecordRequest& request() const { return m_request; }
    // "train.jsonl", "naver-clova-ix/cord-v2 (train)": for titles.
    [[nodiscard]] std::string name() const;

private:
    struct Part {
        RowSourcePointer source;
        std::filesystem::path pictureFolder;
        std::int64_t firstRow = 0;
    };
    RecordSet() = default;
    [[nodiscard]] const Part& partOf(std::int64_t index) const;
    Result<void> openFolder(const std::filesystem::path& folder, const std::stop_token& stop);
    Result<void> openFile(const std::filesystem::path& file, const std::stop_token& stop);
    void add(RowSourcePointer source, std::filesystem::path pictureFolder);

    RecordRequest m_request;
    std::optional<MakerInfo> m_maker;
    std::filesystem::path m_root;
    std::vector<Part> m_parts;
    std::int64_t m_rows = 0;
};

}  // namespace lapidary::dataset
