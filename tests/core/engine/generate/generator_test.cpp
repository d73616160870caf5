#include "core/engine/generate/generator.h"

#include <gtest/gtest.h>

#include <memory>

namespace lapidary::generate {
namespace {

// A "model" over letters that says a fixed text, whatever it is fed: id n is 'a' + n, id 26 is the end, 27 another end.
class Script : public LogitsSource {
public:
    explicit Script(std::string text) : m_text(std::move(text)) {}

    std::span<const float> now() {
        m_logits.assign(28, 0.0F);
        const char letter = m_position < m_text.size() ? m_text[m_position] : '.';
        m_logits[letter == '.' ? 26U : letter == ',' ? 27U : static_cast<std::size_t>(letter - 'a')] = 9.0F;
        return m_logits;
    }
    Result<std::span<const float>> append(std::int64_t id, std::stop_token stop) override {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "stopped", ""};
        if (failAt && *failAt == m_position) return Error{ErrorCode::OutOfMemory, "no memory", ""};
        fed.push_back(id);
        ++m_position;
        return now();
    }

    std::vector<std::int64_t> fed;
    std::optional<std::size_t> failAt;

private:
    std::string m_text;
    std::size_t m_position = 0;
    std::vector<float> m_logits;
};

// Letters as they are, end tokens as nothing; `lag` letters are held back as an unfinished character would be.
TextPieces letters(std::size_t lag = 0) {
    auto held = std::make_shared<std::string>();
    return {[held, lag](std::int64_t id) {
                if (id < 26) *held += static_cast<char>('a' + id);
                if (held->size() <= lag) return std::string();
                std::string out = held->substr(0, held->size() - lag);
                held->erase(0, out.size());
                return out;
            },
            [held] { return std::exchange(*held, {}); }};
}

struct Outcome {
    std::string streamed;
    std::string text;
    std::vector<std::int64_t> ids;
    std::optional<FinishReason> reason;
};

Outcome run(Script script, GenerationLimits limits, std::size_t lag = 0, std::vector<std::int64_t> prompt = {1, 2, 3}) {
    Answer answer(*Sampler::create({}), letters(lag), std::move(limits), std::move(prompt));
    Outcome result;
    const auto first = script.now();
    EXPECT_TRUE(
        generate(answer, first, script, [&](const GeneratedToken& token) { result.streamed += token.text; }).has_value());
    result.text = answer.text();
    result.ids = answer.ids();
    result.reason = answer.reason();
    EXPECT_EQ(result.streamed, result.text);
    return result;
}

TEST(Generator, EndsAtAnyOfSeveralEndTokensAndKeepsIt) {
    const Outcome dot = run(Script("ab."), {.endTokenIds = {26, 27}});
    EXPECT_EQ(dot.text, "ab");
    EXPECT_EQ(dot.ids, (std::vector<std::int64_t>{0, 1, 26}));
    EXPECT_EQ(dot.reason, FinishReason::EndToken);
    EXPECT_EQ(run(Script("ab,cd"), {.endTokenIds = {26, 27}}).text, "ab");
    EXPECT_EQ(run(Script("ab,cd."), {.endTokenIds = {26}}).text, "abcd");
}

TEST(Generator, TheLastTokenIsNotFed) {
    Script script("ab.");
    Answer answer(*Sampler::create({}), letters(), {.endTokenIds = {26}}, {});
    const auto first = script.now();
    ASSERT_TRUE(generate(answer, first, script, {}).has_value());
    EXPECT_EQ(script.fed, (std::vector<std::int64_t>{0, 1}));
}

TEST(Generator, MaxNewTokensAndContextEndWithLength) {
    EXPECT_EQ(run(Script("abcdef."), {.maxNewTokens = 3, .endTokenIds = {26}}).text, "abc");
    const Outcome full = run(Script("abcdef."), {.contextTokens = 5, .endTokenIds = {26}});
    EXPECT_EQ(full.text, "ab");  // a prompt of three leaves two
    EXPECT_EQ(full.reason, FinishReason::Length);
    EXPECT_EQ(run(Script("abc."), {.maxNewTokens = 0}).ids.size(), 0U);
    EXPECT_EQ(run(Script("abc."), {.contextTokens = 3}).reason, FinishReason::Length);
}

TEST(Generator, StopStringsAreCutAndEndTheAnswer) {
    const Outcome found = run(Script("abxyzcd."), {.endTokenIds = {26}, .stopStrings = {"xyz"}});
    EXPECT_EQ(found.text, "ab");
    EXPECT_EQ(found.reason, FinishReason::StopString);
    EXPECT_EQ(found.ids.size(), 5U);
    EXPECT_EQ(run(Script("abxy."), {.endTokenIds = {26}, .stopStrings = {"xyz"}}).text, "abxy");
    EXPECT_EQ(run(Script("abxy"), {.maxNewTokens = 4, .stopStrings = {"xyz"}}).text, "abxy");
}

// A character that was only complete at the end belongs to the text, and may complete a stop string.
TEST(Generator, TextHeldBackByTheDecoderArrivesWithTheLastToken) {
    EXPECT_EQ(run(Script("abcd."), {.endTokenIds = {26}}, 2).text, "abcd");
    const Outcome found = run(Script("abxy."), {.endTokenIds = {26}, .stopStrings = {"xy"}}, 2);
    EXPECT_EQ(found.text, "ab");
    EXPECT_EQ(found.reason, FinishReason::StopString);
}

TEST(Generator, CancelActsBeforeTheNextToken) {
    Script script("abcdef.");
    Answer answer(*Sampler::create({}), letters(1), {.endTokenIds = {26}}, {});
    std::stop_source source;
    const auto first = script.now();
    int tokens = 0;
    const auto onToken = [&](const GeneratedToken&) {
        if (++tokens == 2) source.request_stop();
    };
    ASSERT_TRUE(generate(answer, first, script, onToken, source.get_token()).has_value());
    EXPECT_EQ(tokens, 2);
    EXPECT_EQ(answer.reason(), FinishReason::Cancelled);
    EXPECT_EQ(answer.text(), "ab");  // with what the decoder had held back
}

TEST(Generator, AnErrorKeepsWhatWasWritten) {
    Script script("abcdef.");
    script.failAt = 2;
    Answer answer(*Sampler::create({}), letters(), {.endTokenIds = {26}}, {});
    const auto first = script.now();
    const auto result = generate(answer, first, script, {});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::OutOfMemory);
    EXPECT_EQ(answer.text(), "abc");
}

