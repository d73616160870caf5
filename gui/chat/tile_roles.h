// What the lists of small pictures offer to the delegate that paints them.
#pragma once

#include <qnamespace.h>
#include <cstdint>

namespace lapidary::gui {

enum class TileState : std::uint8_t { Loading, Ready, Failed };

enum TileRole : int {
    TileImage = Qt::UserRole + 1,  // QString: a PNG that the engine wrote, or empty
    TileAspect,                    // QSizeF: the shape in which it is shown
    TileBadge,                     // QString: its number, or empty
    TileLines,                     // QStringList: below the picture
    TileStateRole,                 // int: TileState
    TileId,                        // int: of the model's own
};

}  // namespace lapidary::gui
