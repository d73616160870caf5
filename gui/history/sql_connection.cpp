#include "gui/history/sql_connection.h"

#include <QDir>
#include <QSqlDatabase>
#include <QSqlError>
#include <QUrl>
#include <QUuid>
#include <utility>

#include "gui/history/history_text.h"

namespace lapidary::gui {
namespace {

// SQLite's primary result codes (https://www.sqlite.org/rescode.html); the low byte of the extended ones.
enum SqliteCode {
    kError = 1,
    kBusy = 5,
    kLocked = 6,
    kCorrupt = 11,
    kFull = 13,
    kTooBig = 18,
    kConstraint = 19,
    kMismatch = 20,
    kRange = 25,
    kNotADatabase = 26
};

}  // namespace

SqlConnection::SqlConnection(QString name, QString path) : m_name(std::move(name)), m_path(std::move(path)) {}

SqlConnection::SqlConnection(SqlConnection&& other) noexcept
    : m_name(std::exchange(other.m_name, QString())), m_path(std::exchange(other.m_path, QString())) {}

SqlConnection::~SqlConnection() {
    if (m_name.isEmpty()) return;
    QSqlDatabase::database(m_name, false).close();
    QSqlDatabase::removeDatabase(m_name);
}

Result<SqlConnection> SqlConnection::open(const QString& path, Access access) {
    SqlConnection connection(QStringLiteral("history-") + QUuid::createUuid().toString(QUuid::WithoutBraces), path);
    QSqlDatabase database = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), connection.m_name);
    if (!database.isValid())
        return failure(ErrorCode::Unsupported,
                       HistoryText::tr("Qt's plug-in for SQLite is missing, so there is no history; install it."));
    QString options = QStringLiteral("QSQLITE_BUSY_TIMEOUT=500");
    if (access != Access::ReadWrite) options += QStringLiteral(";QSQLITE_OPEN_READONLY");
    if (access == Access::Frozen) {
        options += QStringLiteral(";QSQLITE_OPEN_URI");
        const QUrl url = QUrl::fromLocalFile(QDir(path).absolutePath());
        database.setDatabaseName(QString::fromLatin1(url.toEncoded(QUrl::FullyEncoded)) + QStringLiteral("?immutable=1"));
    } else {
        database.setDatabaseName(path);
    }
    database.setConnectOptions(options);
    if (!database.open()) return connection.problem(database.lastError());
    return connection;
}

Error SqlConnection::problem(const QSqlError& error) const {
    const QString original = error.databaseText().isEmpty() ? error.driverText() : error.databaseText();
    switch (error.nativeErrorCode().toInt() & 0xff) {
        case kBusy:
        case kLocked:
            return failure(ErrorCode::Io,
                           HistoryText::tr("Another program holds the history “%1” (%2).").arg(m_path, original));
        case kFull:
            return failure(ErrorCode::Io,
                           HistoryText::tr("No space is left on the disk of the history “%1” (%2).").arg(m_path, original));
        case kCorrupt:
        case kNotADatabase:
            return failure(ErrorCode::InvalidFile, HistoryText::tr("The history “%1” is damaged (%2).").arg(m_path, original));
        case kError:
        case kTooBig:
        case kConstraint:
        case kMismatch:
        case kRange:
            return failure(ErrorCode::Internal, HistoryText::tr("The history “%1” refuses this (%2).").arg(m_path, original));
        default:
            return failure(ErrorCode::Io,
                           HistoryText::tr("The history “%1” cannot be read or written (%2).").arg(m_path, original));
    }
}

Result<void> SqlConnection::each(const QString& statement, const QVariantList& values,
                                 const std::function<void(const QSqlQuery&)>& row) {
    QSqlQuery query(QSqlDatabase::database(m_name, false));
    query.setForwardOnly(true);
    if (!query.prepare(statement)) return problem(query.lastError());
    for (const QVariant& value : values) query.addBindValue(value);
    if (!query.exec()) return problem(query.lastError());
    while (query.next()) row(query);
    if (query.lastError().isValid()) return problem(query.lastError());
    return {};
}

Result<void> SqlConnection::run(const QString& statement, const QVariantList& values) {
    return each(statement, values, [](const QSqlQuery&) {});
}

Result<std::optional<qint64>> SqlConnection::number(const QString& statement, const QVariantList& values) {
    std::optional<qint64> found;
    RETURN_IF_ERROR(each(statement, values, [&](const QSqlQuery& row) {
        if (!found) found = row.value(0).toLongLong();
    }));
    return found;
}

Result<void> SqlConnection::transaction(const std::function<Result<void>()>& work) {
    RETURN_IF_ERROR(run(QStringLiteral("BEGIN IMMEDIATE")));
    Result<void> done = work();
    if (done) done = run(QStringLiteral("COMMIT"));
    if (!done) {
        // The first error is the one to tell; a transaction that SQLite has ended itself answers this one with another.
        [[maybe_unused]] const auto rolledBack = run(QStringLiteral("ROLLBACK"));
    }
    return done;
}

Result<void> SqlConnection::savepoint(const std::function<Result<void>()>& work) {
    RETURN_IF_ERROR(run(QStringLiteral("SAVEPOINT step")));
    Result<void> done = work();
    if (!done) RETURN_IF_ERROR(run(QStringLiteral("ROLLBACK TO step")));
    RETURN_IF_ERROR(run(QStringLiteral("RELEASE step")));
    return done;
}

}  // namespace lapidary::gui
