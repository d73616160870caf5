#include "tests/gui/translations/ts_file.h"

#include <QFile>
#include <QRegularExpression>
#include <QXmlStreamReader>
#include <algorithm>
#include <stdexcept>

namespace lapidary::test {
namespace {

TsMessage readMessage(QXmlStreamReader& xml, const QString& context) {
    TsMessage message;
    message.context = context;
    message.plural = xml.attributes().value(QLatin1String("numerus")) == QLatin1String("yes");
    while (xml.readNextStartElement()) {
        if (xml.name() == QLatin1String("source")) {
            message.source = xml.readElementText();
        } else if (xml.name() == QLatin1String("comment")) {
            message.comment = xml.readElementText();
        } else if (xml.name() == QLatin1String("translation")) {
            message.type = xml.attributes().value(QLatin1String("type")).toString();
            if (!message.plural) {
                message.translations.append(xml.readElementText());
                continue;
            }
            while (xml.readNextStartElement()) message.translations.append(xml.readElementText());
        } else {
            xml.skipCurrentElement();
        }
    }
    return message;
}

}  // namespace

QString TsMessage::key() const {
    return QStringList{context, source, comment, plural ? QStringLiteral("plural") : QString()}.join(QStringLiteral(" | "));
}

std::vector<TsMessage> readTs(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) throw std::runtime_error("cannot be read: " + path.toStdString());
    std::vector<TsMessage> messages;
    QXmlStreamReader xml(&file);
    QString context;
    while (!xml.atEnd()) {
        if (xml.readNext() != QXmlStreamReader::StartElement) continue;
        if (xml.name() == QLatin1String("name")) context = xml.readElementText();
        if (xml.name() == QLatin1String("message")) messages.push_back(readMessage(xml, context));
    }
    if (xml.hasError()) throw std::runtime_error(path.toStdString() + ": " + xml.errorString().toStdString());
    return messages;
}

QStringList fixedParts(const QString& text) {
    static const QRegularExpression pattern(QStringLiteral(R"(%L?(?:\d+|n)|</?\w[^>]*>|\n|\(\*[^)]*\)|^\s+|\s+$|…$|&(?=\w))"),
                                            QRegularExpression::UseUnicodePropertiesOption);
    QStringList parts;
    for (auto found = pattern.globalMatch(text); found.hasNext();) parts.append(found.next().captured());
    std::sort(parts.begin(), parts.end());
    return parts;
}

}  // namespace lapidary::test
