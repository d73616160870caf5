#include "gui/settings/presets.h"

#include <cmath>
#include <type_traits>

namespace lapidary::gui {
namespace {

// Names are a person's: slashes in them would be groups.
QString groupOf(const QString& name) { return QStringLiteral("presets/") + QString::fromLatin1(name.toUtf8().toHex()); }

// A file holds texts: what is no number in it is not set, rather than zero (fault 60).
template <class T>
std::optional<T> numberAt(const QSettings& settings, const QString& key) {
    const QVariant value = settings.value(key);
    bool isNumber = false;
    if constexpr (std::is_integral_v<T>) {
        const qlonglong number = value.toLongLong(&isNumber);
        return isNumber ? std::optional<T>(number) : std::nullopt;
    } else {
        const double number = value.toDouble(&isNumber);
        return isNumber && std::isfinite(number) ? std::optional<T>(number) : std::nullopt;
    }
}

template <class T>
void setNumber(QSettings& settings, const QString& key, const std::optional<T>& value) {
    if (value) {
        settings.setValue(
            key, QVariant::fromValue(static_cast<std::conditional_t<std::is_integral_v<T>, qlonglong, double>>(*value)));
    } else {
        settings.remove(key);
    }
}

}  // namespace

QStringList Presets::names() const {
    QStringList names;
    m_settings.beginGroup(QStringLiteral("presets"));
    for (const QString& group : m_settings.childGroups())
        names.append(QString::fromUtf8(QByteArray::fromHex(group.toLatin1())));
    m_settings.endGroup();
    names.sort(Qt::CaseInsensitive);
    return names;
}

std::optional<ConversationSettings> Presets::find(const QString& name) const {
    if (!names().contains(name)) return std::nullopt;
    const QString group = groupOf(name) + QLatin1Char('/');
    ConversationSettings preset;
    preset.systemPrompt = m_settings.value(group + QStringLiteral("system_prompt")).toString();
    preset.temperature = numberAt<double>(m_settings, group + QStringLiteral("temperature"));
    preset.topK = numberAt<qlonglong>(m_settings, group + QStringLiteral("top_k"));
    preset.topP = numberAt<double>(m_settings, group + QStringLiteral("top_p"));
    preset.minP = numberAt<double>(m_settings, group + QStringLiteral("min_p"));
    preset.repetitionPenalty = numberAt<double>(m_settings, group + QStringLiteral("repetition_penalty"));
    preset.seed = numberAt<qlonglong>(m_settings, group + QStringLiteral("seed"));
    preset.maxNewTokens =
        numberAt<qlonglong>(m_settings, group + QStringLiteral("max_new_tokens")).value_or(preset.maxNewTokens);
    preset.stop = m_settings.value(group + QStringLiteral("stop")).toStringList();
    preset.probabilities = m_settings.value(group + QStringLiteral("probabilities")).toBool();
    return preset;
}

void Presets::save(const QString& name, const ConversationSettings& preset) {
    const QString group = groupOf(name) + QLatin1Char('/');
    m_settings.setValue(group + QStringLiteral("system_prompt"), preset.systemPrompt);
    setNumber(m_settings, group + QStringLiteral("temperature"), preset.temperature);
    setNumber(m_settings, group + QStringLiteral("top_k"), preset.topK);
    setNumber(m_settings, group + QStringLiteral("top_p"), preset.topP);
    setNumber(m_settings, group + QStringLiteral("min_p"), preset.minP);
    setNumber(m_settings, group + QStringLiteral("repetition_penalty"), preset.repetitionPenalty);
    setNumber(m_settings, group + QStringLiteral("seed"), preset.seed);
    m_settings.setValue(group + QStringLiteral("max_new_tokens"), static_cast<qlonglong>(preset.maxNewTokens));
    m_settings.setValue(group + QStringLiteral("stop"), preset.stop);
    m_settings.setValue(group + QStringLiteral("probabilities"), preset.probabilities);
    emit changed();
}

void Presets::remove(const QString& name) {
    m_settings.remove(groupOf(name));
    emit changed();
}

}  // namespace lapidary::gui
