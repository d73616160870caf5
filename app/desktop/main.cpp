// lapidary-desktop: QApplication, translations, the engine's client, the window.
#include <QApplication>
#include <QCommandLineParser>
#include <QCryptographicHash>
#include <QDir>
#include <QIcon>
#include <QSettings>
#include <QStandardPaths>
#include <memory>

#include "app/desktop/display_check.h"
#include "app/desktop/single_instance.h"
#include "gui/engine_client/engine_client.h"
#include "gui/engine_client/verb_process.h"
#include "gui/settings/checked_settings.h"
#include "gui/widgets/outlined_style.h"
#include "gui/window/languages.h"
#include "gui/window/loop_watch.h"
#include "gui/window/main_window.h"

namespace {

// LAPIDARY_HOME holds everything, as it does for the command line.
QString folderOf(QStandardPaths::StandardLocation place, const char* below) {
    const QString home = qEnvironmentVariable("LAPIDARY_HOME");
    if (!home.isEmpty()) return QDir(home).absoluteFilePath(QLatin1String(below));
    return QStandardPaths::writableLocation(place) + QStringLiteral("/lapidary");
}

void setNames() {
    QCoreApplication::setApplicationName(QStringLiteral("lapidary"));
    QCoreApplication::setApplicationVersion(QStringLiteral(LAPIDARY_VERSION));
}

// What is asked for on the command line; leaves by itself for --help, --version and what it does not know.
struct Wishes {
    QString model;
    QString language;
    QString timings;  // a file
    QStringList pictures;
};

Wishes readCommandLine(const QCoreApplication& application) {
    QCommandLineParser parser;
    const QCommandLineOption model({QStringLiteral("m"), QStringLiteral("model")},
                                   QStringLiteral("open this model: a folder, a .gguf file, an id, or demo"),
                                   QStringLiteral("M"));
    const QCommandLineOption language(QStringLiteral("language"),
                                      QStringLiteral("language of the window, as tr (default: the system's)"),
                                      QStringLiteral("L"));
    const QCommandLineOption timings(
        QStringLiteral("timings"),
        QStringLiteral("write the time to the first paint and the longest stall here when the window closes"),
        QStringLiteral("FILE"));
    parser.addOptions({model, language, timings});
    parser.addPositionalArgument(QStringLiteral("pictures"), QStringLiteral("pictures for the first message"),
                                 QStringLiteral("[pictures…]"));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.process(application);
    Wishes wishes{parser.value(model), parser.value(language), parser.value(timings), {}};
    for (const QString& picture : parser.positionalArguments())
        wishes.pictures.append(QDir::current().absoluteFilePath(picture));
    return wishes;
}

int refuse(int argc, char** argv) {
    const QCoreApplication application(argc, argv);
    setNames();
    readCommandLine(application);  // --help and --version need no display
    tellOfNoDisplay();
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (!hasDisplay(argc, argv)) return refuse(argc, argv);
    QApplication application(argc, argv);
    setNames();
    QApplication::setApplicationDisplayName(QStringLiteral("Lapidary"));
    QApplication::setDesktopFileName(QStringLiteral("lapidary"));
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/lapidary.svg")));
    QApplication::setStyle(new lapidary::gui::OutlinedStyle);  // its owner from now on
    const Wishes wishes = readCommandLine(application);
    lapidary::gui::speak(application, wishes.language);

    const QString dataFolder = folderOf(QStandardPaths::GenericDataLocation, "data");
    const QByteArray hash = QCryptographicHash::hash(dataFolder.toUtf8(), QCryptographicHash::Sha256).toHex().left(16);
    SingleInstance instance(QStringLiteral("lapidary-") + QString::fromLatin1(hash));
    if (!instance.claim(wishes.pictures)) return 0;

    QDir().mkpath(dataFolder);
    const QString config = folderOf(QStandardPaths::GenericConfigLocation, "config");
    const QString file = config + QStringLiteral("/window.ini");
    const QString damaged = lapidary::gui::putDamagedSettingsAside(file);
    QSettings settings(file, QSettings::IniFormat);
    const QString program = lapidary::gui::engineProgram();
    lapidary::gui::EngineCommand command;
    command.program = program;
    lapidary::gui::EngineClient engine(command);
    lapidary::gui::MainWindow window(engine, settings, dataFolder, program);
    QObject::connect(&instance, &SingleInstance::startedAgain, &window, [&window](const QStringList& more) {
        window.comeForward();
        if (!more.isEmpty()) window.addPictures(more);
    });
    std::unique_ptr<lapidary::gui::LoopWatch> watch;
    if (!wishes.timings.isEmpty()) watch = std::make_unique<lapidary::gui::LoopWatch>(window);
    window.show();
    if (!damaged.isEmpty()) window.tellOfDamagedSettings(damaged);
    engine.start();
    if (!wishes.model.isEmpty()) window.openModel(wishes.model);
    // Pictures of the command line begin something new.
    if (wishes.pictures.isEmpty()) {
        window.reopenConversation();
    } else {
        window.addPictures(wishes.pictures);
    }
    const int code = QApplication::exec();
    if (watch && !watch->writeTo(wishes.timings)) qWarning("the timings could not be written");
    return code;
}
