#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "gui/history/conversation_export.h"
#include "gui/history/picture_store.h"
#include "tests/gui/history/history_fixture.h"
#include "tests/gui/history/random_conversation.h"

namespace lapidary::gui::test {
namespace {

class ExportTest : public HistoryTest {
protected:
    void SetUp() override { m_store = opened(); }

    [[nodiscard]] QString target(const char* name) const { return QString::fromStdString((m_dir.path() / name).string()); }
    std::vector<StoredPicture> somePictures() {
        std::vector<StoredPicture> pictures;
        for (const std::string end : {"one", "two", "three"}) {
            const auto stored = importPicture(*m_store, file(end, "\x89PNG" + end + std::string(1000000, '\1')));
            if (stored) pictures.push_back(*stored);
        }
        EXPECT_EQ(pictures.size(), 3U);
        return pictures;
    }
    QString keep(const ConversationData& data) {
        const QString id = m_store->create(data.info.title, data.settings, data.info.model);
        for (const Message& message : data.messages) m_store->storeMessage(id, message);
        m_store->setLeaf(id, data.leaf);
        return id;
    }
    static Message withPicture(std::int64_t id, const StoredPicture& stored, const QString& name) {
        Message message = messageOf(id, id - 1, Role::User, QStringLiteral("look"));
        Picture picture;
        picture.name = name;
        picture.sha256 = stored.sha256;
        picture.path = stored.path;
        message.parts.push_back({picture, {}});
        return message;
    }

