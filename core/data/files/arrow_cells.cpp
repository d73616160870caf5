#include "core/data/files/arrow_cells.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/float16.h>

namespace lapidary::files::detail {
namespace {

using ::arrow::Array;
using ::arrow::Type;

constexpr int kMaxTypeDepth = 32;

std::string quoted(const std::string& name) { return "column '" + clipText(name, 80) + "'"; }

template <class ArrayType>
Json binaryCell(const Array& array, std::int64_t row) {
    const std::string_view bytes = static_cast<const ArrayType&>(array).GetView(row);
    const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return Json::binary(std::vector<std::uint8_t>(begin, begin + bytes.size()));
}

template <class ArrayType>
Json textCell(const Array& array, std::int64_t row) {
    return std::string(static_cast<const ArrayType&>(array).GetView(row));
}

template <class ArrayType>
Json numberCell(const Array& array, std::int64_t row) {
    return static_cast<const ArrayType&>(array).Value(row);
}

Json cell(const Array& array, std::int64_t row);

Json listOf(const Array& values, std::int64_t begin, std::int64_t length) {
    Json list = Json::array();
    for (std::int64_t i = 0; i < length; ++i) list.push_back(cell(values, begin + i));
    return list;
}

template <class ArrayType>
Json listCell(const Array& array, std::int64_t row) {
    const auto& list = static_cast<const ArrayType&>(array);
    return listOf(*list.values(), list.value_offset(row), list.value_length(row));
}

Json structCell(const Array& array, std::int64_t row) {
    const auto& record = static_cast<const ::arrow::StructArray&>(array);
    Json object = Json::object();
    for (int i = 0; i < record.num_fields(); ++i) object[record.struct_type()->field(i)->name()] = cell(*record.field(i), row);
    return object;
}

// Everything that has no place of its own in JSON (dates, decimals, durations) is written as Arrow prints it.
Json printedCell(const Array& array, std::int64_t row) {
    const auto scalar = array.GetScalar(row);
    return scalar.ok() ? Json((*scalar)->ToString()) : Json();
}

Json cell(const Array& array, std::int64_t row) {
    if (array.IsNull(row)) return nullptr;
    switch (array.type_id()) {
        case Type::NA: return nullptr;
        case Type::BOOL: return static_cast<const ::arrow::BooleanArray&>(array).Value(row);
        case Type::UINT8: return numberCell<::arrow::UInt8Array>(array, row);
        case Type::INT8: return numberCell<::arrow::Int8Array>(array, row);
        case Type::UINT16: return numberCell<::arrow::UInt16Array>(array, row);
        case Type::INT16: return numberCell<::arrow::Int16Array>(array, row);
        case Type::UINT32: return numberCell<::arrow::UInt32Array>(array, row);
        case Type::INT32: return numberCell<::arrow::Int32Array>(array, row);
        case Type::UINT64: return numberCell<::arrow::UInt64Array>(array, row);
        case Type::INT64: return numberCell<::arrow::Int64Array>(array, row);
        case Type::FLOAT: return numberCell<::arrow::FloatArray>(array, row);
        case Type::DOUBLE: return numberCell<::arrow::DoubleArray>(array, row);
        case Type::STRING: return textCell<::arrow::StringArray>(array, row);
        case Type::LARGE_STRING: return textCell<::arrow::LargeStringArray>(array, row);
        case Type::STRING_VIEW: return textCell<::arrow::StringViewArray>(array, row);
        case Type::BINARY: return binaryCell<::arrow::BinaryArray>(array, row);
        case Type::LARGE_BINARY: return binaryCell<::arrow::LargeBinaryArray>(array, row);
        case Type::BINARY_VIEW: return binaryCell<::arrow::BinaryViewArray>(array, row);
        case Type::FIXED_SIZE_BINARY: return binaryCell<::arrow::FixedSizeBinaryArray>(array, row);
        case Type::LIST: return listCell<::arrow::ListArray>(array, row);
        case Type::LARGE_LIST: return listCell<::arrow::LargeListArray>(array, row);
        case Type::FIXED_SIZE_LIST: return listCell<::arrow::FixedSizeListArray>(array, row);
        case Type::MAP: return listCell<::arrow::MapArray>(array, row);
        case Type::STRUCT: return structCell(array, row);
        case Type::DICTIONARY: {
            const auto& dictionary = static_cast<const ::arrow::DictionaryArray&>(array);
            return cell(*dictionary.dictionary(), dictionary.GetValueIndex(row));
        }
        default: return printedCell(array, row);
    }
}

// The name of the type that cannot be told in JSON, or nothing.
std::optional<std::string> unreadable(const ::arrow::DataType& type, int depth) {
    if (depth > kMaxTypeDepth) return "types inside each other more than " + std::to_string(kMaxTypeDepth) + " deep";
    switch (type.id()) {
        case Type::SPARSE_UNION:
        case Type::DENSE_UNION:
        case Type::RUN_END_ENCODED:
        case Type::LIST_VIEW:
        case Type::LARGE_LIST_VIEW:
        case Type::EXTENSION: return type.ToString();
        case Type::DICTIONARY: return unreadable(*static_cast<const ::arrow::DictionaryType&>(type).value_type(), depth + 1);
        default: break;
    }
    for (const auto& field : type.fields()) {
        if (auto found = unreadable(*field->type(), depth + 1)) return found;
    }
    return std::nullopt;
}

}  // namespace

Result<Json> rowOfBatch(const ::arrow::RecordBatch& batch, std::int64_t row) {
    Json object = Json::object();
    for (int i = 0; i < batch.num_columns(); ++i) object[batch.schema()->field(i)->name()] = cell(*batch.column(i), row);
    return object;
}

Result<void> checkTypes(const ::arrow::Schema& schema) {
    for (const auto& field : schema.fields()) {
        if (const auto type = unreadable(*field->type(), 0)) {
            return Error{ErrorCode::Unsupported,
                         quoted(field->name()) + " is of a type that cannot be read: " + clipText(*type, 200), ""};
        }
    }
    for (int i = 0; i < schema.num_fields(); ++i) {
        if (schema.GetAllFieldIndices(schema.field(i)->name()).size() > 1)
            return Error{ErrorCode::InvalidFile, quoted(schema.field(i)->name()) + " is there twice", ""};
    }
    return {};
}

std::vector<ArrowColumn> columnsOf(const ::arrow::Schema& schema) {
    std::vector<ArrowColumn> columns;
    for (const auto& field : schema.fields()) columns.push_back({field->name(), clipText(field->type()->ToString(), 300)});
    return columns;
}

Result<void> validateBatch(const ::arrow::RecordBatch& batch) {
    for (int i = 0; i < batch.num_columns(); ++i) {
        if (batch.column(i)->length() != batch.num_rows())
            return Error{ErrorCode::InvalidFile, quoted(batch.schema()->field(i)->name()) + " is not as long as its table", ""};
        const ::arrow::Status status = batch.column(i)->ValidateFull();
        if (!status.ok()) return arrowError(status, quoted(batch.schema()->field(i)->name()) + " is damaged");
    }
    return {};
}

Error arrowError(const ::arrow::Status& status, const std::string& what) {
    ErrorCode code = ErrorCode::InvalidFile;
    if (status.IsOutOfMemory()) code = ErrorCode::OutOfMemory;
    if (status.IsNotImplemented()) code = ErrorCode::Unsupported;
    return {code, what + " (" + clipText(status.message(), 300) + ")", ""};
}

}  // namespace lapidary::files::detail
