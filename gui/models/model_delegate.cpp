#include "gui/models/model_delegate.h"

#include <QLocale>

#include "gui/models/model_catalog.h"

namespace lapidary::gui {
namespace {

QString placeText(const QModelIndex& index) {
    switch (static_cast<CatalogEntry::Place>(index.data(ModelCatalog::PlaceRole).toInt())) {
        case CatalogEntry::Place::Demo: return ModelDelegate::tr("built in");
        case CatalogEntry::Place::Recent: return ModelDelegate::tr("recent");
        case CatalogEntry::Place::Cache: return ModelDelegate::tr("Hugging Face cache");
        case CatalogEntry::Place::Folder: return ModelDelegate::tr("your folders");
    }
    return {};
}

}  // namespace

TwoLineDelegate::Lines ModelDelegate::lines(const QModelIndex& index) const {
    const qint64 bytes = index.data(ModelCatalog::SizeRole).toLongLong();
    QStringList aside{placeText(index)};
    if (bytes > 0) aside.append(QLocale().formattedDataSize(bytes));
    Lines shown;
    shown.title = index.data().toString();
    shown.boldTitle = true;
    shown.aside = aside.join(QStringLiteral(" · "));
    shown.detail = index.data(ModelCatalog::CompleteRole).toBool() ? index.data(ModelCatalog::DetailRole).toString()
                                                                   : tr("incomplete: download it again");
    return shown;
}

}  // namespace lapidary::gui
