#include "gui/settings/conversation_panel.h"

#include <gtest/gtest.h>

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QInputDialog>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

namespace lapidary::gui {
namespace {

ConversationSettings warm() {
    ConversationSettings settings;
    settings.systemPrompt = QStringLiteral("Be brief, please.");
    settings.temperature = 0.7;
    settings.stop = {QStringLiteral("a,b")};
    return settings;
}

class ConversationPanelTest : public testing::Test {
protected:
    template <class W>
    W& child(const char* name) const {
        return *panel.findChild<W*>(QLatin1String(name));
    }
    [[nodiscard]] QString preset() const { return child<QComboBox>("preset").currentText(); }
    [[nodiscard]] bool canDelete() const { return child<QPushButton>("deletePreset").isEnabled(); }
    void saveAs(const QString& name) {
        child<QPushButton>("savePreset").click();
        auto* const ask = panel.findChild<QInputDialog*>(QStringLiteral("presetDialog"));
        ASSERT_NE(ask, nullptr);
        ask->setTextValue(name);
        ask->accept();
        QCoreApplication::sendPostedEvents(ask, QEvent::DeferredDelete);
    }
    void choose(int index) {
        auto& box = child<QComboBox>("preset");
        box.setCurrentIndex(index);
        emit box.activated(index);
    }
    void typeStops(const QString& text) {
        auto& field = child<QLineEdit>("stopStrings");
        field.setText(text);
        QTest::keyClick(&field, Qt::Key_Return);
    }

    QTemporaryDir folder;
    QSettings file{folder.filePath(QStringLiteral("window.ini")), QSettings::IniFormat};
    Presets presets{file};
    ConversationPanel panel{presets};
};

TEST_F(ConversationPanelTest, ASavedPresetCanBeDeletedAtOnce) {
    panel.show(warm());
    EXPECT_EQ(preset(), "None");
    EXPECT_FALSE(canDelete());
    saveAs(QStringLiteral("Warm"));
    EXPECT_EQ(preset(), "Warm");
    ASSERT_TRUE(canDelete());
    child<QPushButton>("deletePreset").click();
    EXPECT_TRUE(presets.names().isEmpty());
    EXPECT_EQ(preset(), "None");
    EXPECT_FALSE(canDelete());
}

TEST_F(ConversationPanelTest, TheBoxNamesThePresetThatIsShown) {
    presets.save(QStringLiteral("Warm"), warm());
    panel.show(warm());
    EXPECT_EQ(preset(), "Warm");
    EXPECT_TRUE(canDelete());
    panel.show(ConversationSettings());  // another conversation
    EXPECT_EQ(preset(), "None");
    EXPECT_FALSE(canDelete());
    QSignalSpy changed(&panel, &ConversationPanel::changed);
    choose(1);
    ASSERT_EQ(changed.count(), 1);
    EXPECT_EQ(changed[0][0].value<ConversationSettings>(), warm());
    EXPECT_EQ(preset(), "Warm");
    // Changed by hand it is none any more, and changed back it is that one again.
    child<QDoubleSpinBox>("temperature").setValue(0.8);
    EXPECT_EQ(preset(), "None");
    child<QDoubleSpinBox>("temperature").setValue(0.7);
    EXPECT_EQ(preset(), "Warm");
}

TEST_F(ConversationPanelTest, OfEqualPresetsTheChosenOneStays) {
    for (const char* name : {"A", "None", "Z"}) presets.save(QLatin1String(name), warm());
    panel.show(ConversationSettings());
    choose(2);
    EXPECT_EQ(child<QComboBox>("preset").currentIndex(), 2);
    saveAs(QStringLiteral("M"));
    EXPECT_EQ(preset(), "M");
    child<QPushButton>("deletePreset").click();
    EXPECT_EQ(presets.names(), (QStringList{"A", "None", "Z"}));
}

TEST_F(ConversationPanelTest, StopStringsAreReadAsTheyAreShown) {
    const QList<QStringList> all{{},
                                 {QStringLiteral("\n")},
                                 {QStringLiteral("|"), QStringLiteral("\\")},
                                 {QStringLiteral("\\n"), QStringLiteral("a\\|b"), QStringLiteral("\n\nUser:")},
                                 {QStringLiteral("\\\\\n|"), QStringLiteral(" end ")}};
    for (const QStringList& stops : all) {
        ConversationSettings settings;
        settings.stop = stops;
        panel.show(settings);
        EXPECT_EQ(panel.settings().stop, stops) << stops.join(QLatin1Char(' ')).toStdString();
    }
    EXPECT_EQ(child<QLineEdit>("stopStrings").text(), QStringLiteral("\\\\\\\\\\n\\|| end "));
}

TEST_F(ConversationPanelTest, StopStringsAreTypedWithEscapes) {
    typeStops(QStringLiteral("a|b"));
    EXPECT_EQ(panel.settings().stop, (QStringList{"a", "b"}));
    typeStops(QStringLiteral("||\\n|x\\|y|\\\\n|"));
    EXPECT_EQ(panel.settings().stop, (QStringList{"\n", "x|y", "\\n"}));
    // A backslash that escapes nothing is one.
    typeStops(QStringLiteral("\\d|end\\"));
    EXPECT_EQ(panel.settings().stop, (QStringList{"\\d", "end\\"}));
}

}  // namespace
}  // namespace lapidary::gui