TEST(Generator, RepetitionPenaltyCountsPromptAndAnswer) {
    // All letters are equally likely but for small steps: with a penalty each is said once.
    class Falling : public LogitsSource {
    public:
        Result<std::span<const float>> append(std::int64_t, std::stop_token) override { return now(); }
        std::span<const float> now() { return logits; }
        std::vector<float> logits{1.0F, 0.9F, 0.8F, 0.7F};
    } falling;
    Answer answer(*Sampler::create({.repetitionPenalty = 2.0}), letters(), {.maxNewTokens = 3}, {0});
    ASSERT_TRUE(generate(answer, falling.now(), falling, {}).has_value());
    EXPECT_EQ(answer.ids(), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(Generator, ReportsLogProbabilitiesOnlyWhenAsked) {
    Script script("a.");
    const auto first = script.now();
    Answer with(*Sampler::create({}), letters(), {.maxNewTokens = 1, .alternatives = 2}, {});
    const auto token = with.next(first);
    ASSERT_TRUE(token->logProbability.has_value());
    EXPECT_EQ(token->alternatives.size(), 2U);
    EXPECT_EQ(token->alternatives[0].id, 0);
    EXPECT_DOUBLE_EQ(token->alternatives[0].logProbability, *token->logProbability);
    Answer without(*Sampler::create({}), letters(), {.maxNewTokens = 1}, {});
    EXPECT_FALSE(without.next(first)->logProbability.has_value());
}

}  // namespace
}  // namespace lapidary::generate
