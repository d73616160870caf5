#include "gui/history/history_search.h"

#include "tests/gui/history/history_fixture.h"

namespace lapidary::gui::test {
namespace {

class HistorySearchTest : public HistoryTest {
protected:
    void SetUp() override {
        m_store = opened();
        m_id = m_store->create(QStringLiteral("Kediler üzerine"), {}, {});
    }
    void say(const QString& text) {
        ++m_last;
        m_store->storeMessage(m_id, messageOf(m_last, m_last - 1, Role::User, text));
    }
    // Ids of the messages found, in their order.
    std::vector<std::int64_t> find(const QString& typed) {
        std::vector<std::int64_t> ids;
        for (const SearchHit& hit : search(*m_store, typed)) ids.push_back(hit.message);
        std::sort(ids.begin(), ids.end());
        return ids;
    }

    std::unique_ptr<HistoryStore> m_store;
    QString m_id;
    std::int64_t m_last = 0;
};

using Ids = std::vector<std::int64_t>;

TEST_F(HistorySearchTest, DiacriticsAndCaseDoNotMatter) {
    say(QStringLiteral("Crème brûlée à la carte"));
    say(QStringLiteral("Cafe\u0301 décomposé"));
    for (const char* typed : {"creme", "CRÈME", "brulee", "brûlée"}) EXPECT_EQ(find(QString::fromUtf8(typed)), Ids{1}) << typed;
    for (const char* typed : {"café", "cafe", "CAFÉ"}) EXPECT_EQ(find(QString::fromUtf8(typed)), Ids{2}) << typed;
}

TEST_F(HistorySearchTest, TurkishIsFoundHoweverItIsTyped) {
    say(QStringLiteral("İstanbul'da ılık bir akşam"));
    say(QStringLiteral("Iğdır'dan ŞANLIURFA'ya"));
    for (const char* typed : {"istanbul", "İSTANBUL", "ISTANBUL", "ıstanbul", "ilik", "ılık", "ILIK", "aksam", "AKŞAM"})
        EXPECT_EQ(find(QString::fromUtf8(typed)), Ids{1}) << typed;
    for (const char* typed : {"ığdır", "igdir", "IĞDIR", "İĞDİR", "şanlıurfa", "sanliurfa"})
        EXPECT_EQ(find(QString::fromUtf8(typed)), Ids{2}) << typed;
}

TEST_F(HistorySearchTest, EveryWordHasToBeThereAndMayGoOn) {
    say(QStringLiteral("the quick brown fox"));
    say(QStringLiteral("the quiet brook"));
    EXPECT_EQ(find(QStringLiteral("qui bro")), (Ids{1, 2}));
    EXPECT_EQ(find(QStringLiteral("qui fox")), Ids{1});
    EXPECT_TRUE(find(QStringLiteral("uick")).empty());
    EXPECT_TRUE(find(QStringLiteral("quick brook")).empty());
}

TEST_F(HistorySearchTest, NothingThatIsTypedIsAnOperator) {
    say(QStringLiteral("say \"hello\" OR NOT to be: a-b c*d (e) text NEAR"));
    for (const char* typed : {"\"hello\"", "\"", "hello\"", "OR", "NOT", "a-b", "c*d", "(e)", "text:be", "NEAR(say be)", "^say",
                              "{text}", "be AND", "'; DROP TABLE messages; --", "*", "%", "()", "+", "\\"}) {
        const auto answer = answerOf<std::vector<SearchHit>>(
            [&](QObject* context, auto done) { m_store->search(QString::fromUtf8(typed), context, done); });
        EXPECT_TRUE(answer) << typed << ": " << answer.error().toString();
    }
    EXPECT_EQ(find(QStringLiteral("\"hello\"")), Ids{1});
    EXPECT_EQ(find(QStringLiteral("NOT")), Ids{1});
    EXPECT_TRUE(find(QStringLiteral("  ")).empty());
    EXPECT_TRUE(find(QStringLiteral("*")).empty());
}

TEST_F(HistorySearchTest, TitlesAreFound) {
    EXPECT_EQ(find(QStringLiteral("uzerine")), Ids{0});
    m_store->rename(m_id, QStringLiteral("Köpekler"));
    EXPECT_TRUE(find(QStringLiteral("uzerine")).empty());
    EXPECT_EQ(find(QStringLiteral("kopek")), Ids{0});
}

TEST_F(HistorySearchTest, ASnippetShowsTheFindInTheOriginalText) {
    const QString before = QStringLiteral("😀 öncesi ").repeated(30);
    say(before + QStringLiteral("Iğdır\nkayısısı ") + QStringLiteral("sonrası ").repeated(30));
    const auto hits = search(*m_store, QStringLiteral("igdir kayisi"));
    ASSERT_EQ(hits.size(), 1U);
    const SearchHit& hit = hits.front();
    EXPECT_EQ(hit.conversation, m_id);
    EXPECT_EQ(hit.title, QStringLiteral("Kediler üzerine"));
    ASSERT_EQ(hit.finds.size(), 2U);
    EXPECT_EQ(hit.snippet.mid(hit.finds[0].begin, hit.finds[0].length), QStringLiteral("Iğdır"));
    EXPECT_EQ(hit.snippet.mid(hit.finds[1].begin, hit.finds[1].length), QStringLiteral("kayısısı"));
    EXPECT_TRUE(hit.snippet.startsWith(QStringLiteral("…")));
    EXPECT_TRUE(hit.snippet.endsWith(QStringLiteral("…")));
    EXPECT_FALSE(hit.snippet.contains(QLatin1Char('\n')));
    EXPECT_LT(hit.snippet.size(), 200);
    EXPECT_EQ(QString::fromUtf8(hit.snippet.toUtf8()), hit.snippet);  // no half characters
}

TEST_F(HistorySearchTest, ASnippetsBlanksAreOne) {
    say(QStringLiteral("- deep\n\n\t   - deeper   \n\n      - deepest of  all"));
    const auto hits = search(*m_store, QStringLiteral("deepest all"));
    ASSERT_EQ(hits.size(), 1U);
    const SearchHit& hit = hits.front();
    EXPECT_FALSE(hit.snippet.contains(QStringLiteral("  "))) << hit.snippet.toStdString();
    EXPECT_TRUE(hit.snippet.endsWith(QStringLiteral("- deepest of all"))) << hit.snippet.toStdString();
    ASSERT_EQ(hit.finds.size(), 2U);
    EXPECT_EQ(hit.snippet.mid(hit.finds[0].begin, hit.finds[0].length), QStringLiteral("deepest"));
    EXPECT_EQ(hit.snippet.mid(hit.finds[1].begin, hit.finds[1].length), QStringLiteral("all"));
    EXPECT_LE(hit.finds[0].begin, 16);  // to be seen in a narrow list
}

TEST_F(HistorySearchTest, EditedTextIsFoundAndTheOldIsNot) {
    say(QStringLiteral("apple"));
    m_store->storeMessage(m_id, messageOf(1, 0, Role::User, QStringLiteral("pear")));
    EXPECT_TRUE(find(QStringLiteral("apple")).empty());
    EXPECT_EQ(find(QStringLiteral("pear")), Ids{1});
}

TEST(SearchExpression, QuotesEveryWord) {
    EXPECT_EQ(searchExpression(QStringLiteral("  İki  \"kelime\" - ")), QStringLiteral("\"iki\"* \"\"\"kelime\"\"\"*"));
    EXPECT_EQ(searchExpression(QStringLiteral(" - \n")), QString());
    EXPECT_EQ(foldedForSearch(QStringLiteral("Iıİi")).size(), 4);
}

}  // namespace
}  // namespace lapidary::gui::test
