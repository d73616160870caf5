#include "core/data/dataset/row_scanner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/shared/base/file.h"

namespace lapidary::dataset {
namespace {

constexpr std::uint64_t kBlockBytes = std::uint64_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Calls visit(block, offset of the block) for the whole file behind a byte order mark.
template <class Visit>
Result<void> eachBlock(const BlockFile& file, const std::stop_token& stop, Visit visit) {
    std::string buffer(std::min(kBlockBytes, file.size()), '\0');
    std::uint64_t offset = 0;
    while (offset < file.size()) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "cancelled", ""};
        buffer.resize(std::min(kBlockBytes, file.size() - offset));
        RETURN_IF_ERROR(file.readInto(offset, buffer));
        const std::size_t skipped = offset == 0 && buffer.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
        visit(std::string_view(buffer).substr(skipped), offset + skipped);
        offset += buffer.size();
    }
    return {};
}

class LineScanner {
public:
    void visit(std::string_view block, std::uint64_t offset) {
        if (!m_begun) m_row.offset = offset;
        m_begun = true;
        std::size_t at = 0;
        while (at < block.size()) {
            const void* found = std::memchr(block.data() + at, '\n', block.size() - at);
            const std::size_t end =
                found == nullptr ? block.size() : static_cast<std::size_t>(static_cast<const char*>(found) - block.data());
            const std::string_view part = block.substr(at, end - at);
            m_hasText = m_hasText || !std::all_of(part.begin(), part.end(), isSpace);
            if (found == nullptr) return;
            finish(offset + end);
            at = end + 1;
        }
    }

    std::vector<RowPlace> take(std::uint64_t fileSize) && {
        if (m_begun) finish(fileSize);
        return std::move(m_rows);
    }

private:
    void finish(std::uint64_t end) {
        m_row.length = end - m_row.offset;
        if (m_hasText) m_rows.push_back(m_row);
        m_row.offset = end + 1;
        ++m_row.line;
        m_hasText = false;
    }

    std::vector<RowPlace> m_rows;
    RowPlace m_row;
    bool m_begun = false;
    bool m_hasText = false;
};

// Follows brackets and strings.  Depth 0: before the document; the rows are what lies between commas at depth `m_rowDepth`.
class JsonListScanner {
public:
    void visit(std::string_view block, std::uint64_t offset) {
        for (std::size_t i = 0; i < block.size(); ++i) step(block[i], offset + i);
    }

    std::vector<RowPlace> take(std::uint64_t fileSize) && {
        if (m_rowDepth == 0) {  // no list: the document, whole as it may be, is the one row
            if (m_sawText) m_rows = {{m_documentBegin, fileSize - m_documentBegin, m_documentLine, m_depth > 0}};
        } else if (!m_closed) {
            closeRow(fileSize, true);
            if (m_rows.empty() || !m_rows.back().unfinished) m_rows.push_back({fileSize, 0, m_line, true});
        }
        return std::move(m_rows);
    }

private:
    void step(char c, std::uint64_t at) {
        if (m_inString) return stepInString(c);
        if (isSpace(c)) {
            if (c == '\n') ++m_line;
            return;
        }
        if (!m_sawText) {
            m_sawText = true;
            m_documentBegin = at;
            m_documentLine = m_line;
        }
        if (m_closed) return stepBehindList(at);
        switch (c) {
            case '"':
                beginValue(at);
                m_inString = true;
                m_string.clear();
                break;
            case '[':
            case '{':
                // The list itself: the document, or what stands under a known key of it.
                if (c == '[' && m_rowDepth == 0 && (m_depth == 0 || (m_depth == 1 && m_afterColon && isListKey()))) {
                    m_rowDepth = ++m_depth;
                    break;
                }
                beginValue(at);
                ++m_depth;
                m_afterColon = false;
                break;
            case ']':
            case '}':
                if (m_depth == m_rowDepth && m_rowDepth > 0) {
                    closeRow(at, false);
                    m_closed = true;
                }
                if (m_depth > 0) --m_depth;
                break;
            case ',':
                if (m_depth == m_rowDepth && m_rowDepth > 0) closeRow(at, false);
                m_afterColon = false;
                break;
            case ':': m_afterColon = m_depth == 1; break;
            default: beginValue(at);
        }
    }

    void stepInString(char c) {
        if (m_escaped) {
            m_escaped = false;
        } else if (c == '\\') {
            m_escaped = true;
        } else if (c == '"') {
            m_inString = false;
        } else if (m_string.size() < 16) {
            m_string += c;
        }
        if (c == '\n') ++m_line;
    }

    // The other keys of the object around the list are let through; behind a list that is the document nothing may follow.
    void stepBehindList(std::uint64_t at) {
        if (m_rowDepth == 1 && (m_rows.empty() || !m_rows.back().unfinished)) m_rows.push_back({at, 0, m_line, true});
    }

    [[nodiscard]] bool isListKey() const { return m_string == "data" || m_string == "examples" || m_string == "records"; }

    void beginValue(std::uint64_t at) {
        if (m_rowDepth == 0 || m_depth != m_rowDepth || m_inRow) return;
        m_inRow = true;
        m_row = {at, 0, m_line, false};
    }

    void closeRow(std::uint64_t end, bool unfinished) {
        if (!m_inRow) return;
        m_row.length = end - m_row.offset;
        m_row.unfinished = unfinished;
        m_rows.push_back(m_row);
        m_inRow = false;
    }

