// "What the model saw": the views of a sent picture, their boxes and tokens, and the answer's figures about them.
#pragma once

#include <QDialog>
#include <map>
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
    void takeTimes(const std::optional<AnswerFigures>& answer);
    void addPicture(const Picture& picture);
    [[nodiscard]] QString costOf(const SeenView& view);
    void showImages();

    EngineApi& m_engine;
    EnginePictures& m_pictures;
    QListWidget* m_list = nullptr;
    bool m_timesAreKnown = false;
    std::map<QString, double> m_seconds;  // of views by their hash; the first with it was measured, others reuse its features
};

}  // namespace lapidary::gui
