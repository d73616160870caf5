// Qt's .ts files, as far as the tests ask: which sentences, and what became of each.
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

namespace lapidary::test {

struct TsMessage {
    QString context;
    QString source;
    QString comment;
    bool plural = false;
    QString type;             // "unfinished", "vanished", "obsolete"; empty where it is finished
    QStringList translations;  // more than one: plural forms

    [[nodiscard]] QString key() const;  // what lupdate knows it by
};

// Throws std::runtime_error where the file cannot be read.
std::vector<TsMessage> readTs(const QString& path);

// What has to be in a translation because it is in the source, in an order of its own: %1 and its kind, tags, line breaks, the patterns
// of file dialogs, spaces at the ends, the ellipsis of an action that asks more, a mnemonic ("&", without its letter).
QStringList fixedParts(const QString& text);

}  // namespace lapidary::test
