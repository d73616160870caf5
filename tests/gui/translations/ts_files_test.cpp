// The committed .ts files: nothing of the sources is missing in them, nothing is left to do, and no placeholder was lost.
#include <gtest/gtest.h>

#include <QDir>
#include <QProcess>
#include <QSet>
#include <QTemporaryDir>

#include "tests/gui/translations/ts_file.h"

namespace lapidary::test {
namespace {

const auto kSources = QStringLiteral(LAPIDARY_SOURCES);
constexpr int kPatienceMs = 60'000;

QString committed(const char* language) {
    return kSources + QStringLiteral("/translations/lapidary_") + QLatin1String(language) + QStringLiteral(".ts");
}

// The sentences of the sources, by lupdate, into an empty file: nothing that is committed can hide a change.
struct FreshTs {
    std::vector<TsMessage> messages;
    QString complaints;
};

FreshTs freshTs() {
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("lapidary_tr.ts"));
    QProcess lupdate;
    lupdate.setProcessChannelMode(QProcess::MergedChannels);
    lupdate.start(QStringLiteral(LAPIDARY_LUPDATE),
                  {"-silent", "-locations", "none", "-extensions", "cpp,h", "-source-language", "en", "-target-language", "tr",
                   "-I", kSources, kSources + "/gui", kSources + "/app/desktop", "-ts", path});
    if (!lupdate.waitForFinished(kPatienceMs) || lupdate.exitCode() != 0)
        throw std::runtime_error("lupdate failed: " + lupdate.errorString().toStdString());
    return {readTs(path), QString::fromUtf8(lupdate.readAll())};
}

QSet<QString> keysOf(const std::vector<TsMessage>& messages, bool pluralsOnly) {
    QSet<QString> keys;
    for (const TsMessage& message : messages) {
        if (message.plural || !pluralsOnly) keys.insert(message.key());
    }
    return keys;
}

void expectSame(const QSet<QString>& inSources, const QSet<QString>& inFile, const char* language) {
    const QString update = QStringLiteral("; run: cmake --build --preset dev --target update_translations");
    for (const QString& key : inSources - inFile)
        ADD_FAILURE() << "not in lapidary_" << language << ".ts: " << (key + update).toStdString();
    for (const QString& key : inFile - inSources)
        ADD_FAILURE() << "not in the sources any more: " << language << ": " << (key + update).toStdString();
}

TEST(TsFiles, HoldWhatTheSourcesSay) {
    const FreshTs fresh = freshTs();
    ASSERT_GT(fresh.messages.size(), 300U);
    expectSame(keysOf(fresh.messages, false), keysOf(readTs(committed("tr")), false), "tr");
    // The source language needs its plurals alone.
    expectSame(keysOf(fresh.messages, true), keysOf(readTs(committed("en")), false), "en");
}

// A sentence that lupdate files under another name than the program asks with is never translated, whatever the files say.
TEST(TsFiles, HaveTheContextsOfTheProgram) {
    const FreshTs fresh = freshTs();
    EXPECT_EQ(fresh.complaints.toStdString(), "");
    for (const TsMessage& message : fresh.messages)
        EXPECT_TRUE(message.context.startsWith(QLatin1String("lapidary::gui::"))) << message.key().toStdString();
}

TEST(TsFiles, AreComplete) {
    for (const auto& [language, forms] : {std::pair("en", 2), std::pair("tr", 1)}) {
        for (const TsMessage& message : readTs(committed(language))) {
            EXPECT_EQ(message.type.toStdString(), "") << language << ": " << message.key().toStdString();
            EXPECT_EQ(message.translations.size(), message.plural ? forms : 1) << message.key().toStdString();
            for (const QString& translation : message.translations)
                EXPECT_FALSE(translation.trimmed().isEmpty()) << language << ": " << message.key().toStdString();
        }
    }
}

TEST(TsFiles, KeepPlaceholdersMarkupAndMnemonics) {
    for (const char* language : {"en", "tr"}) {
        for (const TsMessage& message : readTs(committed(language))) {
            for (const QString& translation : message.translations)
                EXPECT_EQ(fixedParts(translation), fixedParts(message.source))
                    << language << ": " << message.key().toStdString() << "\n    " << translation.toStdString();
        }
    }
}

TEST(TsFiles, FixedPartsAreFoundWhereTheyStand) {
    EXPECT_EQ(fixedParts("“%1”, %%2 <b>%L3</b>\n%n"), (QStringList{"\n", "%1", "%2", "%L3", "%n", "</b>", "<b>"}));
    EXPECT_EQ(fixedParts(" px"), QStringList{" "});
    EXPECT_EQ(fixedParts("Pan & scan"), QStringList{});
    EXPECT_EQ(fixedParts("&Çık…"), (QStringList{"&", "…"}));
    EXPECT_EQ(fixedParts("Dosyalar (*.png *.jpg)"), QStringList{"(*.png *.jpg)"});
}

}  // namespace
}  // namespace lapidary::test
