#include "gui/chat_widgets/message_texts.h"

#include <QLocale>
#include <QStringList>

#include "gui/engine_client/model_name.h"

namespace lapidary::gui {
namespace {

constexpr qsizetype kSpokenText = 200;  // characters of a message in its name; the text itself can be read

QString oneDecimal(double value) { return QLocale().toString(value, 'f', 1); }

}  // namespace

QString MessageTexts::author(const Message& message) {
    if (message.role == Role::User) return tr("You");
    return message.model.isEmpty() ? tr("Model") : modelName(message.model);
}

QString MessageTexts::branch(int index, int count) { return tr("%1 of %2").arg(index + 1).arg(count); }

QString MessageTexts::figures(const AnswerFigures& figures) {
    QStringList parts;
    // The first token comes out of reading the question: no step of its own was timed for it.
    if (figures.generatedTokens > 1 && figures.decodeSeconds > 0)
        parts << tr("%1 tokens/s").arg(oneDecimal(static_cast<double>(figures.generatedTokens - 1) / figures.decodeSeconds));
    if (figures.firstTokenSeconds > 0) parts << tr("first token after %1 s").arg(oneDecimal(figures.firstTokenSeconds));
    if (figures.generatedTokens > 0) parts << tr("%Ln token(s)", nullptr, static_cast<int>(figures.generatedTokens));
    if (figures.reusedTokens > 0)
        parts << tr("%L1 of %L2 prompt tokens reused").arg(figures.reusedTokens).arg(figures.promptTokens);
    return parts.join(QStringLiteral("  ·  "));
}

QString MessageTexts::notice(const Message& message) {
    switch (message.state) {
        case Message::State::Failed: return message.error.isEmpty() ? tr("There was no answer.") : message.error;
        case Message::State::Interrupted:
            return message.figures.finishReason == QLatin1String("cancelled") ? tr("This answer was stopped.")
                                                                              : tr("This answer was interrupted.");
        case Message::State::Complete:
            if (message.figures.finishReason == QLatin1String("length"))
                return tr("The answer ends here because it reached the limit of tokens.");
            break;
        case Message::State::Streaming: break;
    }
    return {};
}

QString MessageTexts::picture(const Picture& picture) {
    const QString name = picture.name.isEmpty() ? tr("without a name") : picture.name;
    if (picture.width <= 0 || picture.height <= 0) return tr("Picture %1").arg(name);
    return tr("Picture %1, %2 × %3 pixels").arg(name, QString::number(picture.width), QString::number(picture.height));
}

QString MessageTexts::accessibleName(const Message& message, int row, int count) {
    QString text = message.text().left(2 * kSpokenText).simplified();
    if (text.size() > kSpokenText) text = text.left(kSpokenText) + u'…';
    if (message.role == Role::User) return tr("Message %1 of %2, from you: %3").arg(row + 1).arg(count).arg(text);
    return tr("Message %1 of %2, from the model: %3").arg(row + 1).arg(count).arg(text);
}

}  // namespace lapidary::gui
