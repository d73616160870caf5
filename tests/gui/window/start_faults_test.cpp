// Starts of the window over what is damaged, taken or strange: histories, settings, paths, a machine without a screen.
#include <QAbstractButton>
#include <QDataStream>
#include <QDir>
#include <QFile>
#include <QLabel>
#include <QListView>
#include <QMimeData>
#include <QProcess>
#include <QSignalSpy>
#include <QTextEdit>

#include "app/desktop/single_instance.h"
#include "gui/history/history_store.h"
#include "gui/models/model_catalog.h"
#include "gui/settings/checked_settings.h"
#include "gui/settings/presets.h"
#include "tests/gui/support/window_load.h"
#include "tests/gui/window/window_fixture.h"

namespace lapidary::gui::test {
namespace {

using protocol::ChatRequest;

class WindowStart : public WindowTest {
protected:
    static void write(const QString& path, const QByteArray& bytes) {
        QDir().mkpath(QFileInfo(path).path());
        QFile out(path);
        ASSERT_TRUE(out.open(QIODevice::WriteOnly) && out.write(bytes) == bytes.size());
    }
    void writeSetting(const QString& key, const QVariant& value) const {
        QSettings(settingsFile(), QSettings::IniFormat).setValue(key, value);
    }
    // It is a window that works: a question is asked and answered.
    void expectItWorks() {
        loadModel();
        engine.answer<ChatRequest>({protocol::TokenEvent{1, "One", std::nullopt, {}}, protocol::DoneEvent()});
        ask(QStringLiteral("Count."));
        EXPECT_TRUE(window->findChildren<QTextEdit*>(QStringLiteral("messageText")).back()->toPlainText() ==
                    QStringLiteral("One"));
    }
};

TEST_F(WindowStart, Fault49_AHistoryThatIsNoneIsSetAsideAndSaid) {
    write(dataFolder() + QStringLiteral("/history.sqlite"), QByteArray(9000, 'x'));
    open();
    window->showPage(MainWindow::Page::Chat);
    ASSERT_TRUE(waitFor([&] { return !textOf("bannerText").isEmpty(); }));
    EXPECT_TRUE(textOf("bannerText").contains(QStringLiteral("history"))) << textOf("bannerText").toStdString();
    expectItWorks();
    EXPECT_TRUE(waitFor([&] { return find<QListView>("historyList")->model()->rowCount() == 1; }));
}

TEST_F(WindowStart, Fault49_AHistoryThatAnotherHoldsIsReadAndSaid) {
    lapidary::test::writeLongChat(dataFolder(), 4);
    HistoryStore other(dataFolder());
    ASSERT_TRUE(waitFor([&] { return other.status().mode == HistoryStatus::Mode::Writable; }));
    open();
    ASSERT_TRUE(waitFor([&] { return !textOf("bannerText").isEmpty(); }));
    EXPECT_TRUE(waitFor([&] { return find<QListView>("historyList")->model()->rowCount() == 1; }));
    expectItWorks();
}

TEST_F(WindowStart, Fault49_ASecondStartRaisesTheFirst) {
    const QString name = QStringLiteral("lapidary-test-%1").arg(QCoreApplication::applicationPid());
    open();
    SingleInstance first(name);
    ASSERT_TRUE(first.claim({}));
    QObject::connect(&first, &SingleInstance::startedAgain, window.get(), [this](const QStringList& pictures) {
        window->comeForward();
        window->addPictures(pictures);
    });
    window->showMinimized();
    SingleInstance second(name);
    EXPECT_FALSE(second.claim({file(QStringLiteral("rings.png"))}));
    ASSERT_TRUE(waitFor([&] { return find<QListView>("pictureList")->model()->rowCount() == 1; }));
    EXPECT_FALSE(window->isMinimized());
    // A socket that a killed one left behind stops nobody.
    write(QDir::tempPath() + QStringLiteral("/lapidary-left-behind"), {});
    SingleInstance third(QStringLiteral("lapidary-left-behind"));
    EXPECT_TRUE(third.claim({}));
}

TEST_F(WindowStart, Fault59_FoldersAndPicturesOfAnyName) {
    open();
    loadModel();
    QStringList pictures;
    for (const char* name : {"with spaces", "💎 emoji", "שלום עולם", "dots...", "percent %1 %n &amp; <b>", "new\nline"})
        pictures.append(writePicture(file(QString::fromUtf8(name) + QStringLiteral(".png"))));
    QString deep = folder();
    while (deep.size() < 320) deep += QStringLiteral("/a folder of a long name");
    QDir().mkpath(deep);
    pictures.append(writePicture(deep + QStringLiteral("/deep.png")));
    window->addPictures(pictures);
    engine.settle();
    ASSERT_EQ(find<QListView>("pictureList")->model()->rowCount(), pictures.size());
    std::vector<std::string> asked;
    for (const auto& [id, request] : engine.requestsOf<protocol::ThumbnailRequest>()) asked.push_back(request.path);
    for (const QString& picture : pictures)
        EXPECT_NE(std::find(asked.begin(), asked.end(), picture.toStdString()), asked.end()) << picture.toStdString();
    ask(QStringLiteral("What are they?"));
    // They are in the store under their hash now, whatever they were called.
    const auto parts = engine.requestsOf<ChatRequest>().back().second.messages.back().content;
    EXPECT_EQ(parts.size(), static_cast<std::size_t>(pictures.size()) + 1U);
    for (const auto& part : parts) EXPECT_TRUE(part.path.empty() || QFile::exists(QString::fromStdString(part.path)));
}

TEST_F(WindowStart, Fault59_APictureThatCannotBeKeptGivesTheMessageBack) {
    open();
    loadModel();
    const QString picture = writePicture(file(QStringLiteral("gone.png")));
    window->addPictures({picture});
    engine.settle();
    type(QStringLiteral("What is it?"));
    QFile::remove(picture);
    click("sendButton");
    type(QStringLiteral("typed meanwhile"));
    ASSERT_TRUE(waitFor([&] { return textOf("composerNoticeText").contains(QStringLiteral("could not be kept")); }));
    const QString draft = find<QTextEdit>("messageEdit")->toPlainText();
    EXPECT_TRUE(draft.contains(QStringLiteral("What is it?")) && draft.contains(QStringLiteral("typed meanwhile")))
        << draft.toStdString();
    EXPECT_EQ(find<QListView>("pictureList")->model()->rowCount(), 1);
    EXPECT_TRUE(engine.requestsOf<ChatRequest>().empty());
}

TEST_F(WindowStart, Fault59_ADataFolderThatCannotBeIsSaid) {
    write(dataFolder(), "a file where the folder should be");
    open();
    ASSERT_TRUE(waitFor([&] { return !textOf("bannerText").isEmpty(); }));
    expectItWorks();
}

TEST_F(WindowStart, Fault59_ADroppedFolderOrFileIsAModelAndTheRestArePictures) {
    open();
    loadModel();
    const auto dropFiles = [this](const QStringList& paths) {
        QMimeData data;
        QList<QUrl> urls;
        for (const QString& path : paths) urls.append(QUrl::fromLocalFile(path));
        data.setUrls(urls);
        drop(*window, data);
    };
    QDir().mkpath(file(QStringLiteral("my mödel")));
    dropFiles({file(QStringLiteral("my mödel"))});
    QWidget* const load = dialog("loadDialog");
    EXPECT_TRUE(load->windowTitle().contains(QStringLiteral("my mödel")));
    load->close();
    dropFiles({file(QStringLiteral("rings.png"))});
    EXPECT_TRUE(waitFor([&] { return find<QListView>("pictureList")->model()->rowCount() == 1; }));
}

TEST_F(WindowStart, Fault60_ItemsThatCannotBeUsedAreResetAloneAndACopyIsKept) {
    open();
    trigger("zoomIn");
    close();
    const int zoom = QSettings(settingsFile(), QSettings::IniFormat).value(QStringLiteral("view/zoom")).toInt();
    EXPECT_EQ(zoom, 1);
    writeSetting(QStringLiteral("view/theme"), QStringLiteral("purple"));
    writeSetting(QStringLiteral("view/geometry"), QByteArray("no geometry"));
    writeSetting(QStringLiteral("draft/parts"), QStringLiteral("[{\"picture\": 7"));
    writeSetting(QStringLiteral("models/recent"), QVariant(QStringList{QString(), QStringLiteral("gone/model")}));
    open();
    EXPECT_TRUE(find<QAction>("theme0")->isChecked());
    EXPECT_EQ(settings->value(QStringLiteral("view/zoom")).toInt(), 1);  // the others stay
    EXPECT_EQ(settings->value(QStringLiteral("reset/view/theme")).toString(), QStringLiteral("purple"));
    EXPECT_EQ(settings->value(QStringLiteral("reset/view/geometry")).toByteArray(), QByteArray("no geometry"));
    EXPECT_TRUE(settings->contains(QStringLiteral("reset/draft/parts")));
    EXPECT_FALSE(settings->contains(QStringLiteral("draft/parts")));
    expectItWorks();
    close();
    open();
    EXPECT_EQ(settings->value(QStringLiteral("view/theme")).toInt(), 0);
}

TEST_F(WindowStart, Fault60_APlaceBeyondTheScreenIsBroughtBack) {
    open();
    window->setGeometry(20'000, 15'000, 900, 600);
    close();
    open();
    EXPECT_TRUE(window->screen()->availableGeometry().intersects(window->frameGeometry()));
}

TEST_F(WindowStart, Fault60_AFileThatIsNoSettingsIsPutAside) {
    write(settingsFile(), QByteArray("\x00\x01\xff[[[\n=%%%\n\xfe", 14));
    const QString aside = putDamagedSettingsAside(settingsFile());
    ASSERT_FALSE(aside.isEmpty());
    EXPECT_TRUE(QFile::exists(aside));
    EXPECT_FALSE(QFile::exists(settingsFile()));
    open();
    window->tellOfDamagedSettings(aside);
    EXPECT_TRUE(textOf("bannerText").contains(aside));
    expectItWorks();
    close();
    EXPECT_TRUE(putDamagedSettingsAside(settingsFile()).isEmpty());
}

TEST_F(WindowStart, Fault60_NumbersOfPresetsThatAreNoneAreNotSet) {
    QSettings file(settingsFile(), QSettings::IniFormat);
    Presets presets(file);
    ConversationSettings preset;
    preset.temperature = 0.5;
    preset.topK = 40;
    preset.seed = 7;
    presets.save(QStringLiteral("mine"), preset);
    const QString group = QStringLiteral("presets/") + QString::fromLatin1(QByteArray("mine").toHex());
    file.setValue(group + QStringLiteral("/temperature"), QStringLiteral("1e309"));
    file.setValue(group + QStringLiteral("/top_k"), QStringLiteral("many"));
    const auto read = presets.find(QStringLiteral("mine"));
    ASSERT_TRUE(read.has_value());
    EXPECT_FALSE(read->temperature.has_value());
    EXPECT_FALSE(read->topK.has_value());
    EXPECT_EQ(read->seed, 7);
}

// The program itself, without a display.
struct Ended {
    int code = -1;
    QString output;
    QString errors;
};
Ended runDesktop(const QStringList& arguments) {
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}) environment.remove(QLatin1String(name));
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(LAPIDARY_DESKTOP), arguments);
    EXPECT_TRUE(process.waitForFinished(20'000));
    EXPECT_EQ(process.exitStatus(), QProcess::NormalExit);
    return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
            QString::fromUtf8(process.readAllStandardError())};
}

TEST(Desktop, Fault62_WithoutADisplayItSaysSoAndWhatToDo) {
    const Ended ended = runDesktop({});
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(ended.errors.contains(QStringLiteral("lapidary-desktop: error: there is no display here")))
        << ended.errors.toStdString();
    EXPECT_TRUE(ended.errors.contains(QStringLiteral("lapidary chat")));
    EXPECT_EQ(ended.errors.trimmed().count(QLatin1Char('\n')), 0) << ended.errors.toStdString();
}

TEST(Desktop, Fault62_HelpAndVersionNeedNoDisplay) {
    const Ended version = runDesktop({QStringLiteral("--version")});
    EXPECT_EQ(version.code, 0);
    EXPECT_TRUE(version.output.startsWith(QStringLiteral("lapidary"))) << version.output.toStdString();
    const Ended help = runDesktop({QStringLiteral("--help")});
    EXPECT_EQ(help.code, 0);
    EXPECT_TRUE(help.output.contains(QStringLiteral("--model")));
}

}  // namespace
}  // namespace lapidary::gui::test
