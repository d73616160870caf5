#include "gui/chat/picture_inspector.h"

#include <utility>

#include "gui/chat/chat_request.h"

namespace lapidary::gui {

QString PictureErrors::sentence(const std::string& code) {
    if (code == "invalid_file" || code == "invalid_data") return tr("It cannot be read as a picture.");
    if (code == "not_found") return tr("There is no such file.");
    if (code == "unsupported") return tr("This kind of picture is not supported.");
    if (code == "out_of_memory") return tr("It is too large for the memory of this machine.");
    if (code == "io") return tr("Its file cannot be read.");
    if (code == "network") return tr("It could not be fetched from its address.");
    if (code == "child_died") return tr("The engine ended while it read this picture.");
    return tr("It could not be read.");
}

PictureInspector::PictureInspector(EngineApi& engine, QObject* parent)
    : QObject(parent), m_engine(engine), m_wasDead(engine.state() == EngineState::Dead) {
    m_delay.setSingleShot(true);
    m_delay.setInterval(kDelayMs);
    connect(&m_delay, &QTimer::timeout, this, &PictureInspector::askForDue);
    connect(&engine, &EngineApi::received, this, &PictureInspector::take);
    connect(&engine, &EngineApi::stateChanged, this, &PictureInspector::engineChanged);
}

const PictureInspection* PictureInspector::find(int id) const {
    const auto found = m_entries.find(id);
    return found == m_entries.end() ? nullptr : &found->second.inspection;
}

void PictureInspector::inspect(int id, const Picture& picture) {
    forget(id);
    Entry& entry = m_entries[id];
    entry.picture = picture;
    // Without an engine the picture waits for the next one.
    if (m_engine.state() == EngineState::Dead) return;
    askForThumbnail(id, entry);
    askForPreview(id, entry);
}

void PictureInspector::setViews(int id, const PictureViews& views) {
    const auto found = m_entries.find(id);
    if (found == m_entries.end() || found->second.picture.views == views) return;
    Entry& entry = found->second;
    entry.picture.views = views;
    entry.previewReady = false;
    drop(entry.previewRequest);
    m_due.insert(id);
    m_delay.start();
    // A picture that cannot be read stays so whatever its views are.
    if (entry.inspection.state != PictureInspection::State::Failed || entry.thumbnailReady)
        entry.inspection.state = PictureInspection::State::Loading;
    emit changed(id);
}

void PictureInspector::retry(int id) {
    const auto found = m_entries.find(id);
    if (found == m_entries.end()) return;
    const Picture picture = found->second.picture;
    inspect(id, picture);
    emit changed(id);
}

void PictureInspector::forget(int id) {
    const auto found = m_entries.find(id);
    if (found == m_entries.end()) return;
    drop(found->second.thumbnailRequest);
    drop(found->second.previewRequest);
    m_due.erase(id);
    m_entries.erase(found);
}

void PictureInspector::forgetAll() {
    while (!m_entries.empty()) forget(m_entries.begin()->first);
}

void PictureInspector::take(std::int64_t id, const protocol::EventBody& body) {
    // Another model may cut pictures in another way, and into views of another size.
    if (std::holds_alternative<protocol::LoadedEvent>(body)) askForAll();
    const auto request = m_requests.find(id);
    if (request == m_requests.end()) return;
    const int picture = request->second;
    Entry& entry = m_entries.at(picture);
    if (const auto* thumbnail = std::get_if<protocol::ThumbnailEvent>(&body)) {
        entry.inspection.thumbnail = QString::fromStdString(thumbnail->path);
        entry.thumbnailReady = true;
    } else if (const auto* preview = std::get_if<protocol::PreviewEvent>(&body)) {
        entry.inspection.preview = *preview;
        entry.previewReady = true;
        if (entry.picture.path.isEmpty() && !preview->views.empty()) {  // `thumbnail` takes no addresses: the whole view is one
            entry.inspection.thumbnail = QString::fromStdString(preview->views.front().path);
            entry.thumbnailReady = true;
        }
    }
    if (protocol::endsRequest(body)) takeEnd(picture, entry, id, body);
}

void PictureInspector::takeEnd(int id, Entry& entry, std::int64_t request, const protocol::EventBody& body) {
    m_requests.erase(request);
    const bool ofPreview = request == entry.previewRequest;
    (ofPreview ? entry.previewRequest : entry.thumbnailRequest) = -1;
    if (const auto* error = std::get_if<protocol::ErrorEvent>(&body)) {
        fail(id, entry, PictureErrors::sentence(error->code), QString::fromStdString(error->message));
    } else if (!(ofPreview ? entry.previewReady : entry.thumbnailReady)) {
        fail(id, entry, tr("The engine gave no answer for this picture."), {});
    } else {
        settle(id, entry);
    }
}

// An engine's PNG files go with it; the next one writes them again.  A picture that was being read when the engine ended has failed
// and stays so until the person tries again: it may be what ended it.
void PictureInspector::engineChanged() {
    if (m_engine.state() == EngineState::Dead) {
        m_wasDead = true;
    } else if (std::exchange(m_wasDead, false)) {
        for (auto& [id, entry] : m_entries) entry.thumbnailReady = false;
        askForAll();
    }
}

void PictureInspector::askForAll() {
    std::set<int> asked;
    for (auto& [id, entry] : m_entries) {
        if (entry.inspection.state == PictureInspection::State::Failed) continue;
        entry.inspection.state = PictureInspection::State::Loading;
        if (!entry.thumbnailReady) askForThumbnail(id, entry);
        askForPreview(id, entry);
        asked.insert(id);
    }
    for (const int id : asked) emit changed(id);
}

void PictureInspector::askForThumbnail(int id, Entry& entry) {
    drop(entry.thumbnailRequest);
    if (entry.picture.path.isEmpty()) return;
    protocol::ThumbnailRequest request;
    request.path = entry.picture.path.toStdString();
    request.maxSide = kThumbnailSide;
    entry.thumbnailRequest = m_engine.send(request);
    m_requests[entry.thumbnailRequest] = id;
}

void PictureInspector::askForPreview(int id, Entry& entry) {
    drop(entry.previewRequest);
    m_due.erase(id);
    entry.previewReady = false;
    entry.previewRequest = m_engine.send(previewRequestOf(entry.picture));
    m_requests[entry.previewRequest] = id;
}

void PictureInspector::askForDue() {
    for (const int id : std::exchange(m_due, {})) {
        Entry& entry = m_entries.at(id);
        const bool unreadable = entry.inspection.state == PictureInspection::State::Failed;
        if (!unreadable && m_engine.state() != EngineState::Dead) askForPreview(id, entry);
    }
}

void PictureInspector::drop(std::int64_t& request) {
    if (request < 0) return;
    m_requests.erase(request);
    m_engine.cancel(std::exchange(request, -1));
}

void PictureInspector::fail(int id, Entry& entry, const QString& error, const QString& details) {
    entry.inspection.state = PictureInspection::State::Failed;
    entry.inspection.error = error;
    entry.inspection.details = details;
    emit changed(id);
}

void PictureInspector::settle(int id, Entry& entry) {
    if (entry.inspection.state == PictureInspection::State::Failed) return;  // by its other request
    if (entry.thumbnailReady && entry.previewReady) entry.inspection.state = PictureInspection::State::Ready;
    emit changed(id);
}

}  // namespace lapidary::gui