    std::vector<RowPlace> m_rows;
    RowPlace m_row;
    std::string m_string;  // the first bytes of the last string: the key before a ':'
    std::uint64_t m_documentBegin = 0;
    std::int64_t m_documentLine = 1;
    std::int64_t m_line = 1;
    std::uint64_t m_depth = 0;
    std::uint64_t m_rowDepth = 0;  // depth inside the list; 0 until it is found
    bool m_sawText = false;
    bool m_inString = false;
    bool m_escaped = false;
    bool m_afterColon = false;
    bool m_inRow = false;
    bool m_closed = false;
};

class CsvScanner {
public:
    void visit(std::string_view block, std::uint64_t offset) {
        if (!m_begun) m_row.offset = offset;
        m_begun = true;
        for (std::size_t i = 0; i < block.size(); ++i) {
            const char c = block[i];
            // A quote counts at the begin of a field alone; the separator is not known yet.
            if (c == '"' && (m_inQuotes || m_previous == '\n' || m_previous == ',' || m_previous == ';' || m_previous == '\t'))
                m_inQuotes = !m_inQuotes;
            m_previous = c;
            if (!isSpace(c)) m_hasText = true;
            if (c != '\n') continue;
            ++m_line;
            if (!m_inQuotes) finish(offset + i, false);
        }
    }

    std::vector<RowPlace> take(std::uint64_t fileSize) && {
        if (m_begun) finish(fileSize, m_inQuotes);
        return std::move(m_rows);
    }

private:
    void finish(std::uint64_t end, bool unfinished) {
        m_row.length = end - m_row.offset;
        m_row.unfinished = unfinished;
        if (m_hasText) m_rows.push_back(m_row);
        m_row = {end + 1, 0, m_line, false};
        m_hasText = false;
    }

    std::vector<RowPlace> m_rows;
    RowPlace m_row;
    std::int64_t m_line = 1;
    bool m_begun = false;
    bool m_hasText = false;
    bool m_inQuotes = false;
    char m_previous = '\n';
};

template <class Scanner>
Result<std::vector<RowPlace>> scanWith(const BlockFile& file, const std::stop_token& stop) {
    Scanner scanner;
    RETURN_IF_ERROR(eachBlock(file, stop, [&](std::string_view block, std::uint64_t offset) { scanner.visit(block, offset); }));
    return std::move(scanner).take(file.size());
}

}  // namespace

Result<BlockFile> BlockFile::open(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return systemError("cannot open", path, errno);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) {
        const int problem = errno;
        ::close(descriptor);
        return systemError("cannot read", path, problem);
    }
    BlockFile file(path, descriptor, static_cast<std::uint64_t>(status.st_size));
    if (!S_ISREG(status.st_mode)) return Error{ErrorCode::InvalidFile, "not a regular file", path.string()};
    return file;
}

BlockFile::BlockFile(std::filesystem::path path, int descriptor, std::uint64_t size)
    : m_path(std::move(path)), m_descriptor(descriptor), m_size(size) {}

BlockFile::BlockFile(BlockFile&& other) noexcept
    : m_path(std::move(other.m_path)), m_descriptor(std::exchange(other.m_descriptor, -1)), m_size(other.m_size) {}

BlockFile::~BlockFile() {
    if (m_descriptor >= 0) ::close(m_descriptor);
}

Result<std::string> BlockFile::read(std::uint64_t offset, std::uint64_t length) const {
    std::string bytes(length, '\0');
    RETURN_IF_ERROR(readInto(offset, bytes));
    return bytes;
}

Result<void> BlockFile::readInto(std::uint64_t offset, std::span<char> bytes) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got = ::pread(m_descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return systemError("cannot read", m_path, errno);
        if (got == 0) return Error{ErrorCode::InvalidFile, "the file became shorter while it was read", m_path.string()};
        done += static_cast<std::size_t>(got);
    }
    return {};
}

Result<std::vector<RowPlace>> scanLines(const BlockFile& file, const std::stop_token& stop) {
    return scanWith<LineScanner>(file, stop);
}

Result<std::vector<RowPlace>> scanJsonList(const BlockFile& file, const std::stop_token& stop) {
    return scanWith<JsonListScanner>(file, stop);
}

Result<std::vector<RowPlace>> scanCsv(const BlockFile& file, const std::stop_token& stop) {
    return scanWith<CsvScanner>(file, stop);
}

Result<std::vector<std::string>> csvFields(std::string_view record, char separator) {
    const auto bad = [](const std::string& what) { return Error{ErrorCode::InvalidData, what, ""}; };
    if (record.ends_with('\r')) record.remove_suffix(1);
    std::vector<std::string> fields;
    std::size_t at = 0;
    while (true) {
        std::string field;
        if (at < record.size() && record[at] == '"') {
            for (++at;; ++at) {
                if (at >= record.size()) return bad("a quote is not closed");
                if (record[at] != '"') {
                    field += record[at];
                } else if (at + 1 < record.size() && record[at + 1] == '"') {
                    field += record[at++];
                } else {
                    break;
                }
            }
            if (++at < record.size() && record[at] != separator)
                return bad("text follows a closing quote in field " + std::to_string(fields.size() + 1));
        } else {
            const std::size_t end = std::min(record.find(separator, at), record.size());
            field = record.substr(at, end - at);
            at = end;
        }
        fields.push_back(std::move(field));
        if (at >= record.size()) return fields;
        ++at;
    }
}

}  // namespace lapidary::dataset
