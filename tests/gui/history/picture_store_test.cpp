#include "gui/history/picture_store.h"

#include <sys/stat.h>

#include <QDir>
#include <QDirIterator>
#include <QFileInfo>

#include "tests/gui/history/history_fixture.h"

namespace lapidary::gui::test {
namespace {

const std::string kPng = "\x89PNG\r\n\x1a\n and so on";

class PictureStoreTest : public HistoryTest {
protected:
    [[nodiscard]] int filesInStore() const {
        int count = 0;
        for (QDirIterator it(paths().pictures(), QDir::Files | QDir::Hidden, QDirIterator::Subdirectories); it.hasNext();
             it.next())
            ++count;
        return count;
    }
    static Message showing(std::int64_t id, const StoredPicture& stored) {
        Message message = messageOf(id, 0, Role::User, QStringLiteral("look"));
        Picture picture;
        picture.sha256 = stored.sha256;
        picture.path = stored.path;
        message.parts.push_back({picture, {}});
        return message;
    }
};

TEST_F(PictureStoreTest, EachContentIsKeptOnce) {
    const auto store = opened();
    const auto a = importPicture(*store, file("a.png", kPng));
    const auto b = importPicture(*store, file("another name.JPEG", kPng));
    const auto c = importBytes(*store, QByteArray::fromStdString(kPng));
    ASSERT_TRUE(a && b && c);
    EXPECT_EQ(*a, *b);
    EXPECT_EQ(*a, *c);
    EXPECT_EQ(a->sizeBytes, static_cast<std::int64_t>(kPng.size()));
    EXPECT_EQ(a->sha256, sha256Of(QByteArray::fromStdString(kPng)));
    EXPECT_EQ(a->path, QStringLiteral("%1/%2/%3.png").arg(paths().pictures(), a->sha256.left(2), a->sha256));
    EXPECT_EQ(bytesOf(a->path), QByteArray::fromStdString(kPng));
    EXPECT_EQ(filesInStore(), 1);
}

TEST_F(PictureStoreTest, ADamagedCopyIsMendedByTheNextImport) {
    const auto store = opened();
    const QString source = file("a.png", kPng);
    const auto first = importPicture(*store, source);
    ASSERT_TRUE(first);
    QFile stored(first->path);
    ASSERT_TRUE(stored.open(QIODevice::WriteOnly));
    stored.write("broken");
    stored.close();
    ASSERT_TRUE(importPicture(*store, source));
    EXPECT_EQ(bytesOf(first->path), QByteArray::fromStdString(kPng));
}

TEST_F(PictureStoreTest, Fault59_SourcesThatCannotBeRead) {
    const auto store = opened();
    const auto missing = importPicture(*store, folder() + QStringLiteral("/nothing.png"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    const auto directory = importPicture(*store, folder());
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().code, ErrorCode::InvalidFile);
    const std::string pipe = (m_dir.path() / "pipe").string();
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_FALSE(importPicture(*store, QString::fromStdString(pipe)));
    EXPECT_EQ(filesInStore(), 0);
}

TEST_F(PictureStoreTest, Fault59_SourcesOfAnyName) {
    const auto store = opened();
    for (const std::string name : {"a b.png", "😀.png", "עברית.png", "x%20#?.png", "dots...", "-rf"}) {
        const auto stored = importPicture(*store, file(name, kPng + name));
        ASSERT_TRUE(stored) << stored.error().toString();
        EXPECT_EQ(bytesOf(stored->path), QByteArray::fromStdString(kPng + name));
    }
}

TEST_F(PictureStoreTest, APathInTheHistoryMovesWithItsFolder) {
    QString id;
    QString sha256;
    {
        const auto store = opened();
        const auto stored = importPicture(*store, file("a.png", kPng));
        ASSERT_TRUE(stored);
        sha256 = stored->sha256;
        id = store->create({}, {}, {});
        store->storeMessage(id, showing(1, *stored));
    }
    const QString moved = folder() + QStringLiteral("-moved");
    ASSERT_TRUE(QDir().rename(folder(), moved));
    const auto store = opened(moved);
    const auto data = open(*store, id);
    ASSERT_TRUE(data) << data.error().toString();
    const Picture picture = data->messages.front().pictures().front();
    EXPECT_TRUE(picture.path.startsWith(moved)) << picture.path.toStdString();
    EXPECT_EQ(sha256Of(bytesOf(picture.path)), sha256);
}

TEST_F(PictureStoreTest, WhatNoMessageShowsIsRemovedAfterThePurge) {
    StoredPicture shared;
    StoredPicture alone;
    StoredPicture draft;
    QString gone;
    QString other;
    {
        const auto store = opened();
        shared = *importPicture(*store, file("s.png", kPng + "shared"));
        alone = *importPicture(*store, file("a.png", kPng + "alone"));
        draft = *importPicture(*store, file("d.png", kPng + "draft"));
        gone = store->create({}, {}, {});
        other = store->create({}, {}, {});
        store->storeMessage(gone, showing(1, shared));
        store->storeMessage(gone, showing(2, alone));
        store->storeMessage(other, showing(1, shared));
        store->remove(gone);
        store->purge();
        ASSERT_TRUE(flush(*store));
    }
    // In the run that brought it a picture may be in a draft or in a message to be restored.
    EXPECT_EQ(filesInStore(), 3);
    file("data/pictures/readme.txt", "not ours");
    file("data/pictures/.incoming-abc", "half copied");
    { const auto store = opened(folder(), {draft.sha256}); }
    EXPECT_TRUE(QFileInfo::exists(shared.path));
    EXPECT_TRUE(QFileInfo::exists(draft.path));
    EXPECT_FALSE(QFileInfo::exists(alone.path));
    EXPECT_TRUE(QFileInfo::exists(paths().pictures() + QStringLiteral("/readme.txt")));
    EXPECT_EQ(filesInStore(), 3);
    {
        const auto store = opened();
        store->remove(other);
        store->purge();
        ASSERT_TRUE(flush(*store));
    }
    EXPECT_FALSE(QFileInfo::exists(shared.path));
    EXPECT_EQ(filesInStore(), 1);
}

TEST_F(PictureStoreTest, ASecondWindowLeavesPicturesWhereTheyLie) {
    const auto first = opened();
    const auto second = opened();
    const QString source = file("a.png", kPng);
    const auto hashed = importPicture(*second, source);
    ASSERT_TRUE(hashed) << hashed.error().toString();
    EXPECT_EQ(hashed->path, source);
    EXPECT_EQ(hashed->sha256, sha256Of(QByteArray::fromStdString(kPng)));
    EXPECT_FALSE(importBytes(*second, "x"));
    EXPECT_EQ(filesInStore(), 0);
}

TEST(PictureExtension, FollowsTheContent) {
    EXPECT_EQ(pictureExtension("\x89PNG\r\n"), QStringLiteral("png"));
    EXPECT_EQ(pictureExtension("\xff\xd8\xff\xe0"), QStringLiteral("jpg"));
    EXPECT_EQ(pictureExtension("GIF89a"), QStringLiteral("gif"));
    EXPECT_EQ(pictureExtension("RIFF....WEBPVP8 "), QStringLiteral("webp"));
    EXPECT_EQ(pictureExtension(QByteArray("II*\0....", 8)), QStringLiteral("tif"));
    EXPECT_EQ(pictureExtension("<svg onload=..."), QStringLiteral("bin"));
    EXPECT_EQ(pictureExtension(""), QStringLiteral("bin"));
}

}  // namespace
}  // namespace lapidary::gui::test
