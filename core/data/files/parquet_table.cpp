#include "core/data/files/parquet_table.h"

#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <utility>

#include "core/data/files/arrow_cells.h"

namespace lapidary::files::detail {
namespace {

// Decoded at once: about so many bytes, by the file's own sizes.
constexpr std::int64_t kBatchBytes = std::int64_t{32} << 20;
constexpr std::int64_t kMaxBatchRows = 1024;

std::string columnName(const ::parquet::FileMetaData& metadata, int column) {
    return "column '" + clipText(metadata.schema()->Column(column)->path()->ToDotString(), 120) + "'";
}

class ParquetTable final : public ArrowTable {
public:
    ParquetTable() : m_pool(::arrow::default_memory_pool(), kMaxArrowBytes) {}

    Result<void> open(const std::filesystem::path& path, std::uint64_t fileBytes) {
        auto input = ::arrow::io::ReadableFile::Open(path.string(), &m_pool);
        if (!input.ok()) return arrowError(input.status(), "the file cannot be opened");
        ::parquet::ReaderProperties properties(&m_pool);
        properties.enable_buffered_stream();  // column chunks are read a page at a time
        ::parquet::arrow::FileReaderBuilder builder;
        const ::arrow::Status opened = builder.Open(*input, properties);
        if (!opened.ok()) return arrowError(opened, "the Parquet footer is missing or damaged: is the file complete?");
        m_metadata = builder.raw_reader()->metadata();
        RETURN_IF_ERROR(checkColumnChunks(fileBytes));
        ::parquet::ArrowReaderProperties settings;
        settings.set_use_threads(false);
        settings.set_pre_buffer(false);
        settings.set_batch_size(rowsOfBatch());
        auto reader = builder.memory_pool(&m_pool)->properties(settings)->Build();
        if (!reader.ok()) return arrowError(reader.status(), "the columns cannot be read");
        m_reader = std::move(*reader);
        std::shared_ptr<::arrow::Schema> schema;
        const ::arrow::Status known = m_reader->GetSchema(&schema);
        if (!known.ok()) return arrowError(known, "the columns cannot be read");
        m_columns = columnsOf(*schema);
        return checkTypes(*schema);
    }

protected:
    Result<Json> readRow(std::int64_t index) const override {
        const auto next = std::upper_bound(m_firstRows.begin(), m_firstRows.end(), index);
        const int group = static_cast<int>(next - m_firstRows.begin()) - 1;
        if (group != m_group || m_batch == nullptr || index < m_batchBegin) RETURN_IF_ERROR(startGroup(group));
        while (m_batch == nullptr || index >= m_batchBegin + m_batch->num_rows()) RETURN_IF_ERROR(nextBatch());
        return rowOfBatch(*m_batch, index - m_batchBegin);
    }

private:
    // Codec and place of every column chunk, so that the message names the column (Fault27).
    Result<void> checkColumnChunks(std::uint64_t fileBytes) {
        for (int group = 0; group < m_metadata->num_row_groups(); ++group) {
            const auto rowGroup = m_metadata->RowGroup(group);
            if (rowGroup->num_rows() < 0)
                return Error{ErrorCode::InvalidFile,
                             "row group " + std::to_string(group + 1) + " has a negative number of rows", ""};
            for (int column = 0; column < rowGroup->num_columns(); ++column) {
                const std::string name = columnName(*m_metadata, column) + " in row group " + std::to_string(group + 1);
                try {
                    RETURN_IF_ERROR(checkColumnChunk(*rowGroup->ColumnChunk(column), fileBytes, name));
                } catch (const ::parquet::ParquetException& problem) {
                    return Error{ErrorCode::InvalidFile, name + " is damaged (" + clipText(problem.what(), 200) + ")", ""};
                }
            }
            if (rowGroup->num_rows() > 0) {
                m_firstRows.push_back(m_rows);
                m_groups.push_back(group);
            }
            m_rows += rowGroup->num_rows();
        }
        if (m_rows != m_metadata->num_rows()) {
            return Error{
                ErrorCode::InvalidFile,
                "the footer says " + std::to_string(m_metadata->num_rows()) + " rows, its row groups " + std::to_string(m_rows),
                ""};
        }
        return {};
    }

