// Asks how a model is to be opened.
#pragma once

#include <QDialog>
#include <functional>

#include "gui/models/load_view_model.h"

class QFileDialog;
class QFormLayout;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace lapidary::gui {

class LoadDialog final : public QDialog {
    Q_OBJECT

public:
    // `name`: how the model is called to people.
    // `hello`: of the engine, which says what devices there are, and why others are not.
    LoadDialog(LoadViewModel& viewModel, const QString& name, const protocol::HelloEvent& hello, QWidget* parent = nullptr);

signals:
    void chosen(const lapidary::protocol::LoadRequest& request);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void fitHeight();
    void addChoices(QFormLayout& form, const protocol::HelloEvent& hello);
    void addVisionPart(QFormLayout& form);
    void addAdapter(QFormLayout& form);
    // A field for a path, with a button that opens `dialog`.
    struct PathRow {
        const char* name;
        QString label;
        QString placeholder;
        QString browse;  // what the button does, for those who hear it
        std::function<QFileDialog*()> dialog;
    };
    QLineEdit* addPath(QFormLayout& form, const PathRow& row);
    void readChoices();
    void showKnown();

    LoadViewModel& m_viewModel;
    QLabel* m_about = nullptr;
    QLabel* m_memory = nullptr;
    QLabel* m_verdict = nullptr;
    QComboBox* m_device = nullptr;
    QComboBox* m_dtype = nullptr;
    QComboBox* m_quantize = nullptr;
    QSpinBox* m_context = nullptr;
    QLineEdit* m_visionPart = nullptr;  // GGUF alone
    QLineEdit* m_adapter = nullptr;
    QPushButton* m_open = nullptr;
};

}  // namespace lapidary::gui
