// A connection to one SQLite file, with errors as values.  Lives on the thread that opened it.
#pragma once

#include <QSqlQuery>
#include <QString>
#include <QVariantList>
#include <cstdint>
#include <functional>
#include <optional>

#include "core/shared/base/result.h"

class QSqlError;

namespace lapidary::gui {

class SqlConnection {
public:
    enum class Access : std::uint8_t {
        ReadWrite,  // made where it is not there
        ReadOnly,
        Frozen,  // read without locks and without a write-ahead log: for a file that nobody writes, or that another host does
    };
    static Result<SqlConnection> open(const QString& path, Access access);

    SqlConnection(SqlConnection&& other) noexcept;
    SqlConnection& operator=(SqlConnection&&) = delete;
    SqlConnection(const SqlConnection&) = delete;
    SqlConnection& operator=(const SqlConnection&) = delete;
    ~SqlConnection();

    // Errors: InvalidFile (damaged), Io (busy, full, may not be written: it may work later), Internal (never will).
    Result<void> run(const QString& statement, const QVariantList& values = {});
    Result<void> each(const QString& statement, const QVariantList& values, const std::function<void(const QSqlQuery&)>& row);
    // The first column of the first row.
    Result<std::optional<qint64>> number(const QString& statement, const QVariantList& values = {});

    // All of the work or none of it.
    Result<void> transaction(const std::function<Result<void>()>& work);
    // The same inside of a transaction: an error takes back this work alone.
    Result<void> savepoint(const std::function<Result<void>()>& work);

private:
    SqlConnection(QString name, QString path);
    [[nodiscard]] Error problem(const QSqlError& error) const;

    QString m_name;  // Qt's of the connection; empty when moved from
    QString m_path;
};

}  // namespace lapidary::gui
