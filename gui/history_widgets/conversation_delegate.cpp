#include "gui/history_widgets/conversation_delegate.h"

#include <QDateTime>
#include <QLocale>

#include "gui/history_widgets/conversation_list_model.h"

namespace lapidary::gui {
namespace {

// The time of day for today, else the date.
QString whenText(qint64 changedMs) {
    if (changedMs <= 0) return {};
    const QDateTime when = QDateTime::fromMSecsSinceEpoch(changedMs);
    const QLocale locale;
    return when.date() == QDate::currentDate() ? locale.toString(when.time(), QLocale::ShortFormat)
                                               : locale.toString(when.date(), QLocale::ShortFormat);
}

}  // namespace

TwoLineDelegate::Lines ConversationDelegate::lines(const QModelIndex& index) const {
    Lines shown;
    shown.title = index.data().toString();
    const QString snippet = index.data(ConversationListModel::SnippetRole).toString();
    if (snippet.isEmpty()) {
        shown.detail = whenText(index.data(ConversationListModel::ChangedRole).toLongLong());
        return shown;
    }
    shown.detail = snippet;
    const QVariantList finds = index.data(ConversationListModel::FindsRole).toList();
    for (qsizetype i = 0; i + 1 < finds.size(); i += 2) shown.bold.push_back({finds[i].toInt(), finds[i + 1].toInt()});
    return shown;
}

}  // namespace lapidary::gui
