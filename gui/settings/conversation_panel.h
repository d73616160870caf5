// The settings of one conversation: system prompt, sampling, length, stop strings, presets.
#pragma once

#include <QWidget>

#include "gui/settings/presets.h"

class QFormLayout;
class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLineEdit;
class QPlainTextEdit;
class QSpinBox;

namespace lapidary::gui {

class ConversationPanel final : public QWidget {
    Q_OBJECT

public:
    explicit ConversationPanel(Presets& presets, QWidget* parent = nullptr);

    void show(const ConversationSettings& settings);  // emits nothing
    [[nodiscard]] ConversationSettings settings() const;

signals:
    void changed(const lapidary::gui::ConversationSettings& settings);

private:
    // A number that may be left to the model: a box to tick, and the number.
    struct Choice {
        QCheckBox* own = nullptr;
        QDoubleSpinBox* value = nullptr;
    };
    struct Range {
        double low = 0.0;
        double high = 0.0;
        double step = 0.0;
        int digits = 0;
        double usual = 0.0;  // where a person begins who chooses for himself
    };
    Choice addChoice(QFormLayout& form, const QString& label, const char* name, const Range& range);
    void addPresets(QFormLayout& form);
    void fillPresets(const QString& chosen);
    void choosePreset(const ConversationSettings& settings);
    void setChoice(const Choice& choice, std::optional<double> value);
    void tell();

    Presets& m_presets;
    bool m_showing = false;
    QComboBox* m_preset = nullptr;
    QPlainTextEdit* m_system = nullptr;
    Choice m_temperature;
    Choice m_topK;
    Choice m_topP;
    Choice m_minP;
    Choice m_penalty;
    Choice m_seed;
    QSpinBox* m_length = nullptr;
    QLineEdit* m_stop = nullptr;
    QCheckBox* m_probabilities = nullptr;
};

}  // namespace lapidary::gui
