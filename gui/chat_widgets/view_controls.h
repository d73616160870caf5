// How the selected picture is cut: the mode, and the three parameters of pan & scan.
#pragma once

#include <QWidget>

#include "gui/chat/preview_view_model.h"

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QSpinBox;

namespace lapidary::gui {

class ViewControls final : public QWidget {
    Q_OBJECT

public:
    ViewControls(PreviewViewModel& preview, QWidget* parent);

private:
    [[nodiscard]] QSpinBox* makeSpinBox(const char* name, const QString& label, std::int64_t most);
    void showChoice();
    void take();

    PreviewViewModel& m_preview;
    QComboBox* m_mode;
    QSpinBox* m_minCropSize;
    QSpinBox* m_maxNumCrops;
    QDoubleSpinBox* m_minRatio;
    QLabel* m_refusal;
};

}  // namespace lapidary::gui
