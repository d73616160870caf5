// No sentence of the window's sources stands outside tr().
#include "tests/gui/translations/bare_strings.h"

#include <gtest/gtest.h>

#include <QDirIterator>
#include <QFile>

namespace lapidary::test {
namespace {

QStringList found(const char* source) {
    QStringList literals;
    for (const BareString& bare : bareStrings(QString::fromUtf8(source))) literals.append(bare.literal);
    return literals;
}

TEST(BareStrings, AreFoundInCallsThatShowThem) {
    EXPECT_EQ(found("a->setText(\"ok\");"), QStringList{"ok"});
    EXPECT_EQ(found("a->setToolTip(QStringLiteral(\"x %1\").arg(n));"), QStringList{"x %1"});
    EXPECT_EQ(found("auto* a = new QPushButton(QLatin1String(\"ok\"), this);"), QStringList{"ok"});
    EXPECT_EQ(found("const QLabel label(\"ok\");"), QStringList{"ok"});
    EXPECT_EQ(found("tabs->addTab(page, \"log\");"), QStringList{"log"});
    EXPECT_EQ(found("m->addAction(QStringLiteral(\"ok\"), this, [] { f(\"x\"); });"), QStringList{"ok"});
    EXPECT_EQ(found("d->setNameFilters({tr(\"All (*)\"), \"none (*)\"});"), QStringList{"none (*)"});
    EXPECT_EQ(found("a->setText(on ? tr(\"On\") : \"off\");"), QStringList{"off"});
    EXPECT_EQ(found("a->setSuffix(QString(u\" px\"));"), QStringList{" px"});
}

TEST(BareStrings, AreFoundWhereverTheyReadLikeText) {
    EXPECT_EQ(found("return QStringLiteral(\"There is no file.\");"), QStringList{"There is no file."});
    EXPECT_EQ(found("const QStringList names{\"Models\", tr(\"Chat\")};"), QStringList{"Models"});
    EXPECT_EQ(found("f(R\"(not here)\");"), QStringList{"not here"});
}

TEST(BareStrings, AreNotFoundElsewhere) {
    EXPECT_EQ(found("a->setText(tr(\"Open it\")); // a \"comment of words\"\n#include \"a file.h\"\n/* \"so too\" */"),
              QStringList{});
    EXPECT_EQ(found("a->setText(QCoreApplication::translate(\"Context\", \"Open it\"));"), QStringList{});
    EXPECT_EQ(found("a->setObjectName(QStringLiteral(\"historyList\")); b->addItem(tr(\"As it is\"), \"auto\");"),
              QStringList{});
    EXPECT_EQ(found("a->setText(\"◀\"); sql.run(\"SELECT count FROM messages\"); const char c = '\"'; const int n = 100'000;"),
              QStringList{});
    EXPECT_EQ(found("if (name == \"kv cache\") a->setText(json.value(\"kv cache\").toString());"), QStringList{});
    EXPECT_EQ(found("const QCommandLineOption model(\"m\", \"open this model\");"), QStringList{});
    EXPECT_EQ(found("emit logged(\"unreadable line: \" + line);"), QStringList{});
    EXPECT_EQ(found("std::fputs(\"There is no display.\", stderr);"), QStringList{});
}

TEST(BareStrings, AreNotInTheWindow) {
    int files = 0;
    for (const char* folder : {"/gui", "/app/desktop"}) {
        QDirIterator all(QStringLiteral(LAPIDARY_SOURCES) + QLatin1String(folder), {"*.cpp", "*.h"}, QDir::Files,
                         QDirIterator::Subdirectories);
        while (all.hasNext()) {
            QFile file(all.next());
            if (file.fileName().endsWith(QLatin1String("/code_rules.cpp"))) continue;  // keywords of programming languages
            ASSERT_TRUE(file.open(QIODevice::ReadOnly)) << file.fileName().toStdString();
            ++files;
            for (const BareString& bare : bareStrings(QString::fromUtf8(file.readAll())))
                ADD_FAILURE() << file.fileName().toStdString() << ":" << bare.line << ": \"" << bare.literal.toStdString()
                              << "\"" << (bare.call.isEmpty() ? "" : " is shown by ") << bare.call.toStdString()
                              << ": put it into tr()";
        }
    }
    EXPECT_GT(files, 100);
}

}  // namespace
}  // namespace lapidary::test
