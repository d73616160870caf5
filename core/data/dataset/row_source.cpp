#include "core/data/dataset/row_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/data/dataset/row_scanner.h"
#include "core/data/files/arrow_table.h"
#include "core/data/text/utf8.h"
#include "core/shared/base/file.h"

namespace lapidary::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPreviewBytes = 60;
constexpr std::uint64_t kMaxCaptionBytes = std::uint64_t{1} << 20;

std::string lowerExtension(const fs::path& file) {
    std::string text = file.extension().string();
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// The begin of a row for a message: one line of printable text, whatever it holds.
std::string previewOf(std::string_view text) {
    std::string preview = clipText(lapidary::text::repairUtf8(text.substr(0, kPreviewBytes)), kPreviewBytes);
    std::replace_if(
        preview.begin(), preview.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
    return "\"" + preview + (text.size() > kPreviewBytes ? "…\"" : "\"");
}

// JSON lines and JSON lists.
class JsonRows : public RowSource {
public:
    JsonRows(BlockFile file, std::vector<RowPlace> rows, const RowLimits& limits)
        : m_file(std::move(file)), m_rows(std::move(rows)), m_limits(limits) {}

    [[nodiscard]] std::int64_t size() const override { return std::ssize(m_rows); }
    [[nodiscard]] Result<Json> row(std::int64_t index) const override {
        ASSIGN_OR_RETURN(const std::string text, textOf(index));
        return parse(text);
    }
    [[nodiscard]] std::string place(std::int64_t index) const override {
        return m_file.path().filename().string() + ":" + std::to_string(m_rows[static_cast<std::size_t>(index)].line);
    }
    [[nodiscard]] std::vector<fs::path> files() const override { return {m_file.path()}; }

protected:
    [[nodiscard]] virtual Result<Json> parse(const std::string& text) const {
        auto value = parseJson(text, "", m_limits.maxDepth);
        if (!value) return Error{value.error().code, value.error().message + "; the row begins " + previewOf(text), ""};
        return value;
    }

    [[nodiscard]] Result<std::string> textOf(std::int64_t index) const {
        const RowPlace& place = m_rows[static_cast<std::size_t>(index)];
        if (place.length > m_limits.maxRowBytes) {
            ASSIGN_OR_RETURN(const std::string begin, m_file.read(place.offset, kPreviewBytes + 1));
            return Error{ErrorCode::InvalidData,
                         "the row is " + std::to_string(place.length) + " bytes long, more than " +
                             std::to_string(m_limits.maxRowBytes) + "; it begins " + previewOf(begin),
                         ""};
        }
        ASSIGN_OR_RETURN(std::string text, m_file.read(place.offset, place.length));
        if (place.unfinished) {
            return Error{ErrorCode::InvalidData,
                         "the file ends or goes on where it must not: is it half-written? The row begins " + previewOf(text),
                         ""};
        }
        return text;
    }

    BlockFile m_file;
    std::vector<RowPlace> m_rows;
    RowLimits m_limits;
};

class CsvRows final : public JsonRows {
public:
    static Result<RowSourcePointer> open(BlockFile file, std::vector<RowPlace> rows, const RowLimits& limits) {
        const std::string name = file.path().string();
        auto source = std::shared_ptr<CsvRows>(new CsvRows(std::move(file), std::move(rows), limits));
        auto read = source->readHeader();
        if (!read) return read.error().within(name);
        return RowSourcePointer(std::move(source));
    }

protected:
    [[nodiscard]] Result<Json> parse(const std::string& text) const override {
        auto fields = csvFields(text, m_separator);
        if (!fields) return Error{fields.error().code, fields.error().message + "; the row begins " + previewOf(text), ""};
        if (fields->size() != m_header.size()) {
            return Error{ErrorCode::InvalidData,
                         "expected " + std::to_string(m_header.size()) + " fields as in the header, found " +
                             std::to_string(fields->size()) + "; the row begins " + previewOf(text),
                         ""};
        }
        Json object = Json::object();
        for (std::size_t i = 0; i < m_header.size(); ++i) {
            if (!lapidary::text::isValidUtf8((*fields)[i])) {
                return Error{ErrorCode::InvalidData,
                             "column '" + m_header[i] + "' is not UTF-8; the row begins " + previewOf(text), ""};
            }
            object[m_header[i]] = std::move((*fields)[i]);
        }
        return object;
    }

private:
    CsvRows(BlockFile file, std::vector<RowPlace> rows, const RowLimits& limits)
        : JsonRows(std::move(file), std::move(rows), limits) {}

    // The separator is the one of comma, semicolon and tab that the header has most.
    Result<void> readHeader() {
        if (m_rows.empty())
            return Error{ErrorCode::InvalidData, "the file is empty: expected a header line with the columns' names", ""};
        ASSIGN_OR_RETURN(const std::string header, textOf(0));
        for (const char candidate : {';', '\t'}) {
            if (std::count(header.begin(), header.end(), candidate) > std::count(header.begin(), header.end(), m_separator))
                m_separator = candidate;
        }
        ASSIGN_OR_RETURN(m_header, csvFields(header, m_separator));
        for (std::size_t i = 0; i < m_header.size(); ++i) {
            if (!lapidary::text::isValidUtf8(m_header[i])) return Error{ErrorCode::InvalidData, "the header is not UTF-8", ""};
            if (std::count(m_header.begin(), m_header.end(), m_header[i]) > 1) {
                return Error{ErrorCode::InvalidData, "column '" + clipText(m_header[i], 80) + "' is there twice", ""};
            }
        }
        m_rows.erase(m_rows.begin());
        return {};
    }

    std::vector<std::string> m_header;
    char m_separator = ',';
};

class TableRows final : public RowSource {
public:
    TableRows(fs::path path, std::shared_ptr<const files::ArrowTable> table)
        : m_path(std::move(path)), m_table(std::move(table)) {}
    [[nodiscard]] std::int64_t size() const override { return m_table->rows(); }
    [[nodiscard]] Result<Json> row(std::int64_t index) const override { return m_table->row(index); }
    [[nodiscard]] std::string place(std::int64_t index) const override {
        return m_path.filename().string() + ":row " + std::to_string(index + 1);
    }
    [[nodiscard]] std::vector<fs::path> files() const override { return {m_path}; }

private:
    fs::path m_path;
    std::shared_ptr<const files::ArrowTable> m_table;
};

class CaptionedPictures final : public RowSource {
public:
    CaptionedPictures(fs::path folder, std::vector<fs::path> pictures)
        : m_folder(std::move(folder)), m_pictures(std::move(pictures)) {}
    [[nodiscard]] std::int64_t size() const override { return std::ssize(m_pictures); }
    [[nodiscard]] Result<Json> row(std::int64_t index) const override {
        const fs::path caption = captionOf(index);
        auto text = readFile(caption, kMaxCaptionBytes);
        if (!text && text.error().code == ErrorCode::NotFound) {
            return Error{ErrorCode::InvalidData,
                         "the picture has no caption: expected '" + caption.filename().string() + "' beside it", ""};
        }
        if (!text) return text.error();
        if (!lapidary::text::isValidUtf8(*text)) return Error{ErrorCode::InvalidData, "the caption is not UTF-8", ""};
        if (text->starts_with("\xEF\xBB\xBF")) text->erase(0, 3);
        return Json{{"image", m_pictures[static_cast<std::size_t>(index)].lexically_relative(m_folder).string()},
                    {"text", std::move(*text)}};
    }
    [[nodiscard]] std::string place(std::int64_t index) const override {
        return m_pictures[static_cast<std::size_t>(index)].lexically_relative(m_folder).string();
    }
    [[nodiscard]] std::vector<fs::path> files() const override {
        std::vector<fs::path> captions;
        for (std::int64_t i = 0; i < size(); ++i) captions.push_back(captionOf(i));
        return captions;
    }

private:
    [[nodiscard]] fs::path captionOf(std::int64_t index) const {
        return fs::path(m_pictures[static_cast<std::size_t>(index)]).replace_extension(".txt");
    }
    fs::path m_folder;
    std::vector<fs::path> m_pictures;
};

}  // namespace

bool isDataFileName(const fs::path& file) {
    static constexpr std::array<std::string_view, 7> kEndings{".jsonl", ".ndjson",  ".json", ".csv",
                                                              ".tsv",   ".parquet", ".arrow"};
    return std::find(kEndings.begin(), kEndings.end(), lowerExtension(file)) != kEndings.end();
}

bool isPictureName(const fs::path& file) {
    static constexpr std::array<std::string_view, 8> kEndings{".png", ".jpg", ".jpeg", ".webp",
                                                              ".bmp", ".gif", ".tif",  ".tiff"};
    return std::find(kEndings.begin(), kEndings.end(), lowerExtension(file)) != kEndings.end();
}

Result<RowSourcePointer> openRows(const fs::path& path, const RowLimits& limits, const std::stop_token& stop) {
    const std::string ending = lowerExtension(path);
    if (ending == ".parquet" || ending == ".arrow") {
        ASSIGN_OR_RETURN(auto table, files::ArrowTable::open(path));
        return RowSourcePointer(std::make_shared<TableRows>(path, std::move(table)));
    }
    ASSIGN_OR_RETURN(BlockFile file, BlockFile::open(path));
    if (!isDataFileName(path)) {
        return Error{ErrorCode::Unsupported, "a data file ends in .jsonl, .json, .csv, .tsv, .parquet or .arrow",
                     path.string()};
    }
    if (ending == ".csv" || ending == ".tsv") {
        ASSIGN_OR_RETURN(auto rows, scanCsv(file, stop));
        return CsvRows::open(std::move(file), std::move(rows), limits);
    }
    auto rows = ending == ".json" ? scanJsonList(file, stop) : scanLines(file, stop);
    if (!rows) return rows.error();
    return RowSourcePointer(std::make_shared<JsonRows>(std::move(file), std::move(*rows), limits));
}

Result<RowSourcePointer> openCaptionedPictures(const fs::path& folder) {
    std::vector<fs::path> pictures;
    std::error_code problem;
    for (auto entry = fs::recursive_directory_iterator(folder, problem);
         !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
        if (isPictureName(entry->path())) pictures.push_back(entry->path());
    }
    if (problem) return systemError("cannot list", folder, problem.value());
    std::sort(pictures.begin(), pictures.end());
    return RowSourcePointer(std::make_shared<CaptionedPictures>(folder, std::move(pictures)));
}

}  // namespace lapidary::dataset
