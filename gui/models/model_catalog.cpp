#include "gui/models/model_catalog.h"

#include <QDir>
#include <QFileInfo>
#include <QFutureWatcher>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QtConcurrent>
#include <algorithm>
#include <utility>

#include "gui/engine_client/model_name.h"
#include "gui/engine_client/verb_process.h"

namespace lapidary::gui {
namespace {

constexpr int kMostRecent = 8;
constexpr std::size_t kMostModels = 500;
constexpr int kFolderDepth = 2;

const QString& foldersKey() {
    static const QString key = QStringLiteral("models/folders");
    return key;
}
const QString& recentKey() {
    static const QString key = QStringLiteral("models/recent");
    return key;
}

qint64 weightBytesIn(const QDir& folder) {
    qint64 bytes = 0;
    for (const QFileInfo& file : folder.entryInfoList({QStringLiteral("*.safetensors")}, QDir::Files)) bytes += file.size();
    return bytes;
}

void collect(const QDir& folder, int depth, std::vector<CatalogEntry>& found) {
    if (found.size() >= kMostModels) return;
    for (const QFileInfo& file : folder.entryInfoList({QStringLiteral("*.gguf")}, QDir::Files, QDir::Name)) {
        if (isVisionPart(file.fileName())) continue;  // no model by itself
        found.push_back(
            {CatalogEntry::Place::Folder, file.absoluteFilePath(), file.fileName(), folder.absolutePath(), file.size(), true});
    }
    const qint64 bytes = weightBytesIn(folder);
    if (bytes > 0 && folder.exists(QStringLiteral("config.json")))
        found.push_back(
            {CatalogEntry::Place::Folder, folder.absolutePath(), folder.dirName(), folder.absolutePath(), bytes, true});
    if (depth == 0) return;
    for (const QFileInfo& below : folder.entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot | QDir::NoSymLinks, QDir::Name))
        collect(QDir(below.absoluteFilePath()), depth - 1, found);
}

}  // namespace

bool isVisionPart(const QString& fileName) { return fileName.startsWith(QLatin1String("mmproj"), Qt::CaseInsensitive); }

std::vector<CatalogEntry> modelsIn(const QString& folder) {
    std::vector<CatalogEntry> found;
    collect(QDir(folder), kFolderDepth, found);
    if (found.size() > kMostModels) found.resize(kMostModels);
    return found;
}

ModelCatalog::ModelCatalog(QString program, QSettings& settings, QObject* parent)
    : QAbstractListModel(parent), m_program(std::move(program)), m_settings(settings) {
    rebuild();
}

int ModelCatalog::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_entries.size());
}

QVariant ModelCatalog::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const CatalogEntry& entry = m_entries[static_cast<std::size_t>(index.row())];
    switch (role) {
        case Qt::DisplayRole: return entry.name;
        case Qt::ToolTipRole:
        case DetailRole: return entry.detail;
        case ModelRole: return entry.model;
        case PlaceRole: return static_cast<int>(entry.place);
        case SizeRole: return entry.sizeBytes;
        case CompleteRole: return entry.complete;
        case Qt::AccessibleTextRole: {
            const QString size = entry.sizeBytes > 0 ? QLocale().formattedDataSize(entry.sizeBytes) : QString();
            QStringList said{entry.name, size, entry.complete ? QString() : tr("incomplete")};
            said.removeAll(QString());
            return said.join(QStringLiteral(", "));
        }
        default: return {};
    }
}

QStringList ModelCatalog::folders() const { return m_settings.value(foldersKey()).toStringList(); }

void ModelCatalog::refresh() {
    VerbProcess::run(m_program, {QStringLiteral("model"), QStringLiteral("list"), QStringLiteral("--json")}, this,
                     [this](const VerbResult& result) {
                         m_problem = result.ok() ? QString() : result.errorText;
                         if (result.ok()) takeCache(result.output);
                         rebuild();
                         emit refreshed();
                     });
    scanFolders();
}

