#include "gui/engine_client/model_name.h"

#include <QCoreApplication>
#include <QDir>

namespace lapidary::gui {
namespace {

struct ModelNames {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::ModelNames)
};

}  // namespace

QString modelName(const QString& model) {
    if (model == QLatin1String("demo")) return ModelNames::tr("Demo model");
    const QString path = QDir::fromNativeSeparators(model);
    // "google/gemma-3-4b-it" is an id; a path of an engine is absolute, as the window hands it over.
    return QDir::isAbsolutePath(path) ? QDir(path).dirName() : model;
}

}  // namespace lapidary::gui
