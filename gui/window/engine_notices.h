// What the window says of an engine that died and of errors: plain words, what to change, the engine's own words as details.
#pragma once

#include <QString>

#include "gui/engine_client/engine_api.h"
#include "gui/widgets/banner.h"

namespace lapidary::gui {

// `inAnswer`: it was answering; `hadModel`: a model was open or opening.
Notice noticeOf(const EngineDeath& death, bool inAnswer, bool hadModel);
// By the error's code; its own words as details.
Notice noticeOf(const protocol::ErrorEvent& error);
// A stage of loading, in words.
QString loadingText(const QString& stage);

}  // namespace lapidary::gui