    std::unique_ptr<HistoryStore> m_store;
};

// Where pictures lie differs from folder to folder.
ConversationData withoutPaths(ConversationData data) {
    for (Message& message : data.messages) {
        for (MessagePart& part : message.parts) {
            if (part.picture) part.picture->path.clear();
        }
    }
    data.info.id.clear();
    data.info.changedMs = 0;
    return data;
}

TEST_F(ExportTest, AnImportOfAnExportIsTheSameConversation) {
    const std::vector<StoredPicture> pictures = somePictures();
    const auto elsewhere = opened(folder() + QStringLiteral("-elsewhere"));
    for (unsigned seed = 0; seed < 12; ++seed) {
        Random random(seed);
        const ConversationData data = randomConversation(random, static_cast<int>(seed) * 3, pictures);
        const QString id = keep(data);
        const auto before = open(*m_store, id);
        ASSERT_TRUE(before);
        ASSERT_EQ(before->messages, data.messages);
        ASSERT_TRUE(exportTo(*m_store, id, ExportFormat::Json, target("c.json")));
        const auto imported = importFrom(*elsewhere, target("c.json"));
        ASSERT_TRUE(imported) << imported.error().toString();
        const auto after = open(*elsewhere, *imported);
        ASSERT_TRUE(after) << after.error().toString();
        EXPECT_EQ(withoutPaths(*after), withoutPaths(*before)) << "seed " << seed;
        EXPECT_NE(after->info.id, before->info.id);
        for (const Message& message : after->messages) {
            for (const Picture& picture : message.pictures()) EXPECT_EQ(sha256Of(bytesOf(picture.path)), picture.sha256);
        }
    }
}

TEST_F(ExportTest, APictureThatIsGoneIsNamed) {
    const auto stored = importPicture(*m_store, file("x.png", "\x89PNG x"));
    ASSERT_TRUE(stored);
    ConversationData data;
    data.messages = {withPicture(1, *stored, QStringLiteral("x.png"))};
    const QString id = keep(data);
    ASSERT_TRUE(flush(*m_store));
    ASSERT_TRUE(QFile::remove(stored->path));
    for (const ExportFormat format : {ExportFormat::Markdown, ExportFormat::Html, ExportFormat::Json}) {
        ASSERT_TRUE(exportTo(*m_store, id, format, target("gone")));
        EXPECT_TRUE(bytesOf(target("gone")).contains("x.png"));
    }
    const auto imported = importFrom(*m_store, target("gone"));
    ASSERT_TRUE(imported) << imported.error().toString();
    EXPECT_EQ(open(*m_store, *imported)->messages.front().pictures().front().path, QString());
}

TEST_F(ExportTest, HtmlRunsAndFetchesNothing) {
    const QByteArray png("\x89PNG\r\n picture");
    const auto good = importBytes(*m_store, png);
    const auto svg = importBytes(*m_store, "<svg xmlns='x' onload='alert(1)'/>");
    ASSERT_TRUE(good && svg);
    ConversationData data;
    const QString evil =
        QStringLiteral("<script>alert('x')</script><img src=https://tracker.example/a.png onerror=\"alert(1)\"> & \"q\"");
    data.info.title = evil;
    data.settings.systemPrompt = evil;
    data.messages = {messageOf(1, 0, Role::User, evil), withPicture(2, *good, evil), withPicture(3, *svg, evil)};
    data.messages[2].model = evil;
    data.messages[2].role = Role::Assistant;
    data.messages[2].state = Message::State::Failed;
    data.messages[2].error = evil;
    data.leaf = 3;
    ASSERT_TRUE(exportTo(*m_store, keep(data), ExportFormat::Html, target("c.html")));
    const QByteArray html = bytesOf(target("c.html"));
    EXPECT_FALSE(html.contains("<script"));
    EXPECT_FALSE(html.contains("<img src"));
    EXPECT_FALSE(html.contains("onerror=\""));
    EXPECT_FALSE(html.contains("svg"));
    EXPECT_EQ(html.count("<img "), 1);
    EXPECT_TRUE(html.contains("src=\"data:image/png;base64," + png.toBase64() + '"'));
    EXPECT_TRUE(html.contains("default-src 'none'"));
    EXPECT_TRUE(html.contains("&lt;script&gt;"));
}

// Answers are Markdown, whatever makes elements of it; what people wrote is shown as they wrote it.
TEST_F(ExportTest, HtmlShowsAnswersAsTheyAreRendered) {
    ConversationData data;
    data.messages = {messageOf(1, 0, Role::User, QStringLiteral("*q*")),
                     messageOf(2, 1, Role::Assistant, QStringLiteral("*a*"))};
    data.leaf = 2;
    m_store->setMarkdownHtml([](const QString& text) { return QStringLiteral("<i>%1</i>").arg(text); });
    const QString id = keep(data);
    ASSERT_TRUE(exportTo(*m_store, id, ExportFormat::Html, target("d.html")));
    const QByteArray html = bytesOf(target("d.html"));
    EXPECT_TRUE(html.contains("<div class=\"answer\">\n<i>*a*</i></div>")) << html.toStdString();
    EXPECT_TRUE(html.contains("dir=\"auto\">*q*</div>")) << html.toStdString();
    EXPECT_EQ(html.count("<i>"), 1);
}

TEST_F(ExportTest, MarkdownShowsTheBranchWithItsPictures) {
    const auto stored = importBytes(*m_store, "\x89PNG picture");
    ASSERT_TRUE(stored);
    ConversationData data;
    data.info.title = QStringLiteral("Two\nlines");
    data.messages = {withPicture(1, *stored, QStringLiteral("a] b.png")),
                     messageOf(2, 1, Role::Assistant, QStringLiteral("not shown")),
                     messageOf(3, 1, Role::Assistant, QStringLiteral("shown **text**"))};
    data.leaf = 3;
    ASSERT_TRUE(exportTo(*m_store, keep(data), ExportFormat::Markdown, target("my chat.md")));
    const QString text = QString::fromUtf8(bytesOf(target("my chat.md")));
    EXPECT_TRUE(text.startsWith(QStringLiteral("# Two lines\n")));
    EXPECT_TRUE(text.contains(QStringLiteral("shown **text**")));
    EXPECT_FALSE(text.contains(QStringLiteral("not shown")));
    const QString copy = QStringLiteral("my chat.md_pictures/%1.png").arg(stored->sha256);
    EXPECT_TRUE(text.contains(QStringLiteral("![a b.png](<%1>)").arg(copy))) << text.toStdString();
    EXPECT_EQ(bytesOf(target(copy.toUtf8().constData())), "\x89PNG picture");
}

TEST_F(ExportTest, AFileThatCannotBeWrittenIsSaid) {
    const QString id = keep({});
    const auto done = exportTo(*m_store, id, ExportFormat::Json, target("no/such/folder/c.json"));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::Io);
    const auto unknown = exportTo(*m_store, QStringLiteral("nobody"), ExportFormat::Json, target("c.json"));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::NotFound);
    EXPECT_FALSE(QFileInfo::exists(target("c.json")));
}

class HostileImportTest : public ExportTest {
protected:
    void SetUp() override {
        ExportTest::SetUp();
        const auto stored = importBytes(*m_store, "\x89PNG picture");
        ASSERT_TRUE(stored);
        m_sha256 = stored->sha256;
        ConversationData data;
        data.messages = {withPicture(1, *stored, QStringLiteral("x"))};
        data.leaf = 1;
        const QString id = keep(data);
        ASSERT_TRUE(exportTo(*m_store, id, ExportFormat::Json, target("good.json")));
        m_good = QJsonDocument::fromJson(bytesOf(target("good.json"))).object();
        m_guest = opened(folder() + QStringLiteral("-guest"));
    }
    // An import into an empty history, which stays empty.
    void expectRefused(const QByteArray& bytes, const char* mention) {
        const auto imported = importFrom(*m_guest, file("bad.json", bytes.toStdString()));
        ASSERT_FALSE(imported) << bytes.left(300).toStdString();
        EXPECT_NE(imported.error().message.find(mention), std::string::npos) << imported.error().message;
        EXPECT_TRUE(list(*m_guest).empty());
        EXPECT_FALSE(QFileInfo::exists(folder() + QStringLiteral("-guest/pictures/") + m_sha256.left(2)));
    }
    void expectRefused(const char* key, const QJsonValue& value, const char* mention) {
        QJsonObject json = m_good;
        json.insert(QLatin1String(key), value);
        expectRefused(QJsonDocument(json).toJson(), mention);
    }

