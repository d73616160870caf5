#include "gui/window/engine_notices.h"

#include <QCoreApplication>
#include <csignal>

#include "gui/engine_client/error_sentences.h"

namespace lapidary::gui {
namespace {

struct EngineNotices {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::EngineNotices)

public:
    static QString causeOf(const EngineDeath& death) {
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
            case EngineDeath::Kind::Killed:
                if (death.code == SIGKILL)
                    return tr(
                        "The system ended the engine, most likely for want of memory. Choose a shorter context or quantise the "
                        "model.");
                return tr("The engine crashed.");
        }
        return {};
    }
};

}  // namespace

Notice noticeOf(const EngineDeath& death, bool inAnswer, bool hadModel) {
    Notice notice;
    notice.kind = Notice::Kind::Problem;
    notice.text = EngineNotices::causeOf(death);
    if (inAnswer) {
        notice.text += QLatin1Char(' ') + EngineNotices::tr("What you typed and what was answered so far are kept.");
        notice.action = EngineNotices::tr("Start again and go on");
    } else if (hadModel) {
        notice.action = EngineNotices::tr("Start again and open the model");
    } else if (!death.restarting) {
        notice.action = EngineNotices::tr("Start the engine again");
    }
    notice.details = death.lastLines.join(QLatin1Char('\n'));
    return notice;
}

Notice noticeOf(const protocol::ErrorEvent& error) {
    return {Notice::Kind::Problem, errorSentence(error.code), QString::fromStdString(error.message), {}};
}

QString loadingText(const QString& stage) {
    if (stage == QLatin1String("reading")) return EngineNotices::tr("Reading the weights…");
    if (stage == QLatin1String("quantising")) return EngineNotices::tr("Quantising the weights…");
    return EngineNotices::tr("Opening the model…");
}

}  // namespace lapidary::gui
