// Small Parquet and Arrow files for tests, written by Arrow itself from JSON rows.  Link lapidary::test_arrow_files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace lapidary::test {

struct ArrowFixture {
    // Name and type: "string", "int64", "double", "bool", "binary", "image" (Hugging Face's struct<bytes: binary, path: string>),
    // "list<T>", "struct<name: T, …>", "dictionary" (of strings), "date".
    std::vector<std::pair<std::string, std::string>> columns;
    std::vector<nlohmann::json> rows;  // objects; an absent or null value is null; binary cells are json::binary or strings
};

struct ParquetFixtureOptions {
    std::int64_t rowsPerGroup = 1024;
    bool compressed = true;  // snappy
    bool dictionary = true;
    bool dataPageV2 = false;
};

void writeParquet(const std::filesystem::path& path, const ArrowFixture& fixture, const ParquetFixtureOptions& options = {});

enum class ArrowForm { File, Stream };
void writeArrow(const std::filesystem::path& path, const ArrowFixture& fixture, ArrowForm form,
                std::int64_t rowsPerBatch = 1024);

}  // namespace lapidary::test
