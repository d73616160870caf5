// The languages inside the program: plurals, fall-back, the errors of the core.
#include "gui/window/languages.h"

#include <gtest/gtest.h>

#include <QLocale>
#include <QTranslator>

#include "gui/engine_client/error_sentences.h"
#include "gui/window/engine_notices.h"
#include "tests/gui/translations/spoken.h"

namespace lapidary::gui {
namespace {

using test::Spoken;

QString tokens(int count) { return QCoreApplication::translate("lapidary::gui::MessageTexts", "%Ln token(s)", nullptr, count); }

TEST(Languages, EnglishHasTwoForms) {
    const Spoken spoken(QStringLiteral("en"));
    EXPECT_EQ(tokens(1), "1 token");
    EXPECT_EQ(tokens(2), "2 tokens");
    EXPECT_EQ(tokens(12'345), "12,345 tokens");
}

TEST(Languages, TurkishHasOneForm) {
    const Spoken spoken(QStringLiteral("tr"));
    EXPECT_EQ(tokens(1), "1 belirteç");
    EXPECT_EQ(tokens(2), "2 belirteç");
    EXPECT_EQ(tokens(12'345), "12.345 belirteç");
    EXPECT_EQ(QLocale().toString(99.5, 'f', 1), "99,5");
}

// Half of a window in one language and its dialogs in another would be worse than English.
TEST(Languages, AnotherLanguageIsEnglishAsAWhole) {
    for (const char* language : {"fr", "C", "nonsense"}) {
        const Spoken spoken(QString::fromLatin1(language));
        EXPECT_EQ(tokens(1), "1 token") << language;
        EXPECT_EQ(QCoreApplication::translate("QPlatformTheme", "Cancel"), "Cancel") << language;
    }
}

TEST(Languages, QtsOwnButtonsAreTurkishToo) {
    const Spoken spoken(QStringLiteral("tr"));
    EXPECT_EQ(QCoreApplication::translate("QPlatformTheme", "Cancel"), "İptal") << "is qt6-translations-l10n installed?";
}

TEST(Languages, EveryErrorOfTheCoreIsSaidInEachLanguage) {
    for (int value = 0; value <= static_cast<int>(ErrorCode::Internal); ++value) {
        const auto code = static_cast<ErrorCode>(value);
        const QString english = errorSentence(code);
        EXPECT_FALSE(english.isEmpty()) << errorCodeName(code);
        const Spoken spoken(QStringLiteral("tr"));
        EXPECT_NE(errorSentence(code), english) << errorCodeName(code);
        EXPECT_EQ(errorSentence(std::string(errorCodeName(code))), errorSentence(code)) << errorCodeName(code);
        const Notice notice = noticeOf(protocol::ErrorEvent{errorCodeName(code), "tensor 'x' is torn", {}});
        EXPECT_EQ(notice.text, errorSentence(code));
        EXPECT_EQ(notice.details, "tensor 'x' is torn");
    }
    EXPECT_EQ(errorSentence(std::string("of tomorrow")), errorSentence(ErrorCode::Internal));
}

}  // namespace
}  // namespace lapidary::gui
