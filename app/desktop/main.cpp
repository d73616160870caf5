// lapidary-desktop: QApplication, translations, the engine's client, the window.
#include <QApplication>
#include <QCommandLineParser>
#include <QCryptographicHash>
#include <QDir>
#include <QIcon>
#include <QSettings>
#include <QStandardPaths>
#include <memory>

#include "app/desktop/single_instance.h"
#include "gui/engine_client/engine_client.h"
#include "gui/engine_client/verb_process.h"
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

}  // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("lapidary"));
    QApplication::setApplicationVersion(QStringLiteral(LAPIDARY_VERSION));
    QApplication::setApplicationDisplayName(QStringLiteral("Lapidary"));
    QApplication::setDesktopFileName(QStringLiteral("lapidary"));
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/lapidary.svg")));
    QApplication::setStyle(QStringLiteral("fusion"));

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
    lapidary::gui::speak(application, parser.value(language));

    const QString dataFolder = folderOf(QStandardPaths::GenericDataLocation, "data");
    const QByteArray hash = QCryptographicHash::hash(dataFolder.toUtf8(), QCryptographicHash::Sha256).toHex().left(16);
    SingleInstance instance(QStringLiteral("lapidary-") + QString::fromLatin1(hash));
    QStringList pictures;
    for (const QString& picture : parser.positionalArguments()) pictures.append(QDir::current().absoluteFilePath(picture));
    if (!instance.claim(pictures)) return 0;

    QDir().mkpath(dataFolder);
    const QString config = folderOf(QStandardPaths::GenericConfigLocation, "config");
    QSettings settings(config + QStringLiteral("/window.ini"), QSettings::IniFormat);
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
    if (parser.isSet(timings)) watch = std::make_unique<lapidary::gui::LoopWatch>(window);
    window.show();
    engine.start();
    if (parser.isSet(model)) window.openModel(parser.value(model));
    if (!pictures.isEmpty()) window.addPictures(pictures);
    const int code = QApplication::exec();
    if (watch && !watch->writeTo(parser.value(timings))) qWarning("the timings could not be written");
    return code;
}
