#include "gui/settings/conversation_panel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>
#include <algorithm>
#include <utility>

#include "gui/settings/stop_text.h"

namespace lapidary::gui {
namespace {

constexpr int kSystemLines = 4;
constexpr int kMostNewTokens = 1 << 17;
constexpr double kLargestSeed = 9007199254740992.0;  // 2^53: whole numbers of a double end there

std::optional<std::int64_t> wholeOf(const std::optional<double>& value) {
    if (!value) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}
std::optional<double> realOf(const std::optional<std::int64_t>& value) {
    if (!value) return std::nullopt;
    return static_cast<double>(*value);
}

}  // namespace

ConversationPanel::ConversationPanel(Presets& presets, QWidget* parent) : QWidget(parent), m_presets(presets) {
    setObjectName(QStringLiteral("conversationPanel"));
    auto* form = new QFormLayout(this);
    form->setRowWrapPolicy(QFormLayout::WrapLongRows);
    addPresets(*form);
    m_system = new QPlainTextEdit(this);
    m_system->setObjectName(QStringLiteral("systemPrompt"));
    m_system->setTabChangesFocus(true);
    m_system->setPlaceholderText(tr("What the model is told before the conversation"));
    m_system->setFixedHeight(m_system->fontMetrics().lineSpacing() * kSystemLines + 12);
    form->addRow(tr("System &prompt"), m_system);
    connect(m_system, &QPlainTextEdit::textChanged, this, &ConversationPanel::tell);
    m_temperature = addChoice(*form, tr("&Temperature"), "temperature", {0.0, 5.0, 0.1, 2, 1.0});
    m_topK = addChoice(*form, tr("Top &k"), "topK", {0.0, 100'000.0, 1.0, 0, 64.0});
    m_topP = addChoice(*form, tr("Top p"), "topP", {0.0, 1.0, 0.05, 2, 0.95});
    m_minP = addChoice(*form, tr("Min p"), "minP", {0.0, 1.0, 0.01, 3, 0.05});
    m_penalty = addChoice(*form, tr("&Repetition penalty"), "repetitionPenalty", {0.05, 5.0, 0.05, 2, 1.1});
    m_seed = addChoice(*form, tr("See&d"), "seed", {0.0, kLargestSeed, 1.0, 0, 0.0});
    m_length = new QSpinBox(this);
    m_length->setObjectName(QStringLiteral("maxNewTokens"));
    m_length->setRange(1, kMostNewTokens);
    m_length->setSuffix(tr(" token(s)", nullptr, m_length->value()));
    form->addRow(tr("&Longest answer"), m_length);
    connect(m_length, &QSpinBox::valueChanged, this, [this](int tokens) {
        m_length->setSuffix(tr(" token(s)", nullptr, tokens));
        tell();
    });
    m_stop = new QLineEdit(this);
    m_stop->setObjectName(QStringLiteral("stopStrings"));
    m_stop->setPlaceholderText(tr("Separated by |"));
    m_stop->setToolTip(tr("Separated by |. Write \\n for a new line, \\| for a bar and \\\\ for a backslash."));
    form->addRow(tr("&Stop at"), m_stop);
    connect(m_stop, &QLineEdit::editingFinished, this, &ConversationPanel::tell);
    m_probabilities = new QCheckBox(tr("Tint &words by their probability"), this);
    m_probabilities->setObjectName(QStringLiteral("probabilities"));
    form->addRow(m_probabilities);
    connect(m_probabilities, &QCheckBox::toggled, this, &ConversationPanel::tell);
    show(ConversationSettings());
}

ConversationPanel::Choice ConversationPanel::addChoice(QFormLayout& form, const QString& label, const char* name,
                                                       const Range& range) {
    Choice choice;
    choice.own = new QCheckBox(label, this);
    choice.own->setObjectName(QLatin1String(name) + QStringLiteral("Own"));
    choice.own->setToolTip(tr("Unticked: as the model's own settings say"));
    choice.value = new QDoubleSpinBox(this);
    choice.value->setObjectName(QLatin1String(name));
    choice.value->setAccessibleName(QString(label).remove(QLatin1Char('&')));
    choice.value->setDecimals(range.digits);
    choice.value->setMaximum(range.high);
    choice.value->setSingleStep(range.step);
    choice.value->setEnabled(false);
    form.addRow(choice.own, choice.value);
    // Below the range stands the model's own value, which the window does not know: words, not a number that would not hold.
    choice.value->setSpecialValueText(tr("the model's own"));
    choice.value->setMinimum(range.low - range.step);
    choice.value->setValue(range.low - range.step);
    connect(choice.own, &QCheckBox::toggled, this, [choice, range](bool own) {
        choice.value->setEnabled(own);
        choice.value->setSpecialValueText(own ? QString() : tr("the model's own"));
        choice.value->setMinimum(own ? range.low : range.low - range.step);
        choice.value->setValue(own ? range.usual : range.low - range.step);
    });
    connect(choice.own, &QCheckBox::toggled, this, &ConversationPanel::tell);
    connect(choice.value, &QDoubleSpinBox::valueChanged, this, &ConversationPanel::tell);
    return choice;
}

void ConversationPanel::addPresets(QFormLayout& form) {
    m_preset = new QComboBox(this);
    m_preset->setObjectName(QStringLiteral("preset"));
    m_preset->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_preset->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    auto* save = new QPushButton(tr("Save as…"), this);
    save->setObjectName(QStringLiteral("savePreset"));
    save->setAccessibleName(tr("Save these settings as a preset"));
    auto* remove = new QPushButton(tr("Delete"), this);
    remove->setObjectName(QStringLiteral("deletePreset"));
    remove->setAccessibleName(tr("Delete the chosen preset"));
    auto* row = new QHBoxLayout;
    row->addWidget(save);
    row->addWidget(remove);
    row->addStretch();
    form.addRow(tr("Pr&eset"), m_preset);
    form.addRow(QString(), row);
    connect(m_preset, &QComboBox::currentIndexChanged, remove, [remove](int index) { remove->setEnabled(index > 0); });
    fillPresets({});
    connect(&m_presets, &Presets::changed, this, [this] {
        fillPresets(m_preset->currentData().toString());
        choosePreset(settings());
    });
    connect(m_preset, &QComboBox::activated, this, [this](int index) {
        const auto preset = index > 0 ? m_presets.find(m_preset->itemData(index).toString()) : std::nullopt;
        if (!preset) return choosePreset(settings());  // "None" changes nothing
        show(*preset);
        emit changed(*preset);
    });
    connect(save, &QPushButton::clicked, this, [this] {
        auto* ask = new QInputDialog(this);
        ask->setObjectName(QStringLiteral("presetDialog"));
        ask->setAttribute(Qt::WA_DeleteOnClose);
        ask->setWindowTitle(tr("Save as a preset"));
        ask->setLabelText(tr("Name of the preset"));
        connect(ask, &QInputDialog::textValueSelected, this, [this](const QString& name) {
            if (name.trimmed().isEmpty()) return;
            m_presets.save(name.trimmed(), settings());
            m_preset->setCurrentIndex(m_preset->findData(name.trimmed()));  // also where another one is equal
        });
        ask->open();
    });
    connect(remove, &QPushButton::clicked, this, [this] { m_presets.remove(m_preset->currentData().toString()); });
}

void ConversationPanel::fillPresets(const QString& chosen) {
    m_preset->clear();
    m_preset->addItem(tr("None"));
    for (const QString& name : m_presets.names()) m_preset->addItem(name, name);
    m_preset->setCurrentIndex(std::max(0, m_preset->findData(chosen)));
}

// The box names what is shown: a preset only while the settings are its own.  Of equal ones the person's choice stays.
void ConversationPanel::choosePreset(const ConversationSettings& settings) {
    const auto isShown = [&](int index) {
        return index > 0 && m_presets.find(m_preset->itemData(index).toString()) == settings;
    };
    if (isShown(m_preset->currentIndex())) return;
    int index = m_preset->count() - 1;
    while (index > 0 && !isShown(index)) --index;
    m_preset->setCurrentIndex(std::max(index, 0));
}

void ConversationPanel::setChoice(const Choice& choice, std::optional<double> value) {
    choice.own->setChecked(value.has_value());
    if (value) choice.value->setValue(*value);
    choice.value->setEnabled(value.has_value());
}

void ConversationPanel::show(const ConversationSettings& settings) {
    m_showing = true;
    m_system->setPlainText(settings.systemPrompt);
    setChoice(m_temperature, settings.temperature);
    setChoice(m_topK, realOf(settings.topK));
    setChoice(m_topP, settings.topP);
    setChoice(m_minP, settings.minP);
    setChoice(m_penalty, settings.repetitionPenalty);
    setChoice(m_seed, realOf(settings.seed));
    m_length->setValue(static_cast<int>(settings.maxNewTokens));
    m_stop->setText(stopText(settings.stop));
    m_probabilities->setChecked(settings.probabilities);
    m_showing = false;
    choosePreset(settings);
}

ConversationSettings ConversationPanel::settings() const {
    const auto valueOf = [](const Choice& choice) {
        return choice.own->isChecked() ? std::optional(choice.value->value()) : std::nullopt;
    };
    ConversationSettings settings;
    settings.systemPrompt = m_system->toPlainText();
    settings.temperature = valueOf(m_temperature);
    settings.topK = wholeOf(valueOf(m_topK));
    settings.topP = valueOf(m_topP);
    settings.minP = valueOf(m_minP);
    settings.repetitionPenalty = valueOf(m_penalty);
    settings.seed = wholeOf(valueOf(m_seed));
    settings.maxNewTokens = m_length->value();
    settings.stop = stopsOf(m_stop->text());
    settings.probabilities = m_probabilities->isChecked();
    return settings;
}

void ConversationPanel::tell() {
    if (m_showing) return;
    const ConversationSettings now = settings();
    choosePreset(now);
    emit changed(now);
}

}  // namespace lapidary::gui
