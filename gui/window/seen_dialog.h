// "What the model saw": the views of a sent picture, their boxes and tokens, and the answer's figures about them.
#pragma once

#include <QDialog>
#include <optional>

#include "gui/chat/message.h"
#include "gui/engine_client/engine_api.h"

class QListWidget;

namespace lapidary::gui {

class EnginePictures;

class SeenDialog final : public QDialog {
    Q_OBJECT

public:
    // `answer`: the figures of the answer to the message, where there is one.
    SeenDialog(EngineApi& engine, EnginePictures& pictures, const Message& message, const std::optional<AnswerFigures>& answer,
               QWidget* parent);

private:
    [[nodiscard]] static QString aboutText(const Message& message, const std::optional<AnswerFigures>& answer);
    void addPicture(const Picture& picture);
    void showImages();

    EngineApi& m_engine;
    EnginePictures& m_pictures;
    QListWidget* m_list = nullptr;
};

}  // namespace lapidary::gui
