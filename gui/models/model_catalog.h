// The models that a person can open: the demo, recent ones, those of the local Hugging Face cache, and what lies in the person's
// folders.  Reading folders happens in `lapidary model list` and on a thread pool, never on the main thread.
#pragma once

#include <QAbstractListModel>
#include <QSettings>
#include <QString>
#include <QStringList>
#include <vector>

namespace lapidary::gui {

struct CatalogEntry {
    enum class Place : std::uint8_t { Demo, Recent, Cache, Folder };
    Place place = Place::Folder;
    QString model;  // what `load` takes: a path, an id, "demo"
    QString name;  // to be read
    QString detail;  // where it lies
    qint64 sizeBytes = 0;  // 0: unknown
    bool complete = true;
    bool operator==(const CatalogEntry&) const = default;
};

class ModelCatalog final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Roles { ModelRole = Qt::UserRole, PlaceRole, SizeRole, CompleteRole, DetailRole };

    // `settings` outlives this.
    ModelCatalog(QString program, QSettings& settings, QObject* parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] const std::vector<CatalogEntry>& entries() const { return m_entries; }
    [[nodiscard]] QStringList folders() const;
    [[nodiscard]] QString problem() const { return m_problem; }  // why the cache could not be listed

    void refresh();
    void addFolder(const QString& folder);
    void removeFolder(const QString& folder);
    void remember(const QString& model);  // it was opened
    void forget(const QString& model);
    // Recent models are forgotten, and of a folder that was added all models leave with it; files stay where they are.
    [[nodiscard]] bool canRemove(const QModelIndex& index) const;
    void removeFromList(const QModelIndex& index);

signals:
    void refreshed();

private:
    [[nodiscard]] QString folderOf(const QString& model) const;  // of those that were added; empty: none
    void takeCache(const QByteArray& json);
    void scanFolders();
    void rebuild();

    QString m_program;
    QSettings& m_settings;
    std::vector<CatalogEntry> m_cache;
    std::vector<CatalogEntry> m_found;
    std::vector<CatalogEntry> m_entries;
    QString m_problem;
};

// A GGUF of the vision tower alone, as llama.cpp names them: it opens with a model, not by itself.
[[nodiscard]] bool isVisionPart(const QString& fileName);

// Model folders (config.json beside weights) and .gguf files in `folder`, two levels deep, at most 500.
std::vector<CatalogEntry> modelsIn(const QString& folder);

}  // namespace lapidary::gui
