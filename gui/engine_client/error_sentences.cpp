#include "gui/engine_client/error_sentences.h"

#include <QCoreApplication>
#include <QLocale>
#include <QRegularExpression>

#include "core/shared/protocol/event.h"

namespace lapidary::gui {
namespace {

struct ErrorSentences {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::ErrorSentences)
};

}  // namespace

QString errorSentence(ErrorCode code) {
    switch (code) {
        case ErrorCode::Usage: return ErrorSentences::tr("The settings contradict each other or the model.");
        case ErrorCode::InvalidFile: return ErrorSentences::tr("A file is not what it should be.");
        case ErrorCode::InvalidData: return ErrorSentences::tr("Something in the request or a file cannot be used.");
        case ErrorCode::NotFound: return ErrorSentences::tr("Something that was asked for is not there.");
        case ErrorCode::Unsupported: return ErrorSentences::tr("This is not possible with this model or this version.");
        case ErrorCode::OutOfMemory:
            return ErrorSentences::tr(
                "There was not enough memory for this. Choose a shorter context, fewer crops, or quantise the model.");
        case ErrorCode::Cancelled: return ErrorSentences::tr("This was stopped.");
        case ErrorCode::ChildDied: return ErrorSentences::tr("The engine ended before it answered.");
        case ErrorCode::Different: return ErrorSentences::tr("A check was made and found a difference.");
        case ErrorCode::Io: return ErrorSentences::tr("A file could not be read or written.");
        case ErrorCode::Network: return ErrorSentences::tr("The network did not give what was asked for.");
        case ErrorCode::Internal: break;
    }
    return ErrorSentences::tr("Something went wrong inside Lapidary.");
}

QString errorSentence(const std::string& code) {
    for (int value = 0; value < static_cast<int>(ErrorCode::Internal); ++value) {
        if (code == errorCodeName(static_cast<ErrorCode>(value))) return errorSentence(static_cast<ErrorCode>(value));
    }
    return errorSentence(ErrorCode::Internal);
}

QString errorSentence(const protocol::ErrorEvent& error) {
    static const QRegularExpression tooLong(
        QStringLiteral("the prompt takes (?:more than )?([0-9]+) tokens.* the context holds ([0-9]+)"));
    const QRegularExpressionMatch match = tooLong.match(QString::fromStdString(error.message));
    if (!match.hasMatch()) return errorSentence(error.code);
    const QLocale locale;
    return ErrorSentences::tr(
               "This is too long: it takes %1 tokens, and the context holds %2. Take fewer pictures or crops, begin a new "
               "chat, or open the model with a longer context.")
        .arg(locale.toString(match.captured(1).toLongLong()), locale.toString(match.captured(2).toLongLong()));
}

QString exitSentence(int exitCode) {
    switch (exitCode) {
        case -1: return ErrorSentences::tr("The program “lapidary” could not be started, or was ended from outside.");
        case 2: return errorSentence(ErrorCode::Usage);
        case 3: return ErrorSentences::tr("What was given cannot be used.");
        case 4: return errorSentence(ErrorCode::OutOfMemory);
        case 5: return errorSentence(ErrorCode::Cancelled);
        case 6: return ErrorSentences::tr("A process that Lapidary had started ended early.");
        case 7: return errorSentence(ErrorCode::Different);
        default: return ErrorSentences::tr("A file, the network or the program itself failed.");
    }
}

QString withOriginal(const QString& sentence, const QString& original) {
    return original.isEmpty() ? sentence : sentence + QLatin1Char('\n') + original;
}

}  // namespace lapidary::gui
