#include "tests/gui/history/random_conversation.h"

#include <array>
#include <limits>

namespace lapidary::gui::test {
namespace {

std::int64_t number(Random& random, std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random);
}

bool coin(Random& random) { return number(random, 0, 1) == 1; }

double fraction(Random& random) { return std::uniform_real_distribution<double>(0.0, 3.0)(random); }

rules::CropBox randomBox(Random& random) {
    const std::int64_t left = number(random, 0, 500);
    const std::int64_t top = number(random, 0, 500);
    return {left, top, left + number(random, 1, 900), top + number(random, 1, 900)};
}

Picture randomPicture(Random& random, const StoredPicture& stored) {
    Picture picture;
    picture.name = randomText(random);
    picture.sha256 = stored.sha256;
    picture.path = stored.path;
    picture.width = number(random, 1, 5000);
    picture.height = number(random, 1, 5000);
    picture.views.mode = static_cast<PictureViews::Mode>(number(random, 0, 3));
    picture.views.panAndScan = {number(random, 1, 512), number(random, 0, 8), fraction(random)};
    for (std::int64_t i = number(random, 0, 3); i > 0; --i) picture.views.crops.push_back(randomBox(random));
    for (std::int64_t i = number(random, 0, 3); i > 0; --i)
        picture.seen.push_back(
            {coin(random), randomBox(random), number(random, 0, 256), coin(random) ? stored.sha256 : QString()});
    return picture;
}

TokenChoice randomChoice(Random& random) {
    const bool never = number(random, 0, 9) == 0;
    return {number(random, 0, 262143), randomText(random),
            never ? -std::numeric_limits<double>::infinity() : -fraction(random)};
}

}  // namespace

QString randomText(Random& random) {
    static const std::array<QString, 12> kWords{
        QStringLiteral("hello"), QStringLiteral("İstanbul"),   QStringLiteral("ığdır"),         QStringLiteral("\"quoted\\\""),
        QStringLiteral("😀🏽"),  QStringLiteral("a\nb\t\r\n"), QStringLiteral("<script>&amp;"), QStringLiteral("עברית"),
        QStringLiteral("日本"),  QStringLiteral("%1 %2"),      QStringLiteral("# *x* `y`"),     QStringLiteral("\u0007\u2028")};
    QString text;
    for (std::int64_t i = number(random, 0, 8); i > 0; --i)
        text += kWords.at(static_cast<std::size_t>(number(random, 0, 11))) + QLatin1Char(' ');
    return text;
}

Message randomMessage(Random& random, std::int64_t id, std::int64_t parent, const std::vector<StoredPicture>& pictures) {
    Message message;
    message.id = id;
    message.parent = parent;
    message.role = coin(random) ? Role::User : Role::Assistant;
    constexpr std::array kStates{Message::State::Complete, Message::State::Interrupted, Message::State::Failed};
    message.state = kStates.at(static_cast<std::size_t>(number(random, 0, 2)));
    message.error = randomText(random);
    message.createdMs = number(random, 0, 4'000'000'000'000);
    message.model = randomText(random);
    for (std::int64_t i = number(random, 0, 4); i > 0; --i) {
        MessagePart part;
        if (!pictures.empty() && coin(random)) {
            const auto which = static_cast<std::size_t>(number(random, 0, static_cast<std::int64_t>(pictures.size()) - 1));
            part.picture = randomPicture(random, pictures[which]);
        } else {
            part.text = randomText(random);
        }
        message.parts.push_back(part);
    }
    message.figures = {coin(random) ? QStringLiteral("end") : QString(),
                       number(random, 0, 9999),
                       number(random, 0, 9999),
                       number(random, 0, 9),
                       number(random, 0, 9),
                       number(random, 0, 9999),
                       fraction(random),
                       fraction(random),
                       fraction(random),
                       fraction(random)};
    for (std::int64_t i = number(random, 0, 3); i > 0; --i)
        message.figures.viewTimes.push_back({QString(64, QLatin1Char(coin(random) ? 'a' : '7')), fraction(random)});
    for (std::int64_t i = number(random, 0, 3); i > 0; --i) {
        AnswerToken token{randomChoice(random), {}};
        for (std::int64_t k = number(random, 0, 3); k > 0; --k) token.alternatives.push_back(randomChoice(random));
        message.tokens.push_back(token);
    }
    return message;
}

ConversationSettings randomSettings(Random& random) {
    ConversationSettings settings;
    settings.systemPrompt = randomText(random);
    if (coin(random)) settings.temperature = fraction(random);
    if (coin(random)) settings.topK = number(random, 0, 100);
    if (coin(random)) settings.topP = fraction(random);
    if (coin(random)) settings.minP = fraction(random);
    if (coin(random)) settings.repetitionPenalty = fraction(random);
    if (coin(random))
        settings.seed = number(random, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
    settings.maxNewTokens = number(random, 1, 100000);
    for (std::int64_t i = number(random, 0, 3); i > 0; --i) settings.stop.append(randomText(random));
    settings.probabilities = coin(random);
    return settings;
}

ConversationData randomConversation(Random& random, int count, const std::vector<StoredPicture>& pictures) {
    ConversationData data;
    data.info.title = randomText(random);
    data.info.createdMs = number(random, 0, 4'000'000'000'000);
    data.info.model = randomText(random);
    data.settings = randomSettings(random);
    for (std::int64_t id = 1; id <= count; ++id)
        data.messages.push_back(randomMessage(random, id, number(random, 0, id - 1), pictures));
    data.leaf = count == 0 ? 0 : number(random, 1, count);
    return data;
}

}  // namespace lapidary::gui::test
