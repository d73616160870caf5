#include "gui/chat_widgets/view_controls.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSpinBox>

namespace lapidary::gui {
namespace {

using Mode = PreviewViewModel::Mode;

constexpr double kLargestRatio = 1000.0;

}  // namespace

ViewControls::ViewControls(PreviewViewModel& preview, QWidget* parent)
    : QWidget(parent),
      m_preview(preview),
      m_mode(new QComboBox(this)),
      m_minCropSize(makeSpinBox("minCropSize", tr("Smallest side of a crop"), PreviewViewModel::kLargestMinCrop)),
      m_maxNumCrops(makeSpinBox("maxNumCrops", tr("Most crops"), PreviewViewModel::kMostCrops)),
      m_minRatio(new QDoubleSpinBox(this)),
      m_refusal(new QLabel(this)) {
    setObjectName(QStringLiteral("viewControls"));
    m_mode->setObjectName(QStringLiteral("viewMode"));
    m_mode->setAccessibleName(tr("How the picture is cut"));
    m_mode->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_mode->addItem(tr("As the model does it"), static_cast<int>(Mode::Model));
    m_mode->addItem(tr("Pan & scan on"), static_cast<int>(Mode::On));
    m_mode->addItem(tr("Whole picture only"), static_cast<int>(Mode::Off));
    m_mode->addItem(tr("Own crops"), static_cast<int>(Mode::Own));
    m_minCropSize->setSuffix(tr(" px"));
    m_minCropSize->setToolTip(tr("A picture is not cut where its crops would have a shorter side. The reference has 256."));
    m_maxNumCrops->setToolTip(tr("No picture is cut into more crops. The reference has 4."));
    m_minRatio->setObjectName(QStringLiteral("minRatio"));
    m_minRatio->setAccessibleName(tr("Smallest ratio of the sides"));
    m_minRatio->setToolTip(
        tr("Only a picture whose longer side is so many times its shorter one is cut. The reference has 1.2."));
    m_minRatio->setRange(0.0, kLargestRatio);
    m_minRatio->setDecimals(2);
    m_minRatio->setSingleStep(0.1);
    m_refusal->setObjectName(QStringLiteral("parameterRefusal"));
    m_refusal->setWordWrap(true);
    m_refusal->setTextFormat(Qt::PlainText);
    m_refusal->hide();
    auto* const form = new QFormLayout(this);
    form->setContentsMargins(0, 0, 0, 0);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form->addRow(tr("Crop&s"), m_mode);
    form->addRow(tr("S&mallest side"), m_minCropSize);
    form->addRow(tr("M&ost crops"), m_maxNumCrops);
    form->addRow(tr("Smallest &ratio"), m_minRatio);
    form->addRow(m_refusal);
    connect(m_mode, &QComboBox::activated, this,
            [this] { m_preview.setMode(static_cast<Mode>(m_mode->currentData().toInt())); });
    connect(m_minCropSize, &QSpinBox::valueChanged, this, &ViewControls::take);
    connect(m_maxNumCrops, &QSpinBox::valueChanged, this, &ViewControls::take);
    connect(m_minRatio, &QDoubleSpinBox::valueChanged, this, &ViewControls::take);
    connect(&preview, &PreviewViewModel::changed, this, &ViewControls::showChoice);
    showChoice();
}

QSpinBox* ViewControls::makeSpinBox(const char* name, const QString& label, std::int64_t most) {
    auto* const box = new QSpinBox(this);
    box->setObjectName(QLatin1String(name));
    box->setAccessibleName(label);
    box->setRange(1, static_cast<int>(most));
    return box;
}

void ViewControls::showChoice() {
    const QSignalBlocker noMode(m_mode);
    const QSignalBlocker noSize(m_minCropSize);
    const QSignalBlocker noCount(m_maxNumCrops);
    const QSignalBlocker noRatio(m_minRatio);
    const rules::PanAndScanSettings parameters = m_preview.parameters();
    m_mode->setCurrentIndex(m_mode->findData(static_cast<int>(m_preview.mode())));
    m_minCropSize->setValue(static_cast<int>(parameters.minCropSize));
    m_maxNumCrops->setValue(static_cast<int>(parameters.maxNumCrops));
    if (m_minRatio->value() != parameters.minRatioToActivate) m_minRatio->setValue(parameters.minRatioToActivate);
    const bool matter = m_preview.parametersMatter();
    m_mode->setEnabled(m_preview.hasPicture());
    m_minCropSize->setEnabled(matter);
    m_maxNumCrops->setEnabled(matter);
    m_minRatio->setEnabled(matter);
}

void ViewControls::take() {
    const QString refusal = m_preview.setParameters({m_minCropSize->value(), m_maxNumCrops->value(), m_minRatio->value()});
    m_refusal->setText(refusal);
    m_refusal->setVisible(!refusal.isEmpty());
}

}  // namespace lapidary::gui
