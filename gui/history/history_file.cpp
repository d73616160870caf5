#include "gui/history/history_file.h"

#include <QFile>
#include <QFileInfo>
#include <QSysInfo>
#include <cstdint>
#include <utility>

#include "gui/history/history_schema.h"
#include "gui/history/history_text.h"

namespace lapidary::gui {
namespace {

constexpr const char* kSideFiles[] = {"-wal", "-shm", "-journal"};

bool hasSideFiles(const QString& path) {
    for (const char* ending : kSideFiles) {
        if (QFileInfo(path + QLatin1String(ending)).size() > 0) return true;
    }
    return false;
}

// What is known of a file before anything may be written to it.
enum class Verdict : std::uint8_t { Fresh, Usable, Newer, Foreign, Damaged };

Result<Verdict> verdictOf(SqlConnection& sql) {
    ASSIGN_OR_RETURN(const auto version, sql.number(QStringLiteral("PRAGMA user_version")));
    ASSIGN_OR_RETURN(const auto application, sql.number(QStringLiteral("PRAGMA application_id")));
    ASSIGN_OR_RETURN(const auto tables, sql.number(QStringLiteral("SELECT count(*) FROM sqlite_master WHERE type = 'table'")));
    if (version == 0 && tables == 0) return Verdict::Fresh;
    if (version != 0 && application != kHistoryApplication) return Verdict::Foreign;
    if (version > kHistoryVersion) return Verdict::Newer;
    ASSIGN_OR_RETURN(const auto ours, sql.number(QStringLiteral("SELECT count(*) FROM sqlite_master WHERE type = 'table' "
                                                                "AND name IN ('conversations', 'messages')")));
    if (ours != 2) return Verdict::Foreign;
    QString found;
    RETURN_IF_ERROR(
        sql.each(QStringLiteral("PRAGMA quick_check(1)"), {}, [&](const QSqlQuery& row) { found = row.value(0).toString(); }));
    return found == QLatin1String("ok") ? Verdict::Usable : Verdict::Damaged;
}

Result<Verdict> inspect(const QString& path) {
    if (QFileInfo(path).size() == 0) return Verdict::Fresh;
    // Without side files nothing but the file itself holds data: then not even an empty one is made beside it.
    auto sql = SqlConnection::open(path, hasSideFiles(path) ? SqlConnection::Access::ReadOnly : SqlConnection::Access::Frozen);
    Result<Verdict> verdict = sql ? verdictOf(*sql) : Result<Verdict>(sql.error());
    if (!verdict && verdict.error().code == ErrorCode::InvalidFile) return Verdict::Damaged;
    return verdict;
}

Result<void> refuseForeign(Verdict verdict, const QString& path) {
    if (verdict == Verdict::Newer) {
        return failure(ErrorCode::Unsupported,
                       HistoryText::tr("The history “%1” was written by a newer version of this program; it is left as it is.  "
                                       "Use the newer version, or move the file away to begin another history.")
                           .arg(path));
    }
    if (verdict == Verdict::Foreign) {
        return failure(ErrorCode::Unsupported,
                       HistoryText::tr("The file “%1” is a database of another program; it is left as it is.  "
                                       "Move it away to begin a history.")
                           .arg(path));
    }
    return {};
}

// Another name for the file and what belongs to it; nothing is deleted.  The name.
Result<QString> setAside(const QString& path) {
    const QFileInfo info(path);
    QString aside;
    for (int n = 1; aside.isEmpty() || QFileInfo::exists(aside); ++n)
        aside = info.dir().filePath(QStringLiteral("%1-damaged-%2.%3").arg(info.completeBaseName()).arg(n).arg(info.suffix()));
    for (const char* ending : kSideFiles) {
        const QLatin1String side(ending);
        if (QFileInfo::exists(path + side)) QFile::rename(path + side, aside + side);
    }
    if (!QFile::rename(path, aside)) {
        return failure(
            ErrorCode::Io,
            HistoryText::tr("The history “%1” is damaged and cannot be renamed; move it away to begin another one.").arg(path));
    }
    return aside;
}

Result<SqlConnection> openForWriting(const QString& path) {
    ASSIGN_OR_RETURN(SqlConnection sql, SqlConnection::open(path, SqlConnection::Access::ReadWrite));
    RETURN_IF_ERROR(requireModule(sql, QStringLiteral("fts5")));
    // A file system without shared memory stays with a rollback journal, which is slower and as safe.
    RETURN_IF_ERROR(sql.run(QStringLiteral("PRAGMA journal_mode = WAL")));
    RETURN_IF_ERROR(sql.run(QStringLiteral("PRAGMA synchronous = NORMAL")));
    RETURN_IF_ERROR(sql.run(QStringLiteral("PRAGMA foreign_keys = ON")));
    RETURN_IF_ERROR(migrateHistory(sql));
    return sql;
}

Result<HistoryFile> openAsOwner(const QString& path, std::unique_ptr<QLockFile> lock) {
    QString notice;
    const Result<Verdict> verdict = inspect(path);
    // What could not be read now (a journal that has to be rolled back first) is for the writing connection to judge.
    if (!verdict && verdict.error().code != ErrorCode::Io) return verdict.error();
    if (verdict) {
        RETURN_IF_ERROR(refuseForeign(*verdict, path));
        if (*verdict == Verdict::Damaged) {
            ASSIGN_OR_RETURN(const QString aside, setAside(path));
            notice = HistoryText::tr("The history was damaged.  The old file is kept as “%1”; an empty history was begun.")
                         .arg(aside);
        }
    }
    ASSIGN_OR_RETURN(SqlConnection sql, openForWriting(path));
    return HistoryFile{std::move(sql), std::move(lock), notice};
}

// While somebody else has the lock, or where the folder may not be written.
Result<HistoryFile> openAsGuest(const HistoryPaths& paths, const QLockFile& lock) {
    QString host;
    QString program;
    qint64 process = 0;
    const bool held = lock.error() == QLockFile::LockFailedError && lock.getLockInfo(&process, &host, &program);
    const bool elsewhere = held && host != QSysInfo::machineHostName();
    const QString path = paths.database();
    if (!QFileInfo::exists(path)) {
        return failure(
            ErrorCode::Io,
            held ? HistoryText::tr("Another window has just begun the history in “%1”; nothing is kept here.").arg(paths.folder)
                 : HistoryText::tr("The folder “%1” cannot be written, so no history is kept.").arg(paths.folder));
    }
    // Shared memory does not reach other hosts: there the file is read as it was when its writer last tidied up.
    const bool frozen = elsewhere || (!held && !hasSideFiles(path));
    ASSIGN_OR_RETURN(SqlConnection sql,
                     SqlConnection::open(path, frozen ? SqlConnection::Access::Frozen : SqlConnection::Access::ReadOnly));
    RETURN_IF_ERROR(requireModule(sql, QStringLiteral("fts5")));
    ASSIGN_OR_RETURN(const Verdict verdict, verdictOf(sql));
    RETURN_IF_ERROR(refuseForeign(verdict, path));
    ASSIGN_OR_RETURN(const auto version, sql.number(QStringLiteral("PRAGMA user_version")));
    if (verdict != Verdict::Usable || version != kHistoryVersion)
        return failure(ErrorCode::Io,
                       HistoryText::tr("The history “%1” cannot be read while nothing may be written there.").arg(path));
    QString notice = HistoryText::tr("The folder “%1” cannot be written: the history can be read, and nothing new is kept.")
                         .arg(paths.folder);
    if (elsewhere) {
        notice = HistoryText::tr(
                     "The computer “%1” holds the history: it can be read here, and nothing new is kept.  "
                     "If no window is open there, delete “%2” and start again.")
                     .arg(host, paths.lock());
    } else if (held) {
        notice = HistoryText::tr("Another window (process %1) holds the history: it can be read here, and nothing new is kept.")
                     .arg(process);
    }
    return HistoryFile{std::move(sql), nullptr, notice};
}

}  // namespace

Result<HistoryFile> HistoryFile::open(const HistoryPaths& paths) {
    if (!QFileInfo::exists(paths.folder)) {
        if (!QDir().mkpath(paths.folder))
            return failure(ErrorCode::Io, HistoryText::tr("The folder “%1” for the history cannot be made.").arg(paths.folder));
        // Chats are nobody else's business.
        QFile::setPermissions(paths.folder, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    }
    auto lock = std::make_unique<QLockFile>(paths.lock());
    lock->setStaleLockTime(0);  // a lock is old when its process is gone, never by the hour
    if (lock->tryLock(0)) return openAsOwner(paths.database(), std::move(lock));
    return openAsGuest(paths, *lock);
}

}  // namespace lapidary::gui
