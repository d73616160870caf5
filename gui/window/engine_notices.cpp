#include "gui/window/engine_notices.h"

#include <QCoreApplication>
#include <QLocale>
#include <QRegularExpression>
#include <csignal>

#include "gui/engine_client/error_sentences.h"

namespace lapidary::gui {
namespace {

constexpr std::int64_t kAmple = 8;  // weights, a cache as large as they are, activations, and as much again

struct EngineNotices {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::EngineNotices)

public:
    static QString causeOf(const EngineDeath& death, const DeathScene& scene) {
        switch (death.kind) {
            case EngineDeath::Kind::CannotStart:
                return tr(
                    "The engine could not be started: the program “lapidary” is missing beside this one, or may not be run.");
            case EngineDeath::Kind::Exited: return tr("The engine ended by itself with code %1.").arg(death.code);
            case EngineDeath::Kind::Silent:
                return tr("The engine gave no sign of life for %n second(s) and was ended.", nullptr, death.code);
            case EngineDeath::Kind::WrongProtocol:
                return tr("The engine speaks another version (%1) than this window. Install both from one release.")
                    .arg(death.code);
            case EngineDeath::Kind::Killed: return death.code == SIGKILL ? killed(scene) : tr("The engine crashed.");
        }
        return {};
    }

    // Nothing else is known of it: the system tells the one that it ends nothing, and us no reason.
    static QString killed(const DeathScene& scene) {
        const QLocale locale;
        // What the engine held is free again by now; where much more is free than it can have wanted, memory was not the reason.
        if (scene.weightBytes > 0 && scene.availableBytes > kAmple * scene.weightBytes)
            return tr("The engine was ended from outside (signal %1), and hardly for want of memory: %2 are free.")
                .arg(SIGKILL)
                .arg(locale.formattedDataSize(scene.availableBytes));
        if (scene.weightBytes <= 0)
            return tr(
                "The system ended the engine, most likely for want of memory. Choose a shorter context or quantise the model.");
        return tr("The system ended the engine, most likely for want of memory: the model's weights take %1, and a context of "
                  "%2 "
                  "tokens was asked for. Choose a shorter context or quantise the model.")
            .arg(locale.formattedDataSize(scene.weightBytes), locale.toString(static_cast<qlonglong>(scene.context)));
    }

    // "tried to allocate 34359738368 bytes", "Tried to allocate 2.00 GiB": how much was asked for, from the words of an allocator.
    static QString figureIn(const QString& words) {
        static const QRegularExpression figure(QStringLiteral("allocate ([0-9.]+) ?(bytes|[KMGT]i?B)"));
        const QRegularExpressionMatch match = figure.match(words);
        if (!match.hasMatch()) return {};
        if (match.captured(2) != QLatin1String("bytes")) return match.captured(1) + QLatin1Char(' ') + match.captured(2);
        return QLocale().formattedDataSize(match.captured(1).toLongLong());
    }

    static QString outOfMemory(const QString& figure) {
        return tr("There was not enough memory: %1 more were asked for. Choose a shorter context, fewer crops, or quantise the "
                  "model.")
            .arg(figure);
    }
};

}  // namespace

Notice noticeOf(const EngineDeath& death, const DeathScene& scene) {
    Notice notice;
    notice.kind = Notice::Kind::Problem;
    notice.text = EngineNotices::causeOf(death, scene);
    if (scene.inAnswer) {
        notice.text += QLatin1Char(' ') + EngineNotices::tr("What you typed and what was answered so far are kept.");
        notice.action = EngineNotices::tr("Start again and go on");
    } else if (scene.hadModel) {
        notice.action = EngineNotices::tr("Start again and open the model");
    } else if (!death.restarting) {
        notice.action = EngineNotices::tr("Start the engine again");
    }
    if (death.gaveUp)
        notice.text +=
            QLatin1Char(' ') + EngineNotices::tr("It ended three times within a minute and is not started again by itself.");
    notice.details = death.lastLines.join(QLatin1Char('\n'));
    return notice;
}

Notice noticeOf(const protocol::ErrorEvent& error) {
    const QString own = QString::fromStdString(error.message);
    const QString figure = error.code == "out_of_memory" ? EngineNotices::figureIn(own) : QString();
    return {Notice::Kind::Problem, figure.isEmpty() ? errorSentence(error) : EngineNotices::outOfMemory(figure), own, {}};
}

QString loadingText(const QString& stage) {
    if (stage == QLatin1String("reading")) return EngineNotices::tr("Reading the weights…");
    if (stage == QLatin1String("quantising")) return EngineNotices::tr("Quantising the weights…");
    return EngineNotices::tr("Opening the model…");
}

}  // namespace lapidary::gui
