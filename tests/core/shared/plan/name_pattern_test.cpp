// Regular expressions over names: Python's answers, and expressions that are meant to hurt.
#include "core/shared/plan/name_pattern.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace lapidary::plan {
namespace {

bool fullMatch(const std::string& expression, const std::string& name) {
    const auto pattern = NamePattern::compile(expression);
    EXPECT_TRUE(pattern) << expression << ": " << (pattern ? "" : pattern.error().toString());
    return pattern && pattern->matches(name);
}

TEST(NamePattern, MatchesAsPythonsFullmatch) {
    struct Case {
        const char* expression;
        const char* name;
        bool matches;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"abc", "abc", true},
             {"abc", "abcd", false},
             {"abc", "xabc", false},
             {"", "", true},
             {"", "a", false},
             {".*", "", true},
             {"a*", "aaa", true},
             {"a+", "", false},
             {"a?b", "b", true},
             {"a?b", "aab", false},
             {"a{2}", "aa", true},
             {"a{2}", "aaa", false},
             {"a{2,}", "aaaa", true},
             {"a{,2}", "", true},
             {"a{1,3}", "aaaa", false},
             {"a{x}", "a{x}", true},
             {"(ab|cd)*", "abcdab", true},
             {"(?:ab|c)d", "cd", true},
             {"(?P<n>q|k)_proj", "k_proj", true},
             {"[a-c]+", "abcab", true},
             {"[^.]+", "a.b", false},
             {"[]a]", "]", true},
             {"[a-]", "-", true},
             {"[\\d_]+", "1_2", true},
             {"\\d+", "12", true},
             {"\\D", "1", false},
             {"\\w+", "a_1", true},
             {"\\.", ".", true},
             {"\\.", "a", false},
             {"^a$", "a", true},
             {"a^b", "ab", false},
             {"a$|b", "b", true},
             {".*?x", "aax", true},
             {"\\bq.*", "q_proj", true},
             {".*\\bproj", "q_proj", false},
             {".*\\bproj", "q.proj", true},
             {"(a*)*b", "aaab", true},
             {"(|a)+", "aa", true},
             {".*language_model.*\\.(q_proj|o_proj)", "model.language_model.layers.10.self_attn.q_proj", true},
             {".*language_model.*\\.(q_proj|o_proj)", "model.vision_tower.encoder.layers.1.self_attn.q_proj", false},
             {"(?:.*\\.)?(?:layers\\.[0-3]\\..*)", "model.layers.3.mlp.up_proj", true},
             {"(?:.*\\.)?(?:layers\\.[0-3]\\..*)", "model.layers.4.mlp.up_proj", false},
         }) {
        EXPECT_EQ(fullMatch(c.expression, c.name), c.matches) << c.expression << " on " << c.name;
    }
}

TEST(NamePattern, WhatIsNotReadIsNamed) {
    const auto code = [](const std::string& expression) {
        const auto pattern = NamePattern::compile(expression);
        EXPECT_FALSE(pattern) << expression;
        return pattern ? ErrorCode::Internal : pattern.error().code;
    };
    for (const char* expression : {"(?!vision).*", "(?=a)b", "(?i)a", "(a)\\1", "\\u0041", "a*+"})
        EXPECT_EQ(code(expression), ErrorCode::Unsupported) << expression;
    for (const char* expression : {"(", ")", "a)", "[", "[a", "*", "a**", "\\", "[b-a]", "a{3,2}", "a{9999}", "^*"})
        EXPECT_EQ(code(expression), ErrorCode::InvalidData) << expression;
    EXPECT_EQ(code(std::string(NamePattern::kMaxLength + 1, 'a')), ErrorCode::InvalidData);
    EXPECT_EQ(code(std::string(500, '(') + std::string(500, ')')), ErrorCode::InvalidData);
    EXPECT_EQ(code("((a{1000}){1000}){1000}"), ErrorCode::InvalidData);
    EXPECT_EQ(code("(((((){1000}){1000}){1000}){1000}){1000}"), ErrorCode::InvalidData);
}

TEST(NamePattern, ExpressionsThatMakeOthersBacktrackEndAtOnce) {
    const auto start = std::chrono::steady_clock::now();
    const std::string name = std::string(120, 'a') + "!";
    for (const char* expression : {"(a*)*b", "(a+)+b", "(a|a)*b", "(a|aa)+$b", "(.*)*(.*)*(.*)*c", "((a{0,30}){0,30})b"})
        EXPECT_FALSE(fullMatch(expression, name)) << expression;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace lapidary::plan
