// "What the model saw": the views of a sent picture, their boxes and tokens, and the answer's figures about them.
#pragma once

#include <QDialog>

#include "gui/chat/message.h"
#include "gui/engine_client/engine_api.h"

class QListWidget;

namespace lapidary::gui {

class EnginePictures;

class SeenDialog final : public QDialog {
    Q_OBJECT

public:
    // `figures`: of the answer to the message; empty where there is none yet.
    SeenDialog(EngineApi& engine, EnginePictures& pictures, const Message& message, const QString& figures, QWidget* parent);

private:
    void addPicture(const Picture& picture);
    void showImages();

    EngineApi& m_engine;
    EnginePictures& m_pictures;
    QListWidget* m_list = nullptr;
};

}  // namespace lapidary::gui
