#include "gui/widgets/outlined_style.h"

#include <QStyleOption>

namespace lapidary::gui {
namespace {

constexpr int kFusionDarkens = 140;  // percent, from QPalette::Window to the outline

}  // namespace

OutlinedStyle::OutlinedStyle() : QProxyStyle(QStringLiteral("fusion")) {}

const QPalette& OutlinedStyle::outlined(const QPalette& palette) const {
    if (m_madeOf != palette.cacheKey()) {
        m_madeOf = palette.cacheKey();
        m_made = palette;
        for (const auto group : {QPalette::Active, QPalette::Inactive, QPalette::Disabled})
            m_made.setColor(group, QPalette::Window, palette.color(group, QPalette::Mid).lighter(kFusionDarkens));
    }
    return m_made;
}

void OutlinedStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                                  const QWidget* widget) const {
    const auto draw = [&](auto copy) {
        copy.palette = outlined(option->palette);
        QProxyStyle::drawPrimitive(element, &copy, painter, widget);
    };
    const auto* const button = qstyleoption_cast<const QStyleOptionButton*>(option);
    const auto* const frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
    if (button != nullptr && (element == PE_IndicatorCheckBox || element == PE_IndicatorRadioButton)) return draw(*button);
    if (frame != nullptr && (element == PE_FrameLineEdit || element == PE_Frame)) return draw(*frame);
    QProxyStyle::drawPrimitive(element, option, painter, widget);
}

void OutlinedStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                                       const QWidget* widget) const {
    const auto draw = [&](auto copy) {
        copy.palette = outlined(option->palette);
        QProxyStyle::drawComplexControl(control, &copy, painter, widget);
    };
    if (const auto* const spin = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
        spin != nullptr && control == CC_SpinBox)
        return draw(*spin);
    if (const auto* const box = qstyleoption_cast<const QStyleOptionComboBox*>(option);
        box != nullptr && control == CC_ComboBox)
        return draw(*box);
    QProxyStyle::drawComplexControl(control, option, painter, widget);
}

}  // namespace lapidary::gui
