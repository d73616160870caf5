#include "gui/models/load_dialog.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace lapidary::gui {
namespace {

constexpr int kMostTokens = 1 << 20;

QLabel* textLabel(const char* name, QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setObjectName(QLatin1String(name));
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    return label;
}

}  // namespace

LoadDialog::LoadDialog(LoadViewModel& viewModel, const QString& name, const protocol::HelloEvent& hello, QWidget* parent)
    : QDialog(parent), m_viewModel(viewModel) {
    setObjectName(QStringLiteral("loadDialog"));
    setWindowTitle(tr("Open %1").arg(name));
    setMinimumWidth(520);
    auto* layout = new QVBoxLayout(this);
    layout->setSpacing(12);
    m_about = textLabel("loadAbout", this);
    layout->addWidget(m_about);
    auto* form = new QFormLayout;
    addChoices(*form, hello);
    layout->addLayout(form);
    m_memory = textLabel("loadMemory", this);
    m_verdict = textLabel("loadVerdict", this);
    layout->addWidget(m_memory);
    layout->addWidget(m_verdict);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_open = buttons->addButton(tr("Open model"), QDialogButtonBox::AcceptRole);
    m_open->setObjectName(QStringLiteral("loadOpen"));
    m_open->setDefault(true);
    buttons->button(QDialogButtonBox::Cancel)->setObjectName(QStringLiteral("loadCancel"));
    layout->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(buttons, &QDialogButtonBox::accepted, this, [this] {
        readChoices();
        emit chosen(m_viewModel.choice());
        accept();
    });
    connect(&m_viewModel, &LoadViewModel::changed, this, &LoadDialog::showKnown);
    showKnown();
}

void LoadDialog::addChoices(QFormLayout& form, const protocol::HelloEvent& hello) {
    const auto combo = [&](const char* name, const QString& label) {
        auto* box = new QComboBox(this);
        box->setObjectName(QLatin1String(name));
        form.addRow(label, box);
        connect(box, &QComboBox::currentIndexChanged, this, &LoadDialog::readChoices);
        return box;
    };
    m_device = combo("loadDevice", tr("&Device"));
    m_device->addItem(tr("As the machine has it"), QStringLiteral("auto"));
    for (const std::string& device : hello.devices)
        m_device->addItem(QString::fromStdString(device), QString::fromStdString(device));
    if (!hello.notes.empty()) {  // why a device is not among them, in the engine's words
        QStringList notes;
        for (const std::string& note : hello.notes) notes.append(QString::fromStdString(note));
        QLabel* const about = textLabel("loadDeviceNotes", this);
        about->setText(notes.join(QLatin1Char('\n')));
        m_device->setAccessibleDescription(about->text());
        form.addRow(QString(), about);
    }
    m_dtype = combo("loadDtype", tr("&Numbers"));
    m_dtype->addItem(tr("As they are stored"), QStringLiteral("auto"));
    m_dtype->addItem(tr("float32: exactly as the reference"), QStringLiteral("float32"));
    m_dtype->addItem(QStringLiteral("bfloat16"), QStringLiteral("bfloat16"));
    m_quantize = combo("loadQuantize", tr("&Quantise"));
    m_quantize->addItem(tr("Not"), QString());
    for (const char* format : {"int8", "int4", "q8_0", "q4_0"})
        m_quantize->addItem(QLatin1String(format), QLatin1String(format));
    m_context = new QSpinBox(this);
    m_context->setObjectName(QStringLiteral("loadContext"));
    m_context->setRange(0, kMostTokens);
    m_context->setSingleStep(1024);
    m_context->setSpecialValueText(tr("As the model suggests"));
    m_context->setSuffix(tr(" token(s)", nullptr, m_context->value()));
    form.addRow(tr("&Context"), m_context);
    connect(m_context, &QSpinBox::valueChanged, this, [this](int tokens) {
        m_context->setSuffix(tr(" token(s)", nullptr, tokens));
        readChoices();
    });
    if (m_viewModel.takesVisionPart()) addVisionPart(form);
    addAdapter(form);
}

