#include "gui/chat/json_fields.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lapidary::gui {

bool isSha256(const QString& text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](QChar digit) {
               return (digit >= QLatin1Char('0') && digit <= QLatin1Char('9')) ||
                      (digit >= QLatin1Char('a') && digit <= QLatin1Char('f'));
           });
}

JsonFields::JsonFields(QJsonObject object, QString place, QString& problem)
    : m_object(std::move(object)), m_place(std::move(place)), m_problem(problem) {}

bool JsonFields::has(const char* key) const {
    const QJsonValue found = value(key);
    return !found.isUndefined() && !found.isNull();
}

QString JsonFields::placeOf(const char* key) const {
    const QString name = QString::fromLatin1(key);
    return m_place.isEmpty() ? name : m_place + QLatin1Char('.') + name;
}

void JsonFields::refuse(const char* key, const QString& why) { refuseAt(placeOf(key), why); }

void JsonFields::refuseAt(const QString& place, const QString& why) {
    if (m_problem.isEmpty()) m_problem = tr("“%1”: %2").arg(place, why);
}

void JsonFields::require(std::initializer_list<const char*> keys) {
    for (const char* key : keys) {
        if (!has(key)) refuse(key, tr("This field is missing."));
    }
}

void JsonFields::text(const char* key, QString& into, qsizetype mostCharacters) {
    if (!has(key)) return;
    if (!value(key).isString()) return refuse(key, tr("A text is expected here."));
    into = value(key).toString();
    if (into.size() > mostCharacters)
        refuse(key, tr("This text is longer than %n character(s).", nullptr, static_cast<int>(mostCharacters)));
}

void JsonFields::texts(const char* key, QStringList& into) {
    if (!has(key)) return;
    if (!value(key).isArray()) return refuse(key, tr("A list is expected here."));
    into.clear();
    for (const QJsonValue one : value(key).toArray()) {
        if (!one.isString()) return refuse(key, tr("Each entry of this list has to be a text."));
        into.append(one.toString());
    }
}

void JsonFields::sha256(const char* key, QString& into) {
    text(key, into);
    if (!into.isEmpty() && !isSha256(into)) refuse(key, tr("A SHA-256 of 64 hexadecimal digits is expected here."));
}

void JsonFields::flag(const char* key, bool& into) {
    if (!has(key)) return;
    if (!value(key).isBool()) return refuse(key, tr("Only true or false can stand here."));
    into = value(key).toBool();
}

void JsonFields::number(const char* key, double& into) {
    if (!has(key)) return;
    if (!value(key).isDouble() || !std::isfinite(value(key).toDouble())) return refuse(key, tr("A number is expected here."));
    into = value(key).toDouble();
}

void JsonFields::number(const char* key, std::optional<double>& into) {
    if (!has(key)) return;
    double found = 0.0;
    number(key, found);
    into = found;
}

void JsonFields::integer(const char* key, std::int64_t& into, std::int64_t least, std::int64_t most) {
    if (!has(key)) return;
    const QJsonValue found = value(key);
    // toInteger() gives its argument for whatever is no whole number of 64 bits.
    const std::int64_t whole = found.toInteger(0);
    if (!found.isDouble() || whole != found.toInteger(1)) return refuse(key, tr("A whole number is expected here."));
    if (whole < least || whole > most) return refuse(key, tr("%1 is outside of what can stand here.").arg(whole));
    into = whole;
}

void JsonFields::integer(const char* key, std::optional<std::int64_t>& into, std::int64_t least, std::int64_t most) {
    if (!has(key)) return;
    std::int64_t found = 0;
    integer(key, found, least, most);
    into = found;
}

void JsonFields::within(const char* key, const std::function<void(JsonFields&)>& read) {
    if (!has(key)) return;
    if (!value(key).isObject()) return refuse(key, tr("An object is expected here."));
    JsonFields fields(value(key).toObject(), placeOf(key), m_problem);
    read(fields);
}

void JsonFields::each(const char* key, const std::function<void(JsonFields&)>& read) {
    if (!has(key)) return;
    if (!value(key).isArray()) return refuse(key, tr("A list is expected here."));
    each(value(key).toArray(), placeOf(key), read);
}

void JsonFields::each(const QJsonArray& array, const QString& place, const std::function<void(JsonFields&)>& read) {
    qsizetype index = 0;
    for (const QJsonValue one : array) {
        const QString here = QStringLiteral("%1[%2]").arg(place).arg(index++);
        if (!one.isObject()) return refuseAt(here, tr("An object is expected here."));
        JsonFields fields(one.toObject(), here, m_problem);
        read(fields);
        if (!m_problem.isEmpty()) return;
    }
}

}  // namespace lapidary::gui
