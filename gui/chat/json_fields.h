// Reads fields of JSON that others wrote: strict on types and ranges, silent about fields that it does not know.  The first thing
// that is wrong is remembered with its place ("messages[3].parent"), so that a reader is a list of fields and one check at the end.
#pragma once

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonObject>
#include <QString>
#include <QStringList>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>

#include "core/shared/base/result.h"

namespace lapidary::gui {

class JsonFields {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::JsonFields)

public:
    // `problem` outlives the reader and gets one sentence, once.  `place`: of the object, empty for the outermost.
    JsonFields(QJsonObject object, QString place, QString& problem);

    [[nodiscard]] bool has(const char* key) const;  // there, and not null
    [[nodiscard]] QString placeOf(const char* key) const;
    [[nodiscard]] const QJsonObject& object() const { return m_object; }

    void require(std::initializer_list<const char*> keys);
    // Each leaves `into` as it is where the field is absent.
    void text(const char* key, QString& into, qsizetype mostCharacters = std::numeric_limits<qsizetype>::max());
    void texts(const char* key, QStringList& into);
    void sha256(const char* key, QString& into);
    void flag(const char* key, bool& into);
    void number(const char* key, double& into);
    void number(const char* key, std::optional<double>& into);
    void integer(const char* key, std::int64_t& into, std::int64_t least, std::int64_t most = kMost);
    void integer(const char* key, std::optional<std::int64_t>& into, std::int64_t least, std::int64_t most = kMost);
    void within(const char* key, const std::function<void(JsonFields&)>& read);
    void each(const char* key, const std::function<void(JsonFields&)>& read);
    void each(const QJsonArray& array, const QString& place, const std::function<void(JsonFields&)>& read);
    // Whatever else can be wrong with a field.
    void refuse(const char* key, const QString& why);

    static constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

private:
    void refuseAt(const QString& place, const QString& why);
    [[nodiscard]] QJsonValue value(const char* key) const { return m_object.value(QLatin1String(key)); }

    QJsonObject m_object;
    QString m_place;
    QString& m_problem;
};

// 64 lower-case hexadecimal digits.
[[nodiscard]] bool isSha256(const QString& text);

}  // namespace lapidary::gui