    QString m_sha256;
    QJsonObject m_good;
    std::unique_ptr<HistoryStore> m_guest;
};

TEST_F(HostileImportTest, Fault61_NoJson) {
    for (const char* bytes : {"", "{", "[]", "null", "\xff\xfe", "{\"a\":1} x"}) expectRefused(bytes, "bad.json");
    expectRefused(QByteArray(100000, '['), "bad.json");
    expectRefused("{}", "exported");
}

TEST_F(HostileImportTest, Fault61_FieldsOfAnotherKind) {
    expectRefused("format", QStringLiteral("other"), "exported");
    expectRefused("version", QStringLiteral("1"), "version");
    expectRefused("version", 2, "newer");
    expectRefused("title", 5, "title");
    expectRefused("title", QString(20000, QLatin1Char('x')), "title");
    expectRefused("created", -1, "created");
    expectRefused("settings", QJsonValue(), "settings");
    expectRefused("settings", QJsonObject{{QStringLiteral("max_new_tokens"), -5}}, "settings.max_new_tokens");
    expectRefused("messages", QJsonValue(), "messages");
    expectRefused("messages", QJsonObject(), "messages");
    expectRefused("messages", QJsonArray{5}, "messages[0]");
    expectRefused("leaf", 9, "leaf");
    expectRefused("pictures", QJsonArray(), "pictures");
}

TEST_F(HostileImportTest, Fault61_MessagesThatMakeNoTree) {
    const auto bare = [](int id, int parent) {
        return QJsonObject{{QStringLiteral("id"), id},
                           {QStringLiteral("parent"), parent},
                           {QStringLiteral("role"), QStringLiteral("user")},
                           {QStringLiteral("parts"), QJsonArray()}};
    };
    QJsonObject json = m_good;
    json.insert(QStringLiteral("leaf"), 0);
    const auto refuse = [&](const QJsonArray& messages, const char* mention) {
        json.insert(QStringLiteral("messages"), messages);
        expectRefused(QJsonDocument(json).toJson(), mention);
    };
    refuse({bare(1, 0), bare(1, 0)}, "messages[1].id");
    refuse({bare(2, 1)}, "messages[0].parent");
    refuse({bare(1, 2), bare(2, 1)}, "messages[0].parent");
    refuse({bare(1, 1)}, "messages[0].parent");
}

TEST_F(HostileImportTest, Fault61_PicturesThatAreNotTheirName) {
    const auto pictures = [&](const QJsonValue& base64) {
        return QJsonObject{{m_sha256, QJsonObject{{QStringLiteral("base64"), base64}}}};
    };
    expectRefused("pictures", pictures(QStringLiteral("AAAA")), "not the bytes");
    expectRefused("pictures", pictures(QStringLiteral("!!!!")), "base64");
    expectRefused("pictures", pictures(5), "base64");
    expectRefused("pictures", QJsonObject{{m_sha256, 5}}, "base64");
}

TEST_F(HostileImportTest, APathInTheFileIsNotBelieved) {
    QByteArray bytes = QJsonDocument(m_good).toJson(QJsonDocument::Compact);
    ASSERT_TRUE(bytes.contains("\"path\":\"\""));
    bytes.replace("\"path\":\"\"", "\"path\":\"/etc/passwd\"");
    const auto pathAfterImport = [this](const QByteArray& json) {
        const auto imported = importFrom(*m_guest, file("path.json", json.toStdString()));
        EXPECT_TRUE(imported) << imported.error().toString();
        return open(*m_guest, *imported)->messages.front().pictures().front().path;
    };
    EXPECT_TRUE(pathAfterImport(bytes).endsWith(m_sha256 + QStringLiteral(".png")));
    QJsonObject alone = QJsonDocument::fromJson(bytes).object();
    alone.remove(QStringLiteral("pictures"));
    EXPECT_EQ(pathAfterImport(QJsonDocument(alone).toJson(QJsonDocument::Compact)), QString());
}

TEST_F(HostileImportTest, EveryTruncationIsRefused) {
    const QByteArray bytes = QJsonDocument(m_good).toJson(QJsonDocument::Compact);
    for (qsizetype length = 0; length < bytes.size(); length += 13) expectRefused(bytes.left(length), "bad.json");
}

}  // namespace
}  // namespace lapidary::gui::test