    static Result<void> checkColumnChunk(const ::parquet::ColumnChunkMetaData& chunk, std::uint64_t fileBytes,
                                         const std::string& name) {
        const auto codec = chunk.compression();
        if (!::arrow::util::Codec::IsAvailable(codec)) {
            return Error{ErrorCode::Unsupported,
                         name + " is compressed with " + ::arrow::util::Codec::GetCodecAsString(codec) +
                             ", which cannot be read; write the file again with snappy, zstd, gzip or none",
                         ""};
        }
        const std::int64_t size = chunk.total_compressed_size();
        const std::int64_t begin = chunk.has_dictionary_page() && chunk.dictionary_page_offset() > 0
                                       ? std::min(chunk.dictionary_page_offset(), chunk.data_page_offset())
                                       : chunk.data_page_offset();
        if (size < 0 || begin < 0 || static_cast<std::uint64_t>(begin) > fileBytes ||
            static_cast<std::uint64_t>(size) > fileBytes - static_cast<std::uint64_t>(begin)) {
            return Error{ErrorCode::InvalidFile,
                         name + " lies at bytes " + std::to_string(begin) + " + " + std::to_string(size) + " of a file of " +
                             std::to_string(fileBytes),
                         ""};
        }
        return {};
    }

    [[nodiscard]] std::int64_t rowsOfBatch() const {
        std::int64_t rows = kMaxBatchRows;
        for (int group = 0; group < m_metadata->num_row_groups(); ++group) {
            const auto rowGroup = m_metadata->RowGroup(group);
            const std::int64_t bytesPerRow =
                std::max<std::int64_t>(1, rowGroup->total_byte_size() / std::max<std::int64_t>(1, rowGroup->num_rows()));
            rows = std::min(rows, kBatchBytes / bytesPerRow);
        }
        return std::max<std::int64_t>(1, rows);
    }

    Result<void> startGroup(int group) const {
        m_batch = nullptr;
        m_group = -1;
        auto batches = m_reader->GetRecordBatchReader(std::vector<int>{m_groups[static_cast<std::size_t>(group)]});
        if (!batches.ok()) return readError(batches.status(), group);
        m_batches = std::move(*batches);
        m_group = group;
        m_batchBegin = m_firstRows[static_cast<std::size_t>(group)];
        return {};
    }

    Result<void> nextBatch() const {
        if (m_batch != nullptr) m_batchBegin += m_batch->num_rows();
        const int group = std::exchange(m_group, -1);  // not kept where reading fails
        std::shared_ptr<::arrow::RecordBatch> batch;
        const ::arrow::Status status = m_batches->ReadNext(&batch);
        if (!status.ok()) return readError(status, group);
        if (batch == nullptr || batch->num_rows() == 0) {
            return Error{ErrorCode::InvalidFile,
                         "row group " + std::to_string(m_groups[static_cast<std::size_t>(group)] + 1) +
                             " holds fewer rows than the footer says",
                         ""};
        }
        RETURN_IF_ERROR(validateBatch(*batch));
        m_batch = std::move(batch);
        m_group = group;
        return {};
    }

    // Arrow's message names no column: each is tried alone, and the first that fails is named.
    Error readError(const ::arrow::Status& status, int group) const {
        const int number = m_groups[static_cast<std::size_t>(group)];
        for (int column = 0; column < m_metadata->num_columns(); ++column) {
            auto batches = m_reader->GetRecordBatchReader({number}, {column});
            ::arrow::Status alone = batches.status();
            std::shared_ptr<::arrow::RecordBatch> batch;
            do {
                if (alone.ok()) alone = (*batches)->ReadNext(&batch);
            } while (alone.ok() && batch != nullptr);
            if (!alone.ok())
                return arrowError(alone, columnName(*m_metadata, column) + " in row group " + std::to_string(number + 1) +
                                             " cannot be decoded");
        }
        return arrowError(status, "row group " + std::to_string(number + 1) + " cannot be decoded");
    }

    ::arrow::CappedMemoryPool m_pool;  // before the readers, which hold memory of it
    std::shared_ptr<::parquet::FileMetaData> m_metadata;
    std::unique_ptr<::parquet::arrow::FileReader> m_reader;
    std::vector<std::int64_t> m_firstRows;  // of each row group that has rows
    std::vector<int> m_groups;              // their numbers in the file

    // The rows decoded last: [m_batchBegin, m_batchBegin + rows of m_batch) of row group m_group.
    mutable std::unique_ptr<::arrow::RecordBatchReader> m_batches;
    mutable std::shared_ptr<::arrow::RecordBatch> m_batch;
    mutable std::int64_t m_batchBegin = 0;
    mutable int m_group = -1;
};

}  // namespace

Result<std::shared_ptr<const ArrowTable>> openParquet(const std::filesystem::path& path, std::uint64_t fileBytes) {
    auto table = std::make_shared<ParquetTable>();
    RETURN_IF_ERROR(table->open(path, fileBytes));
    return std::shared_ptr<const ArrowTable>(std::move(table));
}

}  // namespace lapidary::files::detail
