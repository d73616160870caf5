#include "gui/chat/message_json.h"

#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

namespace lapidary::gui {
namespace {

using rules::CropBox;  // lupdate would take a qualified return type for the context of the sentences in the function

struct MessageJson {
    Q_DECLARE_TR_FUNCTIONS(lapidary::gui::MessageJson)
};

// By the enumerator's value.
constexpr std::array kRoles{"user", "assistant"};
constexpr std::array kStates{"complete", "streaming", "interrupted", "failed"};
constexpr std::array kModes{"model", "on", "off", "own"};

template <class Enum, std::size_t n>
QString nameOf(Enum value, const std::array<const char*, n>& names) {
    return QString::fromLatin1(names.at(static_cast<std::size_t>(value)));
}

template <class Enum, std::size_t n>
void readName(JsonFields& fields, const char* key, Enum& into, const std::array<const char*, n>& names) {
    if (!fields.has(key)) return;
    QString name;
    fields.text(key, name);
    for (std::size_t i = 0; i < n; ++i) {
        if (name == QLatin1String(names.at(i))) {
            into = static_cast<Enum>(i);
            return;
        }
    }
    fields.refuse(key, MessageJson::tr("“%1” is not known here.").arg(name.left(40)));
}

qint64 whole(std::int64_t value) { return value; }

QJsonArray boxToJson(const rules::CropBox& box) {
    return {whole(box.left), whole(box.top), whole(box.right), whole(box.bottom)};
}

// [left, top, right, bottom]
CropBox boxFromJson(JsonFields& fields, const char* key, const QJsonValue& json) {
    const QJsonArray sides = json.toArray();
    std::array<std::int64_t, 4> found{};
    bool right = sides.size() == 4;
    for (int i = 0; right && i < 4; ++i) {
        const QJsonValue side = sides.at(i);
        found.at(static_cast<std::size_t>(i)) = side.toInteger(-1);
        right = side.isDouble() && side.toInteger(-1) >= 0;
    }
    if (!right || found[0] > found[2] || found[1] > found[3])
        fields.refuse(key, MessageJson::tr("A box is four whole numbers: left, top, right and bottom."));
    return {found[0], found[1], found[2], found[3]};
}

QJsonObject viewsToJson(const PictureViews& views) {
    QJsonArray crops;
    for (const rules::CropBox& crop : views.crops) crops.append(boxToJson(crop));
    return {{QStringLiteral("mode"), nameOf(views.mode, kModes)},
            {QStringLiteral("min_crop_size"), whole(views.panAndScan.minCropSize)},
            {QStringLiteral("max_num_crops"), whole(views.panAndScan.maxNumCrops)},
            {QStringLiteral("min_ratio_to_activate"), views.panAndScan.minRatioToActivate},
            {QStringLiteral("crops"), crops}};
}

PictureViews viewsFromJson(JsonFields& fields) {
    PictureViews views;
    readName(fields, "mode", views.mode, kModes);
    fields.integer("min_crop_size", views.panAndScan.minCropSize, 1);
    fields.integer("max_num_crops", views.panAndScan.maxNumCrops, 0);
    fields.number("min_ratio_to_activate", views.panAndScan.minRatioToActivate);
    if (!fields.has("crops")) return views;
    const QJsonValue crops = fields.object().value(QLatin1String("crops"));
    if (!crops.isArray()) fields.refuse("crops", MessageJson::tr("A list of boxes is expected here."));
    for (const QJsonValue crop : crops.toArray()) views.crops.push_back(boxFromJson(fields, "crops", crop));
    return views;
}

QJsonObject pictureToJson(const Picture& picture) {
    QJsonArray seen;
    for (const SeenView& view : picture.seen) {
        seen.append(QJsonObject{{QStringLiteral("whole"), view.whole},
                                {QStringLiteral("box"), boxToJson(view.box)},
                                {QStringLiteral("tokens"), whole(view.tokens)},
                                {QStringLiteral("sha256"), view.sha256}});
    }
    return {{QStringLiteral("name"), picture.name},
            {QStringLiteral("sha256"), picture.sha256},
            {QStringLiteral("path"), picture.path},
            {QStringLiteral("url"), picture.url},
            {QStringLiteral("width"), whole(picture.width)},
            {QStringLiteral("height"), whole(picture.height)},
            {QStringLiteral("views"), viewsToJson(picture.views)},
            {QStringLiteral("seen"), seen}};
}

Picture pictureFromJson(JsonFields& fields) {
    Picture picture;
    fields.text("name", picture.name);
    fields.sha256("sha256", picture.sha256);
    fields.text("path", picture.path);
    fields.text("url", picture.url);
    fields.integer("width", picture.width, 0);
    fields.integer("height", picture.height, 0);
    fields.within("views", [&](JsonFields& views) { picture.views = viewsFromJson(views); });
    fields.each("seen", [&](JsonFields& one) {
        SeenView view;
        one.require({"box"});
        one.flag("whole", view.whole);
        view.box = boxFromJson(one, "box", one.object().value(QLatin1String("box")));
        one.integer("tokens", view.tokens, 0);
        one.sha256("sha256", view.sha256);
        picture.seen.push_back(view);
    });
    return picture;
}

MessagePart partFromJson(JsonFields& fields) {
    MessagePart part;
    if (fields.has("picture") == fields.has("text"))
        fields.refuse("text", MessageJson::tr("A part is either a text or a picture."));
    fields.text("text", part.text);
    fields.within("picture", [&](JsonFields& picture) { part.picture = pictureFromJson(picture); });
    return part;
}

QJsonObject choiceToJson(const TokenChoice& choice) {
    QJsonObject json{{QStringLiteral("token"), whole(choice.token)}, {QStringLiteral("text"), choice.text}};
    // JSON has no infinity: what cannot be is left out.
    if (std::isfinite(choice.logprob)) json.insert(QStringLiteral("logprob"), choice.logprob);
    return json;
}

TokenChoice choiceFromJson(JsonFields& fields) {
    TokenChoice choice;
    choice.logprob = -std::numeric_limits<double>::infinity();
    fields.require({"token"});
    fields.integer("token", choice.token, 0);
    fields.text("text", choice.text);
    fields.number("logprob", choice.logprob);
    return choice;
}

AnswerToken tokenFromJson(JsonFields& fields) {
    AnswerToken token;
    token.chosen = choiceFromJson(fields);
    fields.each("alternatives", [&](JsonFields& choice) { token.alternatives.push_back(choiceFromJson(choice)); });
    return token;
}

QJsonObject figuresToJson(const AnswerFigures& figures) {
    QJsonArray times;
    for (const ViewTime& time : figures.viewTimes)
        times.append(QJsonObject{{QStringLiteral("sha256"), time.sha256}, {QStringLiteral("seconds"), time.seconds}});
    return {{QStringLiteral("finish_reason"), figures.finishReason},
            {QStringLiteral("prompt_tokens"), whole(figures.promptTokens)},
            {QStringLiteral("reused_tokens"), whole(figures.reusedTokens)},
            {QStringLiteral("views"), whole(figures.views)},
            {QStringLiteral("reused_views"), whole(figures.reusedViews)},
            {QStringLiteral("generated_tokens"), whole(figures.generatedTokens)},
            {QStringLiteral("prefill_seconds"), figures.prefillSeconds},
            {QStringLiteral("vision_seconds"), figures.visionSeconds},
            {QStringLiteral("decode_seconds"), figures.decodeSeconds},
            {QStringLiteral("first_token_seconds"), figures.firstTokenSeconds},
            {QStringLiteral("view_times"), times}};
}

AnswerFigures figuresFromJson(JsonFields& fields) {
    AnswerFigures figures;
    fields.text("finish_reason", figures.finishReason);
    fields.integer("prompt_tokens", figures.promptTokens, 0);
    fields.integer("reused_tokens", figures.reusedTokens, 0);
    fields.integer("views", figures.views, 0);
    fields.integer("reused_views", figures.reusedViews, 0);
    fields.integer("generated_tokens", figures.generatedTokens, 0);
    fields.number("prefill_seconds", figures.prefillSeconds);
    fields.number("vision_seconds", figures.visionSeconds);
    fields.number("decode_seconds", figures.decodeSeconds);
    fields.number("first_token_seconds", figures.firstTokenSeconds);
    fields.each("view_times", [&](JsonFields& time) {
        time.require({"sha256"});
        ViewTime& view = figures.viewTimes.emplace_back();
        time.sha256("sha256", view.sha256);
        time.number("seconds", view.seconds);
    });
    return figures;
}

template <class T>
Result<T> checked(T value, const QString& problem) {
    if (!problem.isEmpty()) return Error{ErrorCode::InvalidData, problem.toStdString(), {}};
    return value;
}

}  // namespace

QJsonArray tokensToJson(const std::vector<AnswerToken>& tokens) {
    QJsonArray json;
    for (const AnswerToken& token : tokens) {
        QJsonObject one = choiceToJson(token.chosen);
        QJsonArray alternatives;
        for (const TokenChoice& choice : token.alternatives) alternatives.append(choiceToJson(choice));
        one.insert(QStringLiteral("alternatives"), alternatives);
        json.append(one);
    }
    return json;
}

QJsonArray partsToJson(const std::vector<MessagePart>& parts) {
    QJsonArray json;
    for (const MessagePart& part : parts) {
        json.append(part.picture ? QJsonObject{{QStringLiteral("picture"), pictureToJson(*part.picture)}}
                                 : QJsonObject{{QStringLiteral("text"), part.text}});
    }
    return json;
}

QJsonObject toJson(const Message& message) {
    return {{QStringLiteral("id"), whole(message.id)},
            {QStringLiteral("parent"), whole(message.parent)},
            {QStringLiteral("role"), nameOf(message.role, kRoles)},
            {QStringLiteral("state"), nameOf(message.state, kStates)},
            {QStringLiteral("error"), message.error},
            {QStringLiteral("created"), whole(message.createdMs)},
            {QStringLiteral("model"), message.model},
            {QStringLiteral("parts"), partsToJson(message.parts)},
            {QStringLiteral("figures"), figuresToJson(message.figures)},
            {QStringLiteral("tokens"), tokensToJson(message.tokens)}};
}

Result<Message> messageFromJson(const QJsonObject& json, const QString& place) {
    QString problem;
    JsonFields fields(json, place, problem);
    Message message;
    fields.require({"id", "parent", "role", "parts"});
    fields.integer("id", message.id, 1);
    fields.integer("parent", message.parent, 0);
    if (message.parent >= message.id)
        fields.refuse("parent", MessageJson::tr("A message comes after its parent and has a greater number."));
    readName(fields, "role", message.role, kRoles);
    readName(fields, "state", message.state, kStates);
    fields.text("error", message.error);
    fields.integer("created", message.createdMs, 0);
    fields.text("model", message.model);
    fields.each("parts", [&](JsonFields& part) { message.parts.push_back(partFromJson(part)); });
    fields.within("figures", [&](JsonFields& figures) { message.figures = figuresFromJson(figures); });
    fields.each("tokens", [&](JsonFields& token) { message.tokens.push_back(tokenFromJson(token)); });
    return checked(std::move(message), problem);
}

Result<std::vector<MessagePart>> partsFromJson(const QJsonArray& json, const QString& place) {
    QString problem;
    std::vector<MessagePart> parts;
    JsonFields(QJsonObject(), place, problem).each(json, place, [&](JsonFields& part) { parts.push_back(partFromJson(part)); });
    return checked(std::move(parts), problem);
}

Result<std::vector<AnswerToken>> tokensFromJson(const QJsonArray& json, const QString& place) {
    QString problem;
    std::vector<AnswerToken> tokens;
    JsonFields(QJsonObject(), place, problem).each(json, place, [&](JsonFields& one) { tokens.push_back(tokenFromJson(one)); });
    return checked(std::move(tokens), problem);
}

QJsonObject toJson(const ConversationSettings& settings) {
    QJsonObject json{{QStringLiteral("system_prompt"), settings.systemPrompt},
                     {QStringLiteral("max_new_tokens"), whole(settings.maxNewTokens)},
                     {QStringLiteral("stop"), QJsonArray::fromStringList(settings.stop)},
                     {QStringLiteral("probabilities"), settings.probabilities}};
    if (settings.temperature) json.insert(QStringLiteral("temperature"), *settings.temperature);
    if (settings.topK) json.insert(QStringLiteral("top_k"), whole(*settings.topK));
    if (settings.topP) json.insert(QStringLiteral("top_p"), *settings.topP);
    if (settings.minP) json.insert(QStringLiteral("min_p"), *settings.minP);
    if (settings.repetitionPenalty) json.insert(QStringLiteral("repetition_penalty"), *settings.repetitionPenalty);
    if (settings.seed) json.insert(QStringLiteral("seed"), whole(*settings.seed));
    return json;
}

Result<ConversationSettings> settingsFromJson(const QJsonObject& json, const QString& place) {
    QString problem;
    JsonFields fields(json, place, problem);
    ConversationSettings settings;
    fields.text("system_prompt", settings.systemPrompt);
    fields.number("temperature", settings.temperature);
    fields.integer("top_k", settings.topK, 0);
    fields.number("top_p", settings.topP);
    fields.number("min_p", settings.minP);
    fields.number("repetition_penalty", settings.repetitionPenalty);
    fields.integer("seed", settings.seed, std::numeric_limits<std::int64_t>::min());
    fields.integer("max_new_tokens", settings.maxNewTokens, 1);
    fields.texts("stop", settings.stop);
    fields.flag("probabilities", settings.probabilities);
    return checked(std::move(settings), problem);
}

}  // namespace lapidary::gui