QLineEdit* LoadDialog::addPath(QFormLayout& form, const PathRow& row) {
    auto* line = new QHBoxLayout;
    auto* edit = new QLineEdit(this);
    edit->setObjectName(QLatin1String(row.name));
    edit->setPlaceholderText(row.placeholder);
    auto* browse = new QPushButton(tr("Choose…"), this);
    browse->setObjectName(QLatin1String(row.name) + QStringLiteral("Browse"));
    browse->setAccessibleName(row.browse);
    line->addWidget(edit);
    line->addWidget(browse);
    auto* label = new QLabel(row.label, this);
    label->setBuddy(edit);
    form.addRow(label, line);
    connect(browse, &QPushButton::clicked, this, [edit, make = row.dialog] {
        QFileDialog* const dialog = make();
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        connect(dialog, &QFileDialog::fileSelected, edit, &QLineEdit::setText);
        dialog->open();
    });
    return edit;
}

void LoadDialog::addVisionPart(QFormLayout& form) {
    const auto dialog = [this] {
        const QString folder = QFileInfo(QString::fromStdString(m_viewModel.choice().model)).path();
        return new QFileDialog(this, tr("Vision part of the model"), folder, tr("Vision part (*.gguf)"));
    };
    m_visionPart = addPath(form, {"loadVisionPart", tr("&Vision part"), tr("An mmproj file, or nothing: text alone"),
                                  tr("Choose the file with the vision part"), dialog});
    connect(m_visionPart, &QLineEdit::textChanged, this, &LoadDialog::readChoices);
}

void LoadDialog::addAdapter(QFormLayout& form) {
    const auto dialog = [this] {
        auto* const made = new QFileDialog(this, tr("Folder of an adapter"));
        made->setFileMode(QFileDialog::Directory);
        return made;
    };
    m_adapter = addPath(form, {"loadAdapter", tr("&Adapter"), tr("Folder of a PEFT adapter, or nothing"),
                               tr("Choose the folder of an adapter"), dialog});
}

void LoadDialog::readChoices() {
    if (m_context == nullptr || m_adapter == nullptr) return;  // still being built
    protocol::LoadRequest choice = m_viewModel.choice();
    choice.device = m_device->currentData().toString().toStdString();
    choice.dtype = m_dtype->currentData().toString().toStdString();
    choice.quantize = m_quantize->currentData().toString().toStdString();
    choice.context = m_context->value();
    if (m_visionPart != nullptr) choice.mmproj = m_visionPart->text().trimmed().toStdString();
    choice.adapters.clear();
    if (const QString adapter = m_adapter->text().trimmed(); !adapter.isEmpty())
        choice.adapters.push_back(adapter.toStdString());
    m_viewModel.choose(choice);
}

void LoadDialog::showKnown() {
    const QLocale locale;
    // Found beside the model.  What a person typed is the choice already.
    if (m_visionPart != nullptr && m_visionPart->text().isEmpty())
        m_visionPart->setText(QString::fromStdString(m_viewModel.choice().mmproj));
    if (!m_viewModel.isInspected()) {
        m_about->setText(tr("Reading the model's files…"));
    } else if (!m_viewModel.problem().isEmpty()) {
        m_about->setText(tr("This cannot be opened. %1").arg(m_viewModel.problem()));
    } else {
        const QString can = m_viewModel.hasVision() ? tr("It reads text and pictures.")
                                                    : tr("It reads text alone: pictures are switched off with it.");
        m_about->setText(
            tr("%1 parameters, stored as %2. %3").arg(locale.toString(m_viewModel.parameters()), m_viewModel.formats(), can));
    }
    m_quantize->setEnabled(m_viewModel.canQuantize());
    m_quantize->setToolTip(m_viewModel.canQuantize() ? QString() : tr("The weights are quantised already."));
    if (m_viewModel.maxContext() > 0)
        m_context->setMaximum(static_cast<int>(std::min<qint64>(m_viewModel.maxContext(), kMostTokens)));
    QStringList lines;
    for (const MemoryPart& part : m_viewModel.memory()) {
        if (part.bytes > 0) lines.append(tr("%1: %2").arg(part.name, locale.formattedDataSize(part.bytes)));
    }
    m_memory->setText(
        lines.isEmpty()
            ? QString()
            : tr("Memory for %1 tokens: %2").arg(locale.toString(m_viewModel.context()), lines.join(QStringLiteral(", "))));
    m_verdict->setText(m_viewModel.verdict());
    m_open->setEnabled(m_viewModel.problem().isEmpty());
    fitHeight();
}

// Sentences come and grow while the dialog is open, and layouts make no room for lines that wrap.
void LoadDialog::fitHeight() { setMinimumHeight(layout()->totalHeightForWidth(width())); }

void LoadDialog::resizeEvent(QResizeEvent* event) {
    QDialog::resizeEvent(event);
    fitHeight();
}

}  // namespace lapidary::gui
