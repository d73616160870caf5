#include "gui/history/history_search.h"

#include <QJsonDocument>
#include <QRegularExpression>
#include <QStringList>
#include <algorithm>
#include <utility>

#include "gui/chat/message_json.h"

namespace lapidary::gui {
namespace {

// FTS5 puts these around what it found; foldedForSearch leaves none in a text.
constexpr char16_t kFindBegins = 2;
constexpr char16_t kFindEnds = 3;
constexpr qsizetype kBefore = 14;  // characters of a snippet before the first find: it is to be seen in a narrow list
constexpr qsizetype kLength = 160;
constexpr qsizetype kMostWords = 16;

struct Marked {
    QString text;  // without the marks
    std::vector<TextRange> finds;
};

Marked unmarked(const QString& marked) {
    Marked result;
    qsizetype begin = 0;
    for (const QChar c : marked) {
        if (c == kFindBegins) {
            begin = result.text.size();
        } else if (c == kFindEnds) {
            result.finds.push_back({static_cast<int>(begin), static_cast<int>(result.text.size() - begin)});
        } else {
            result.text.append(c);
        }
    }
    return result;
}

// `at`, or one earlier where that would be between the halves of a character.
qsizetype wholeCharacter(const QString& text, qsizetype at) {
    return at > 0 && at < text.size() && text.at(at).isLowSurrogate() ? at - 1 : at;
}

void cutSnippet(SearchHit& hit, const QString& original, const Marked& marked) {
    // Where SQLite mended broken UTF-16 the lengths differ, and the index's own text is shown.
    const QString& text = original.size() == marked.text.size() ? original : marked.text;
    const qsizetype first = marked.finds.empty() ? 0 : marked.finds.front().begin;
    const qsizetype begin = wholeCharacter(text, std::max<qsizetype>(0, first - kBefore));
    const qsizetype end = wholeCharacter(text, std::min(text.size(), begin + kLength));
    const QString ellipsis = QStringLiteral("…");
    if (begin > 0) hit.snippet = ellipsis;
    std::vector<int> places;  // where each character of [begin, end] came to stand: blanks and line ends are one blank
    for (qsizetype at = begin; at < end; ++at) {
        const bool blank = text.at(at).isSpace();
        places.push_back(static_cast<int>(hit.snippet.size()));
        if (!blank) hit.snippet.append(text.at(at));
        if (blank && at > begin && !text.at(at - 1).isSpace()) hit.snippet.append(QLatin1Char(' '));
    }
    places.push_back(static_cast<int>(hit.snippet.size()));
    if (end < text.size()) hit.snippet.append(ellipsis);
    for (const TextRange& find : marked.finds) {
        if (find.begin + find.length > end) break;
        const int from = places[static_cast<std::size_t>(find.begin - begin)];
        hit.finds.push_back({from, places[static_cast<std::size_t>(find.begin + find.length - begin)] - from});
    }
}

QString textOfParts(const QString& json) {
    auto parts = partsFromJson(QJsonDocument::fromJson(json.toUtf8()).array());
    if (!parts) return {};
    Message message;
    message.parts = std::move(*parts);
    return message.text();
}

}  // namespace

QString foldedForSearch(QString text) {
    for (QChar& c : text) {
        const char16_t code = c.unicode();
        if (code == 0x130 || code == 0x131) c = QLatin1Char('i');
        if (code < 0x20) c = QLatin1Char(' ');
    }
    return text;
}

QString searchExpression(const QString& typed) {
    static const QRegularExpression spaces(QStringLiteral("\\s+"));
    QStringList words;
    for (QString word : foldedForSearch(typed).split(spaces, Qt::SkipEmptyParts)) {
        const bool hasWord =
            std::any_of(word.begin(), word.end(), [](QChar c) { return c.isLetterOrNumber() || c.isSurrogate(); });
        if (!hasWord || words.size() == kMostWords) continue;
        words.append(QLatin1Char('"') + word.replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1String("\"*"));
    }
    return words.join(QLatin1Char(' '));
}

Result<std::vector<SearchHit>> searchHistory(SqlConnection& sql, const QString& typed, int most) {
    std::vector<SearchHit> hits;
    const QString expression = searchExpression(typed);
    if (expression.isEmpty()) return hits;
    RETURN_IF_ERROR(
        sql.each(QStringLiteral("SELECT c.id, c.title, m.id, m.parts, highlight(search, 0, char(2), char(3)) FROM search "
                                "LEFT JOIN messages m ON m.row = search.rowid "
                                "JOIN conversations c ON c.row = coalesce(m.conversation, -search.rowid) "
                                "WHERE search MATCH ? AND c.deleted = 0 ORDER BY search.rank, c.touched DESC LIMIT ?"),
                 {expression, most}, [&](const QSqlQuery& row) {
                     SearchHit& hit = hits.emplace_back();
                     hit.conversation = row.value(0).toString();
                     hit.title = row.value(1).toString();
                     hit.message = row.value(2).toLongLong();
                     const QString original = hit.message == 0 ? hit.title : textOfParts(row.value(3).toString());
                     cutSnippet(hit, original, unmarked(row.value(4).toString()));
                 }));
    return hits;
}

}  // namespace lapidary::gui
