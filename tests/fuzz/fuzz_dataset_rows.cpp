// Rows of a data file: the first byte says which kind, the rest is the file.  Whatever it holds, rows are values or errors.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/data/dataset/makers.h"
#include "core/data/dataset/row_source.h"

namespace {

// One folder a process: the readers want a file with a name.
const std::filesystem::path& folder() {
    static const std::filesystem::path kFolder = [] {
        std::string name = (std::filesystem::temp_directory_path() / "lapidary-fuzz-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        return std::filesystem::path(name);
    }();
    return kFolder;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lapidary::dataset;
    if (size == 0) return 0;
    static constexpr const char* kNames[] = {"a.jsonl", "a.json", "a.csv", "a.parquet"};
    const std::filesystem::path file = folder() / kNames[data[0] % 4];
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(data + 1), static_cast<std::streamsize>(size - 1));
    const auto rows = openRows(file);
    for (std::int64_t i = 0; rows && i < (*rows)->size() && i < 100; ++i) {
        const auto row = (*rows)->row(i);
        (void)(*rows)->place(i);
        if (!row) continue;
        for (const MarkerNumbering markers : {MarkerNumbering::AcrossRecord, MarkerNumbering::RestartInEachTurn}) {
            const auto mapped = mapRow(*row, {"/data", markers, {}});
            if (mapped) (void)checkTurns(mapped->record);
        }
        for (const Maker maker : {Maker::CordV2, Maker::Raven}) (void)makeRecord(maker, *row);
    }
    std::filesystem::remove(file);
    return 0;
}
