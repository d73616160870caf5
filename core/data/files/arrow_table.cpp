#include "core/data/files/arrow_table.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "core/data/files/arrow_cells.h"
#include "core/data/files/parquet_table.h"
#include "core/shared/base/mapped_file.h"

namespace lapidary::files {
namespace {

constexpr std::string_view kParquetMagic = "PAR1";
constexpr std::string_view kArrowFileMagic = "ARROW1";
// More batches than that in one file are made to exhaust memory, not to hold data.
constexpr std::size_t kMaxBatches = 1'000'000;

// The batches of an IPC file or stream; their cells lie in the mapping.
class IpcTable final : public ArrowTable {
public:
    static Result<std::shared_ptr<const ArrowTable>> open(std::shared_ptr<const MappedFile> file) {
        auto table = std::shared_ptr<IpcTable>(new IpcTable());
        table->m_file = std::move(file);
        const auto bytes = table->m_file->bytes();
        const auto buffer =
            std::make_shared<::arrow::Buffer>(reinterpret_cast<const std::uint8_t*>(bytes.data()), std::ssize(bytes));
        const auto input = std::make_shared<::arrow::io::BufferReader>(buffer);
        const std::string_view head(reinterpret_cast<const char*>(bytes.data()),
                                    std::min(bytes.size(), kArrowFileMagic.size()));
        RETURN_IF_ERROR(head == kArrowFileMagic ? table->readFileBatches(input) : table->readStreamBatches(input));
        return std::shared_ptr<const ArrowTable>(std::move(table));
    }

protected:
    Result<Json> readRow(std::int64_t index) const override {
        const auto next = std::upper_bound(m_firstRows.begin(), m_firstRows.end(), index);
        const auto batch = static_cast<std::size_t>(next - m_firstRows.begin()) - 1;
        return detail::rowOfBatch(*m_batches[batch], index - m_firstRows[batch]);
    }

private:
    IpcTable() : m_pool(::arrow::default_memory_pool(), kMaxArrowBytes) {}

    [[nodiscard]] ::arrow::ipc::IpcReadOptions options() {
        auto options = ::arrow::ipc::IpcReadOptions::Defaults();
        options.memory_pool = &m_pool;
        options.use_threads = false;
        return options;
    }

    Result<void> readFileBatches(const std::shared_ptr<::arrow::io::BufferReader>& input) {
        auto reader = ::arrow::ipc::RecordBatchFileReader::Open(input, options());
        if (!reader.ok())
            return detail::arrowError(reader.status(), "the Arrow file's footer is missing or damaged: is the file complete?");
        RETURN_IF_ERROR(begin(*(*reader)->schema()));
        for (int i = 0; i < (*reader)->num_record_batches(); ++i) {
            auto batch = (*reader)->ReadRecordBatch(i);
            RETURN_IF_ERROR(add(batch.status(), batch.ok() ? *batch : nullptr));
        }
        return {};
    }

    Result<void> readStreamBatches(const std::shared_ptr<::arrow::io::BufferReader>& input) {
        auto reader = ::arrow::ipc::RecordBatchStreamReader::Open(input, options());
        if (!reader.ok()) return detail::arrowError(reader.status(), "neither a Parquet file nor an Arrow file or stream");
        RETURN_IF_ERROR(begin(*(*reader)->schema()));
        while (true) {
            std::shared_ptr<::arrow::RecordBatch> batch;
            const ::arrow::Status status = (*reader)->ReadNext(&batch);
            if (status.ok() && batch == nullptr) return {};
            RETURN_IF_ERROR(add(status, std::move(batch)));
        }
    }

    Result<void> begin(const ::arrow::Schema& schema) {
        m_columns = detail::columnsOf(schema);
        return detail::checkTypes(schema);
    }

    Result<void> add(const ::arrow::Status& status, std::shared_ptr<::arrow::RecordBatch> batch) {
        const std::string place = "batch " + std::to_string(m_batches.size() + 1);
        if (!status.ok()) return detail::arrowError(status, place + " cannot be read: is the file complete?");
        if (m_batches.size() == kMaxBatches) {
            return Error{ErrorCode::InvalidFile, "more than " + std::to_string(kMaxBatches) + " batches", ""};
        }
        if (auto valid = detail::validateBatch(*batch); !valid) return valid.error().within(place);
        if (batch->num_rows() == 0) return {};
        m_firstRows.push_back(m_rows);
        m_rows += batch->num_rows();
        m_batches.push_back(std::move(batch));
        return {};
    }

    std::shared_ptr<const MappedFile> m_file;
    ::arrow::CappedMemoryPool m_pool;  // before the batches, which may hold memory of it
    std::vector<std::shared_ptr<::arrow::RecordBatch>> m_batches;
    std::vector<std::int64_t> m_firstRows;  // of each batch
};

Result<std::shared_ptr<const ArrowTable>> openTable(const std::filesystem::path& path) {
    ASSIGN_OR_RETURN(auto file, MappedFile::open(path));
    const auto bytes = file->bytes();
    if (bytes.size() < 8)
        return Error{ErrorCode::InvalidFile, "neither a Parquet nor an Arrow file (" + std::to_string(bytes.size()) + " bytes)",
                     ""};
    const std::string_view head(reinterpret_cast<const char*>(bytes.data()), kParquetMagic.size());
    if (head == kParquetMagic) return detail::openParquet(path, bytes.size());
    return IpcTable::open(std::move(file));
}

}  // namespace

Result<std::shared_ptr<const ArrowTable>> ArrowTable::open(const std::filesystem::path& path) {
    try {
        auto table = openTable(path);
        if (!table) return table.error().within(path.string());
        return table;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& problem) {  // what Parquet throws at damaged metadata
        return Error{ErrorCode::InvalidFile, "the file is damaged (" + clipText(problem.what(), 300) + ")", path.string()};
    }
}

Result<Json> ArrowTable::row(std::int64_t index) const {
    if (index < 0 || index >= m_rows) {
        return Error{ErrorCode::Internal, "row " + std::to_string(index) + " of " + std::to_string(m_rows) + " was asked for",
                     ""};
    }
    const std::scoped_lock lock(m_mutex);
    try {
        return readRow(index);
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& problem) {
        return Error{ErrorCode::InvalidFile,
                     "row " + std::to_string(index + 1) + " cannot be decoded (" + clipText(problem.what(), 300) + ")", ""};
    }
}

}  // namespace lapidary::files
