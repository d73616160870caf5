// What a person calls the model that an engine has open.
#pragma once

#include <QString>

namespace lapidary::gui {

// `model`: as `load` takes it.  "demo" has a name of its own, of a path the last part is told, an id stays as it is.
QString modelName(const QString& model);

}  // namespace lapidary::gui
