#include "core/data/dataset/record_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/data/image/file_kind.h"
#include "core/shared/base/file.h"

namespace lapidary::dataset {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

const char* endingOf(std::span<const std::byte> bytes) {
    using image::detail::FileKind;
    switch (image::detail::sniffKind(bytes)) {
        case FileKind::Png: return ".png";
        case FileKind::Jpeg: return ".jpg";
        case FileKind::Webp: return ".webp";
        case FileKind::Bmp: return ".bmp";
        case FileKind::Tiff: return ".tif";
        case FileKind::Gif: return ".gif";
        case FileKind::Other: break;
    }
    return nullptr;
}

class RecordWriter {
public:
    RecordWriter(const RecordSet& records, const WriteRequest& request)
        : m_records(records), m_request(request), m_split(records.request().split) {}

    Result<WriteReport> write(const std::stop_token& stop) {
        m_report.file = m_request.folder / (m_split + ".jsonl");
        std::error_code problem;
        if (fs::exists(m_report.file, problem)) {
            return Error{ErrorCode::Usage, "the file is there already; remove it or choose another folder",
                         m_report.file.string()};
        }
        fs::create_directories(m_request.folder / "images", problem);
        if (problem) return systemError("cannot make the folder", m_request.folder / "images", problem.value());
        const std::int64_t rows = m_request.limit > 0 ? std::min(m_request.limit, m_records.rows()) : m_records.rows();
        for (std::int64_t row = 0; row < rows; ++row) {
            if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "cancelled at row " + std::to_string(row + 1), ""};
            if (m_request.progress) m_request.progress(row, rows);
            RETURN_IF_ERROR(writeRow(row, stop));
        }
        if (m_report.rows == 0) return Error{ErrorCode::InvalidData, "no row can be written", m_records.name()};
        RETURN_IF_ERROR(writeFileAtomically(m_report.file, m_lines));
        return std::move(m_report);
    }

private:
    Result<void> writeRow(std::int64_t row, const std::stop_token& stop) {
        auto mapped = m_records.record(row);
        if (!mapped) return leaveOut(row, Rule::BadRecord, mapped.error());
        if (mapped->dropped) {
            ++m_report.dropped;
            return {};
        }
        std::vector<std::string> names;
        for (const PictureRef& picture : mapped->record.pictures) {
            auto name = writePicture(picture, row, names.size(), stop);
            if (!name && (name.error().code == ErrorCode::Cancelled || name.error().code == ErrorCode::Io)) return name.error();
            if (!name) return leaveOut(row, Rule::PictureUnreadable, name.error().within(mapped->record.place));
            names.push_back(std::move(*name));
        }
        m_lines += lineOf(mapped->record, names).dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
        ++m_report.rows;
        return {};
    }

    Result<void> leaveOut(std::int64_t row, Rule rule, const Error& error) {
        if (m_request.badRows == BadRows::Stop) return error;
        m_report.findings.add({rule, row, m_records.place(row), error.message});
        return {};
    }

    Result<std::string> writePicture(const PictureRef& picture, std::int64_t row, std::size_t number,
                                     const std::stop_token& stop) {
        ASSIGN_OR_RETURN(const std::string bytes, readPictureBytes(picture, m_request.urls, stop));
        const char* ending = endingOf(std::as_bytes(std::span(bytes)));
        if (ending == nullptr) {
            return Error{ErrorCode::InvalidData,
                         describePicture(picture) + " is no picture, but " +
                             image::detail::describeOtherKind(std::as_bytes(std::span(bytes))),
                         ""};
        }
        std::string digits = std::to_string(row + 1);
        digits.insert(0, digits.size() < 6 ? 6 - digits.size() : 0, '0');  // sorted by name is sorted by row
        const std::string name = "images/" + m_split + "-" + digits + "-" + std::to_string(number + 1) + ending;
        RETURN_IF_ERROR(writeFileAtomically(m_request.folder / name, bytes));
        ++m_report.pictures;
        return name;
    }

    static ordered_json lineOf(const Record& record, const std::vector<std::string>& pictures) {
        ordered_json line;
        if (!record.id.empty()) line["id"] = record.id;
        line["messages"] = ordered_json::array();
        for (const text::Message& message : record.messages) {
            ordered_json turn{{"role", message.role}};
            if (const auto* parts = std::get_if<std::vector<text::ContentPart>>(&message.content)) {
                turn["content"] = ordered_json::array();
                for (const text::ContentPart& part : *parts) {
                    if (part.type == text::ContentPart::Type::Image) {
                        turn["content"].push_back(
                            {{"type", "image"}, {"path", pictures.at(static_cast<std::size_t>(part.imageIndex))}});
                    } else {
                        turn["content"].push_back({{"type", "text"}, {"text", part.text}});
                    }
                }
            } else {
                turn["content"] = textOfMessage(message);
            }
            line["messages"].push_back(std::move(turn));
        }
        return line;
    }

    const RecordSet& m_records;
    const WriteRequest& m_request;
    std::string m_split;
    std::string m_lines;
    WriteReport m_report;
};

}  // namespace

Result<WriteReport> writeRecords(const RecordSet& records, const WriteRequest& request, const std::stop_token& stop) {
    return RecordWriter(records, request).write(stop);
}

}  // namespace lapidary::dataset
