#include "gui/widgets/theme.h"

#include <gtest/gtest.h>

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QSpinBox>
#include <QStyleOptionButton>
#include <QTextEdit>
#include <QVBoxLayout>
#include <QWidget>
#include <algorithm>

#include "gui/widgets/flow_layout.h"
#include "gui/widgets/outlined_style.h"

namespace lapidary::gui {
namespace {

TEST(Theme, EveryPairOfTextAndGroundCanBeRead) {
    for (const Theme& theme : {Theme::lightTheme(), Theme::darkTheme()}) {
        ASSERT_GE(theme.textPairs().size(), 20U);
        for (const Theme::TextPair& pair : theme.textPairs()) {
            EXPECT_GE(contrastRatio(pair.text, pair.ground), 4.5)
                << pair.name.toStdString() << (theme.dark ? ", dark" : ", light");
        }
        // The frame of what has the focus: 3:1 (WCAG 2.2, 1.4.11).
        for (const QColor& ground : {theme.window, theme.panel, theme.base})
            EXPECT_GE(contrastRatio(theme.accent, ground), 3.0);
    }
}

TEST(Theme, ThePaletteIsMadeOfPairsThatCanBeRead) {
    for (const Theme& theme : {Theme::lightTheme(), Theme::darkTheme()}) {
        const QPalette palette = theme.palette();
        const std::pair<QPalette::ColorRole, QPalette::ColorRole> pairs[] = {
            {QPalette::WindowText, QPalette::Window},       {QPalette::Text, QPalette::Base},
            {QPalette::Text, QPalette::AlternateBase},      {QPalette::ButtonText, QPalette::Button},
            {QPalette::PlaceholderText, QPalette::Base},    {QPalette::HighlightedText, QPalette::Highlight},
            {QPalette::ToolTipText, QPalette::ToolTipBase}, {QPalette::Link, QPalette::Base}};
        for (const auto group : {QPalette::Active, QPalette::Inactive, QPalette::Disabled}) {
            for (const auto& [text, ground] : pairs) {
                EXPECT_GE(contrastRatio(palette.color(group, text), palette.color(group, ground)), 4.5)
                    << text << " on " << ground << " in group " << group << (theme.dark ? ", dark" : ", light");
            }
        }
    }
}

TEST(Theme, ContrastIsThatOfWcag) {
    EXPECT_DOUBLE_EQ(contrastRatio(Qt::black, Qt::white), 21.0);
    EXPECT_DOUBLE_EQ(contrastRatio(Qt::white, Qt::white), 1.0);
    EXPECT_NEAR(contrastRatio(QColor(0x777777), Qt::white), 4.48, 0.01);
}

TEST(Theme, SystemFollowsTheDesktop) {
    QPalette desktop;
    desktop.setColor(QPalette::Window, Qt::black);
    desktop.setColor(QPalette::WindowText, Qt::white);
    EXPECT_TRUE(Theme::of(ThemeChoice::System, desktop).dark);
    EXPECT_FALSE(Theme::of(ThemeChoice::Light, desktop).dark);
    desktop.setColor(QPalette::Window, Qt::white);
    desktop.setColor(QPalette::WindowText, Qt::black);
    EXPECT_FALSE(Theme::of(ThemeChoice::System, desktop).dark);
    EXPECT_TRUE(Theme::of(ThemeChoice::Dark, desktop).dark);
}

// What differs most from a ground in the first pixels of a row in the middle of an area: there its outline is.
double outlineContrast(const QImage& image, const QRect& area, const QColor& ground) {
    double most = 1.0;
    for (int x = area.left(); x < area.left() + 3; ++x)
        most = std::max(most, contrastRatio(image.pixelColor(x, area.center().y()), ground));
    return most;
}

TEST(OutlinedStyle, FieldsAndBoxesHaveAnOutlineThatIsSeen) {
    OutlinedStyle style;
    for (const Theme& theme : {Theme::lightTheme(), Theme::darkTheme()}) {
        QWidget parent;
        parent.setPalette(theme.palette());
        QVBoxLayout layout(&parent);
        QList<QWidget*> fields{new QCheckBox, new QRadioButton, new QLineEdit, new QSpinBox, new QComboBox, new QTextEdit};
        for (QWidget* const field : fields) {
            field->setStyle(&style);
            layout.addWidget(field);
        }
        parent.ensurePolished();
        layout.activate();
        const QImage image = parent.grab().toImage();
        for (QWidget* const field : fields) {
            QStyleOptionButton option;
            option.initFrom(field);
            QRect area = field->rect();
            if (qobject_cast<QCheckBox*>(field) != nullptr)
                area = style.subElementRect(QStyle::SE_CheckBoxIndicator, &option, field);
            if (qobject_cast<QRadioButton*>(field) != nullptr)
                area = style.subElementRect(QStyle::SE_RadioButtonIndicator, &option, field);
            area.moveTopLeft(field->mapTo(&parent, area.topLeft()));
            for (const QColor& ground : {theme.window, theme.base})
                EXPECT_GE(outlineContrast(image, area, ground), 3.0)
                    << field->metaObject()->className() << (theme.dark ? ", dark" : ", light");
        }
    }
}

TEST(FlowLayout, GoesOnInTheNextRow) {
    QWidget parent;
    auto* layout = new FlowLayout(&parent, 10);
    for (int i = 0; i < 3; ++i) {
        auto* child = new QWidget(&parent);
        child->setFixedSize(100, 30);
        layout->addWidget(child);
    }
    EXPECT_EQ(layout->heightForWidth(320), 30);
    EXPECT_EQ(layout->heightForWidth(319), 70);
    EXPECT_EQ(layout->heightForWidth(50), 110);
    layout->itemAt(0)->widget()->hide();
    EXPECT_EQ(layout->heightForWidth(210), 30);
}

}  // namespace
}  // namespace lapidary::gui
