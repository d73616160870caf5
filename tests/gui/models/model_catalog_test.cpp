#include "gui/models/model_catalog.h"

#include <gtest/gtest.h>

#include <QDir>
#include <QFile>
#include <QSettings>
#include <QSignalSpy>
#include <QTest>

#include "tests/support/temp_dir.h"

namespace lapidary::gui {
namespace {

class ModelCatalogTest : public testing::Test {
protected:
    [[nodiscard]] QString path(const QString& below) const { return QString::fromStdString(m_folder.path().string()) + below; }
    void write(const QString& below, const QByteArray& bytes = "x") const {
        QDir().mkpath(QFileInfo(path(below)).path());
        QFile file(path(below));
        ASSERT_TRUE(file.open(QIODevice::WriteOnly));
        file.write(bytes);
    }
    void addFolder(const QString& folder) {
        QSignalSpy scanned(&catalog, &ModelCatalog::refreshed);
        catalog.addFolder(folder);
        ASSERT_TRUE(scanned.wait(5000));
    }
    [[nodiscard]] QStringList names() const {
        QStringList found;
        for (const CatalogEntry& entry : catalog.entries()) found << entry.name;
        return found;
    }
    [[nodiscard]] QModelIndex at(const QString& name) const { return catalog.index(static_cast<int>(names().indexOf(name))); }

private:
    test::TempDir m_folder;

protected:
    QSettings settings{path(QStringLiteral("/settings.ini")), QSettings::IniFormat};
    ModelCatalog catalog{QStringLiteral("/no/such/program"), settings};
};

TEST_F(ModelCatalogTest, ModelsOfAFolderAreFoundAndTowersAreNone) {
    write(QStringLiteral("/models/one/gemma.gguf"));
    write(QStringLiteral("/models/one/mmproj-gemma.gguf"));
    write(QStringLiteral("/models/two/config.json"), "{}");
    write(QStringLiteral("/models/two/model.safetensors"), QByteArray(100, 'x'));
    write(QStringLiteral("/models/three/config.json"), "{}");  // no weights
    EXPECT_EQ(names(), QStringList{QStringLiteral("Demo model")});
    addFolder(path(QStringLiteral("/models")));
    EXPECT_EQ(names(), (QStringList{QStringLiteral("Demo model"), QStringLiteral("gemma.gguf"), QStringLiteral("two")}));
    EXPECT_EQ(at(QStringLiteral("two")).data(ModelCatalog::SizeRole).toLongLong(), 100);
    EXPECT_EQ(at(QStringLiteral("two")).data(Qt::AccessibleTextRole).toString(), QStringLiteral("two, 100 bytes"));
}

TEST_F(ModelCatalogTest, AnAddedFolderLeavesWithItsModelsAndNoFileIsDeleted) {
    write(QStringLiteral("/a/one.gguf"));
    write(QStringLiteral("/ab/two.gguf"));
    addFolder(path(QStringLiteral("/a")));
    addFolder(path(QStringLiteral("/ab")));
    EXPECT_FALSE(catalog.canRemove(at(QStringLiteral("Demo model")))) << "it comes with the program";
    EXPECT_TRUE(catalog.canRemove(at(QStringLiteral("two.gguf"))));
    QSignalSpy scanned(&catalog, &ModelCatalog::refreshed);
    catalog.removeFromList(at(QStringLiteral("two.gguf")));
    ASSERT_TRUE(scanned.wait(5000));
    EXPECT_EQ(names(), (QStringList{QStringLiteral("Demo model"), QStringLiteral("one.gguf")}));
    EXPECT_EQ(catalog.folders(), QStringList{path(QStringLiteral("/a"))}) << "not the one whose name only begins like it";
    EXPECT_TRUE(QFile::exists(path(QStringLiteral("/ab/two.gguf"))));
}

TEST_F(ModelCatalogTest, RecentModelsAreRememberedOnceAndForgotten) {
    catalog.remember(QStringLiteral("google/gemma-3-4b-it"));
    catalog.remember(QStringLiteral("/models/gemma.gguf"));
    catalog.remember(QStringLiteral("google/gemma-3-4b-it"));
    catalog.remember(QStringLiteral("demo"));
    EXPECT_EQ(names(), (QStringList{QStringLiteral("Demo model"), QStringLiteral("google/gemma-3-4b-it"),
                                    QStringLiteral("gemma.gguf")}));
    ASSERT_TRUE(catalog.canRemove(at(QStringLiteral("gemma.gguf"))));
    catalog.removeFromList(at(QStringLiteral("gemma.gguf")));
    EXPECT_EQ(names(), (QStringList{QStringLiteral("Demo model"), QStringLiteral("google/gemma-3-4b-it")}));
    const ModelCatalog again(QStringLiteral("/no/such/program"), settings);
    EXPECT_EQ(again.entries().size(), 2U) << "kept for the next start";
}

}  // namespace
}  // namespace lapidary::gui
