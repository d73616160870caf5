// What the history hands out: values only.
#pragma once

#include <QDir>
#include <QString>
#include <cstdint>
#include <functional>
#include <vector>

#include "gui/chat/message.h"

namespace lapidary::gui {

// Where things lie in the data folder.
struct HistoryPaths {
    QString folder;

    [[nodiscard]] QString database() const { return QDir(folder).filePath(QStringLiteral("history.sqlite")); }
    [[nodiscard]] QString lock() const { return QDir(folder).filePath(QStringLiteral("history.lock")); }
    [[nodiscard]] QString pictures() const { return QDir(folder).filePath(QStringLiteral("pictures")); }
};

struct HistoryStatus {
    enum class Mode : std::uint8_t {
        Opening,
        Writable,
        ReadOnly,     // another window or host writes: what is there can be read, nothing new is kept
        Unavailable,  // nothing is kept, nothing can be read
    };
    Mode mode = Mode::Opening;
    QString notice;   // what a person has to know about how it was opened; may be empty
    QString problem;  // why what is new is not on the disk at the moment; empty once it is
    bool operator==(const HistoryStatus&) const = default;
};

struct ConversationInfo {
    QString id;
    QString title;
    std::int64_t createdMs = 0;  // since 1970, UTC
    std::int64_t changedMs = 0;
    bool pinned = false;
    QString model;  // that answered last, or the one that it was begun with
    bool operator==(const ConversationInfo&) const = default;
};

struct ConversationData {
    ConversationInfo info;
    ConversationSettings settings;
    std::int64_t leaf = 0;          // that was shown last
    std::vector<Message> messages;  // of all branches, by id
    bool operator==(const ConversationData&) const = default;
};

struct TextRange {
    int begin = 0;
    int length = 0;
    bool operator==(const TextRange&) const = default;
};

struct SearchHit {
    QString conversation;
    QString title;
    std::int64_t message = 0;  // 0: the title
    QString snippet;           // plain text around the first find
    std::vector<TextRange> finds;  // in the snippet
};

struct StoredPicture {
    QString sha256;
    QString path;
    std::int64_t sizeBytes = 0;
    bool operator==(const StoredPicture&) const = default;
};

enum class ExportFormat : std::uint8_t { Markdown, Html, Json };

// Markdown of an answer as elements of HTML, from any thread.  History knows no fonts: who has a window gives it one.
using MarkdownHtml = std::function<QString(const QString&)>;

}  // namespace lapidary::gui
