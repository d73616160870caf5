#include "gui/window/draft_keeper.h"

#include <QJsonDocument>
#include <utility>

#include "gui/chat/message_json.h"
#include "gui/settings/checked_settings.h"

namespace lapidary::gui {
namespace {

const QString& draftKey() {
    static const QString key = QStringLiteral("draft/parts");
    return key;
}

Result<std::vector<MessagePart>> draftIn(const QSettings& settings) {
    const QByteArray json = settings.value(draftKey()).toString().toUtf8();
    if (json.isEmpty()) return std::vector<MessagePart>();
    const QJsonDocument document = QJsonDocument::fromJson(json);
    if (!document.isArray()) return Error{ErrorCode::InvalidData, "the draft is no list of parts", ""};
    return partsFromJson(document.array());
}

std::vector<MessagePart> joined(std::vector<MessagePart> first, const std::vector<MessagePart>& second) {
    // A blank line between two texts, as between two paragraphs.
    if (!first.empty() && !second.empty() && !first.back().picture && !second.front().picture)
        first.back().text += QStringLiteral("\n\n");
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

}  // namespace

DraftKeeper::DraftKeeper(ComposerModel& composer, QSettings& settings, QObject* parent)
    : QObject(parent), m_composer(composer), m_settings(settings) {
    m_delay.setSingleShot(true);
    m_delay.setInterval(kDelayMs);
    connect(&m_delay, &QTimer::timeout, this, &DraftKeeper::keepNow);
    connect(&composer, &ComposerModel::edited, this, [this] { m_delay.start(); });
    connect(&composer, &ComposerModel::pictureChanged, this, [this] { m_delay.start(); });  // and how it is cut
}

DraftKeeper::~DraftKeeper() { keepNow(); }

QSet<QString> DraftKeeper::storedPictures(const QSettings& settings) {
    QSet<QString> hashes;
    const auto parts = draftIn(settings);
    if (!parts) return hashes;
    for (const MessagePart& part : *parts) {
        if (part.picture && !part.picture->sha256.isEmpty()) hashes.insert(part.picture->sha256);
    }
    return hashes;
}

void DraftKeeper::restore() {
    auto parts = draftIn(m_settings);
    if (!parts) {
        resetSetting(m_settings, draftKey());
    } else if (!parts->empty()) {
        m_composer.setParts(*parts);
    }
}

void DraftKeeper::putAside() {
    if (m_aside.empty()) m_aside = m_composer.parts();
}

void DraftKeeper::bringBack(Return how) {
    std::vector<MessagePart> aside = std::exchange(m_aside, {});
    if (how == Return::InPlace) {
        m_composer.setParts(aside);
    } else if (!aside.empty()) {
        m_composer.setParts(joined(std::move(aside), m_composer.parts()));
    }
}

void DraftKeeper::giveBack(std::vector<MessagePart> parts) {
    if (!parts.empty()) m_composer.setParts(joined(std::move(parts), m_composer.parts()));
}

void DraftKeeper::keepNow() {
    m_delay.stop();
    std::vector<MessagePart> all = joined(m_aside, m_composer.parts());
    for (MessagePart& part : all) {
        if (part.picture) part.picture->seen.clear();  // the next engine tells it anew
    }
    if (all.empty()) {
        m_settings.remove(draftKey());
    } else {
        m_settings.setValue(draftKey(), QString::fromUtf8(QJsonDocument(partsToJson(all)).toJson(QJsonDocument::Compact)));
    }
    m_settings.sync();  // a kill may come next
}

}  // namespace lapidary::gui
