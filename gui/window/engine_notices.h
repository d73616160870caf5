// What the window says of an engine that died and of errors: plain words, what to change, the engine's own words as details.
#pragma once

#include <QString>

#include "gui/engine_client/engine_api.h"
#include "gui/widgets/banner.h"

namespace lapidary::gui {

// What was going on when it died.
struct DeathScene {
    bool inAnswer = false;
    bool hadModel = false;         // open or opening
    std::int64_t weightBytes = 0;  // of the open model; 0: not known
    std::int64_t context = 0;      // that was asked for, in tokens
    std::int64_t availableBytes = 0;  // memory that a program can have now; 0: not known
};

Notice noticeOf(const EngineDeath& death, const DeathScene& scene);
// By the error's code, and with the figure where memory was asked for in vain; its own words as details.
Notice noticeOf(const protocol::ErrorEvent& error);
// A stage of loading, in words.
QString loadingText(const QString& stage);

}  // namespace lapidary::gui