void ModelCatalog::takeCache(const QByteArray& json) {
    m_cache.clear();
    for (const QJsonValue value : QJsonDocument::fromJson(json).array()) {
        const QJsonObject model = value.toObject();
        const QString id = model.value(QStringLiteral("id")).toString();
        if (id.isEmpty() || id == QStringLiteral("demo")) continue;
        m_cache.push_back({CatalogEntry::Place::Cache, id, id, model.value(QStringLiteral("path")).toString(),
                           static_cast<qint64>(model.value(QStringLiteral("bytes")).toDouble()),
                           model.value(QStringLiteral("complete")).toBool(true)});
    }
}

void ModelCatalog::scanFolders() {
    auto* watcher = new QFutureWatcher<std::vector<CatalogEntry>>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher] {
        m_found = watcher->result();
        watcher->deleteLater();
        rebuild();
        emit refreshed();
    });
    watcher->setFuture(QtConcurrent::run([all = folders()] {
        std::vector<CatalogEntry> found;
        for (const QString& folder : all) {
            std::vector<CatalogEntry> here = modelsIn(folder);
            found.insert(found.end(), here.begin(), here.end());
        }
        return found;
    }));
}

void ModelCatalog::rebuild() {
    std::vector<CatalogEntry> entries{{CatalogEntry::Place::Demo, QStringLiteral("demo"), modelName(QStringLiteral("demo")),
                                       tr("A small Gemma 3 that comes with Lapidary and answers about drawn scenes"), 0, true}};
    for (const QString& model : m_settings.value(recentKey()).toStringList()) {
        if (model.isEmpty()) continue;  // nobody opened that: the settings were changed by hand
        const QFileInfo file(model);
        const bool isPath = file.isAbsolute();
        entries.push_back(
            {CatalogEntry::Place::Recent, model, modelName(model), isPath ? file.path() : tr("opened before"), 0, true});
    }
    entries.insert(entries.end(), m_cache.begin(), m_cache.end());
    entries.insert(entries.end(), m_found.begin(), m_found.end());
    if (entries == m_entries) return;
    beginResetModel();
    m_entries = std::move(entries);
    endResetModel();
}

void ModelCatalog::addFolder(const QString& folder) {
    QStringList all = folders();
    if (all.contains(folder)) return;
    all.append(folder);
    m_settings.setValue(foldersKey(), all);
    scanFolders();
}

void ModelCatalog::removeFolder(const QString& folder) {
    QStringList all = folders();
    all.removeAll(folder);
    m_settings.setValue(foldersKey(), all);
    scanFolders();
}

void ModelCatalog::remember(const QString& model) {
    if (model == QStringLiteral("demo")) return;
    QStringList recent = m_settings.value(recentKey()).toStringList();
    recent.removeAll(model);
    recent.prepend(model);
    while (recent.size() > kMostRecent) recent.removeLast();
    m_settings.setValue(recentKey(), recent);
    rebuild();
}

void ModelCatalog::forget(const QString& model) {
    QStringList recent = m_settings.value(recentKey()).toStringList();
    recent.removeAll(model);
    m_settings.setValue(recentKey(), recent);
    rebuild();
}

QString ModelCatalog::folderOf(const QString& model) const {
    QString found;
    for (const QString& folder : folders()) {
        const bool inside = model == folder || model.startsWith(folder + QLatin1Char('/'));
        if (inside && folder.size() > found.size()) found = folder;
    }
    return found;
}

bool ModelCatalog::canRemove(const QModelIndex& index) const {
    if (!index.isValid()) return false;
    const CatalogEntry& entry = m_entries[static_cast<std::size_t>(index.row())];
    return entry.place == CatalogEntry::Place::Recent ||
           (entry.place == CatalogEntry::Place::Folder && !folderOf(entry.model).isEmpty());
}

void ModelCatalog::removeFromList(const QModelIndex& index) {
    if (!canRemove(index)) return;
    const CatalogEntry entry = m_entries[static_cast<std::size_t>(index.row())];
    if (entry.place == CatalogEntry::Place::Recent) return forget(entry.model);
    removeFolder(folderOf(entry.model));
}

}  // namespace lapidary::gui
