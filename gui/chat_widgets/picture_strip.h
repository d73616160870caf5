// The pictures of the message that is being written, in a row: choose one, look at it, move it, take it out.
#pragma once

#include <QWidget>

#include "gui/chat/preview_view_model.h"

class QAction;
class QListView;

namespace lapidary::gui {

class EnginePictures;

class PictureStrip final : public QWidget {
    Q_OBJECT

public:
    PictureStrip(ComposerModel& composer, PreviewViewModel& preview, EnginePictures& pictures, QWidget* parent);

private:
    QAction* makeAction(const char* name, const QString& text, const QKeySequence& keys, QWidget& buttons);
    void buildActions(QWidget& buttons);
    void showCurrent();
    void openFullView();
    [[nodiscard]] int row() const;

    ComposerModel& m_composer;
    PreviewViewModel& m_preview;
    EnginePictures& m_pictures;
    QListView* m_list;
    QAction* m_earlier = nullptr;
    QAction* m_later = nullptr;
    QAction* m_view = nullptr;
    QAction* m_retry = nullptr;
    QAction* m_remove = nullptr;
};

}  // namespace lapidary::gui
