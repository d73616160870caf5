#include "tests/support/arrow_writer.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <stdexcept>

namespace lapidary::test {
namespace {

using nlohmann::json;

void check(const arrow::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.ToString());
}

template <class T>
T value(arrow::Result<T> result) {
    check(result.status());
    return std::move(result).ValueUnsafe();
}

// The comma-separated parts of "a: T, b: U<V, W>" at the outer level.
std::vector<std::string> parts(const std::string& text) {
    std::vector<std::string> found(1);
    int depth = 0;
    for (const char c : text) {
        if (c == '<') ++depth;
        if (c == '>') --depth;
        if (c == ',' && depth == 0) {
            found.emplace_back();
        } else if (c != ' ' || !found.back().empty()) {
            found.back() += c;
        }
    }
    return found;
}

std::shared_ptr<arrow::DataType> typeOf(const std::string& name) {
    if (name == "string") return arrow::utf8();
    if (name == "int64") return arrow::int64();
    if (name == "double") return arrow::float64();
    if (name == "bool") return arrow::boolean();
    if (name == "binary") return arrow::binary();
    if (name == "date") return arrow::date32();
    if (name == "dictionary") return arrow::dictionary(arrow::int32(), arrow::utf8());
    if (name == "image") return typeOf("struct<bytes: binary, path: string>");
    if (name.starts_with("list<")) return arrow::list(typeOf(name.substr(5, name.size() - 6)));
    if (name.starts_with("struct<")) {
        arrow::FieldVector fields;
        for (const std::string& part : parts(name.substr(7, name.size() - 8))) {
            const std::size_t colon = part.find(": ");
            fields.push_back(arrow::field(part.substr(0, colon), typeOf(part.substr(colon + 2))));
        }
        return arrow::struct_(fields);
    }
    throw std::runtime_error("no type for '" + name + "'");
}

std::string bytesOf(const json& cell) {
    if (!cell.is_binary()) return cell.get<std::string>();
    return {cell.get_binary().begin(), cell.get_binary().end()};
}

void append(arrow::ArrayBuilder& builder, const json& cell) {
    if (cell.is_null()) return check(builder.AppendNull());
    switch (builder.type()->id()) {
        case arrow::Type::STRING: return check(static_cast<arrow::StringBuilder&>(builder).Append(bytesOf(cell)));
        case arrow::Type::BINARY: return check(static_cast<arrow::BinaryBuilder&>(builder).Append(bytesOf(cell)));
        case arrow::Type::INT64: return check(static_cast<arrow::Int64Builder&>(builder).Append(cell.get<std::int64_t>()));
        case arrow::Type::DOUBLE: return check(static_cast<arrow::DoubleBuilder&>(builder).Append(cell.get<double>()));
        case arrow::Type::BOOL: return check(static_cast<arrow::BooleanBuilder&>(builder).Append(cell.get<bool>()));
        case arrow::Type::DATE32: return check(static_cast<arrow::Date32Builder&>(builder).Append(cell.get<std::int32_t>()));
        case arrow::Type::DICTIONARY:
            return check(static_cast<arrow::StringDictionary32Builder&>(builder).Append(cell.get<std::string>()));
        case arrow::Type::LIST: {
            auto& list = static_cast<arrow::ListBuilder&>(builder);
            check(list.Append());
            for (const json& item : cell) append(*list.value_builder(), item);
            return;
        }
        case arrow::Type::STRUCT: {
            auto& record = static_cast<arrow::StructBuilder&>(builder);
            check(record.Append());
            for (int i = 0; i < record.num_fields(); ++i) {
                append(*record.field_builder(i), cell.value(record.type()->field(i)->name(), json()));
            }
            return;
        }
        default: throw std::runtime_error("no builder for " + builder.type()->ToString());
    }
}

std::shared_ptr<arrow::Table> tableOf(const ArrowFixture& fixture) {
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (const auto& [name, type] : fixture.columns) {
        fields.push_back(arrow::field(name, typeOf(type)));
        std::unique_ptr<arrow::ArrayBuilder> builder;
        if (type == "dictionary") {
            builder = std::make_unique<arrow::StringDictionary32Builder>();
        } else {
            builder = value(arrow::MakeBuilder(fields.back()->type()));
        }
        for (const json& row : fixture.rows) append(*builder, row.value(name, json()));
        arrays.push_back(value(builder->Finish()));
    }
    return arrow::Table::Make(arrow::schema(fields), arrays, static_cast<std::int64_t>(fixture.rows.size()));
}

}  // namespace

void writeParquet(const std::filesystem::path& path, const ArrowFixture& fixture, const ParquetFixtureOptions& options) {
    std::filesystem::create_directories(path.parent_path());
    parquet::WriterProperties::Builder properties;
    properties.compression(options.compressed ? parquet::Compression::SNAPPY : parquet::Compression::UNCOMPRESSED);
    if (!options.dictionary) properties.disable_dictionary();
    if (options.dataPageV2) properties.data_page_version(parquet::ParquetDataPageVersion::V2);
    const auto file = value(arrow::io::FileOutputStream::Open(path.string()));
    check(parquet::arrow::WriteTable(*tableOf(fixture), arrow::default_memory_pool(), file, options.rowsPerGroup,
                                     properties.build()));
    check(file->Close());
}

void writeArrow(const std::filesystem::path& path, const ArrowFixture& fixture, ArrowForm form, std::int64_t rowsPerBatch) {
    std::filesystem::create_directories(path.parent_path());
    const auto table = tableOf(fixture);
    const auto file = value(arrow::io::FileOutputStream::Open(path.string()));
    const auto writer = value(form == ArrowForm::File ? arrow::ipc::MakeFileWriter(file, table->schema())
                                                      : arrow::ipc::MakeStreamWriter(file, table->schema()));
    check(writer->WriteTable(*table, rowsPerBatch));
    check(writer->Close());
    check(file->Close());
}

}  // namespace lapidary::test
