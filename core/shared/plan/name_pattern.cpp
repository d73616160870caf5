#include "core/shared/plan/name_pattern.h"

#include <algorithm>
#include <optional>

#include "core/shared/base/json.h"

namespace lapidary::plan {
namespace {

using ByteSet = std::bitset<256>;
using Step = NamePattern::Step;

constexpr int kMaxDepth = 100;       // groups inside groups
constexpr std::uint32_t kMaxCount = 1000;  // of {m,n}

bool isWord(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 128;
}

template <class Holds>
ByteSet bytesWhere(const Holds& holds) {
    ByteSet set;
    for (unsigned c = 0; c < 256; ++c) set[c] = holds(static_cast<unsigned char>(c));
    return set;
}

// \d \w \s and their opposites.
std::optional<ByteSet> classOf(char letter) {
    ByteSet set;
    switch (letter) {
        case 'd':
        case 'D': set = bytesWhere([](unsigned char c) { return c >= '0' && c <= '9'; }); break;
        case 'w':
        case 'W': set = bytesWhere(isWord); break;
        case 's':
        case 'S': set = bytesWhere([](unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }); break;
        default: return std::nullopt;
    }
    return letter >= 'a' ? set : ~set;
}

// An expression as a tree; a sequence holds its parts side by side, so only groups make it deep.
struct Node {
    enum class Kind : std::uint8_t { Set, Sequence, Choice, Repeat, Assertion };
    Kind kind = Kind::Sequence;
    ByteSet set;
    Step::Kind assertion = Step::Kind::Begin;
    std::vector<Node> parts;
    std::uint32_t least = 0;
    std::optional<std::uint32_t> most;
};

class Parser {
public:
    explicit Parser(std::string_view text) : m_text(text) {}

    Result<Node> parse() {
        ASSIGN_OR_RETURN(Node node, choice(0));
        if (!atEnd()) return wrong("an unmatched ')'");
        return node;
    }

private:
    [[nodiscard]] bool atEnd() const { return m_at >= m_text.size(); }
    [[nodiscard]] char peek() const { return atEnd() ? '\0' : m_text[m_at]; }
    bool take(std::string_view wanted) {
        if (m_text.substr(m_at, wanted.size()) != wanted) return false;
        m_at += wanted.size();
        return true;
    }
    [[nodiscard]] Error wrong(const std::string& what, ErrorCode code = ErrorCode::InvalidData) const {
        return Error{
            code, "the regular expression '" + clipText(m_text, 120) + "' has " + what + " at position " + std::to_string(m_at),
            ""};
    }

    Result<Node> choice(int depth) {
        if (depth > kMaxDepth) return wrong("too many groups inside each other");
        Node choices{.kind = Node::Kind::Choice, .set = {}, .parts = {}, .most = {}};
        do {
            ASSIGN_OR_RETURN(Node part, sequence(depth));
            choices.parts.push_back(std::move(part));
        } while (take("|"));
        if (choices.parts.size() == 1) return Node(std::move(choices.parts.front()));
        return choices;
    }

    Result<Node> sequence(int depth) {
        Node row;
        while (!atEnd() && peek() != '|' && peek() != ')') {
            ASSIGN_OR_RETURN(Node part, atom(depth));
            ASSIGN_OR_RETURN(part, repeated(std::move(part)));
            row.parts.push_back(std::move(part));
        }
        return row;
    }

    Result<Node> repeated(Node part) {
        for (bool again = false;; again = true) {
            Node repeat{.kind = Node::Kind::Repeat, .set = {}, .parts = {}, .most = {}};
            if (take("*")) {
            } else if (take("+")) {
                repeat.least = 1;
            } else if (take("?")) {
                repeat.most = 1;
            } else if (peek() == '{') {
                const std::size_t start = m_at;
                ASSIGN_OR_RETURN(const bool isCount, counts(repeat));
                if (!isCount) {  // as in Python: braces that are no count are themselves
                    m_at = start;
                    return part;
                }
            } else {
                return part;
            }
            if (again || part.kind == Node::Kind::Assertion) return wrong("a repetition of nothing");
            if (!take("?") && peek() == '+') return wrong("a possessive repetition, which is not read", ErrorCode::Unsupported);
            repeat.parts.push_back(std::move(part));
            part = std::move(repeat);
        }
    }

    // {m}, {m,}, {,n}, {m,n}
    Result<bool> counts(Node& repeat) {
        ++m_at;
        const std::optional<std::uint32_t> least = number();
        repeat.least = least.value_or(0);
        repeat.most = least;
        if (take(",")) {
            repeat.most = number();
        } else if (!least) {
            return false;
        }
        if (!take("}")) return false;
        if (repeat.least > kMaxCount || repeat.most.value_or(0) > kMaxCount || repeat.most.value_or(kMaxCount) < repeat.least)
            return wrong("a repetition beyond " + std::to_string(kMaxCount) + " or below its start");
        return true;
    }

    std::optional<std::uint32_t> number() {
        std::optional<std::uint32_t> value;
        while (peek() >= '0' && peek() <= '9') {
            value = std::min<std::uint32_t>(value.value_or(0) * 10 + static_cast<std::uint32_t>(peek() - '0'), kMaxCount + 1);
            ++m_at;
        }
        return value;
    }

    Result<Node> atom(int depth) {
        const char c = m_text[m_at++];
        switch (c) {
            case '(': return group(depth);
            case '[': return brackets();
            case '\\': return escape();
            case '.': return setNode(bytesWhere([](unsigned char b) { return b != '\n'; }));
            case '^': return assertion(Step::Kind::Begin);
            case '$': return assertion(Step::Kind::End);
            case '*':
            case '+':
            case '?': --m_at; return wrong("a repetition of nothing");
            default: return setNode(one(c));
        }
    }

    Result<Node> group(int depth) {
        if (peek() == '?' && !take("?:")) {
            if (take("?P<")) {  // a named group matches as a plain one
                while (!atEnd() && peek() != '>') ++m_at;
                if (!take(">")) return wrong("an unfinished group name");
            } else {
                return wrong("a look-around, flag or back-reference, which is not read", ErrorCode::Unsupported);
            }
        }
        ASSIGN_OR_RETURN(Node inner, choice(depth + 1));
        if (!take(")")) return wrong("an unfinished group");
        return inner;
    }

    Result<Node> escape() {
        if (atEnd()) return wrong("an unfinished escape");
        const char c = m_text[m_at++];
        if (const auto set = classOf(c)) return setNode(*set);
        switch (c) {
            case 'A': return assertion(Step::Kind::Begin);
            case 'Z': return assertion(Step::Kind::End);
            case 'b': return assertion(Step::Kind::WordEdge);
            case 'B': return assertion(Step::Kind::NotWordEdge);
            case 't': return setNode(one('\t'));
            case 'n': return setNode(one('\n'));
            default: break;
        }
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            return wrong(std::string("the escape \\") + c + ", which is not read", ErrorCode::Unsupported);
        return setNode(one(c));
    }

    Result<Node> brackets() {
        const bool negated = take("^");
        ByteSet set;
        for (bool first = true; first || peek() != ']'; first = false) {
            if (atEnd()) return wrong("an unfinished set");
            ASSIGN_OR_RETURN(const ByteSet member, setMember());
            if (member.count() != 1 || peek() != '-' || m_at + 1 >= m_text.size() || m_text[m_at + 1] == ']') {
                set |= member;
                continue;
            }
            ++m_at;
            ASSIGN_OR_RETURN(const ByteSet last, setMember());
            const std::size_t low = member._Find_first(), high = last._Find_first();
            if (last.count() != 1 || high < low) return wrong("a range that ends before it begins");
            for (std::size_t c = low; c <= high; ++c) set.set(c);
        }
        ++m_at;
        return setNode(negated ? ~set : set);
    }

    Result<ByteSet> setMember() {
        if (atEnd()) return wrong("an unfinished set");
        const char c = m_text[m_at++];
        if (c != '\\') return one(c);
        ASSIGN_OR_RETURN(const Node node, escape());
        if (node.kind != Node::Kind::Set) return wrong("an assertion in a set");
        return node.set;
    }

    static ByteSet one(char c) { return ByteSet().set(static_cast<unsigned char>(c)); }
    static Node setNode(const ByteSet& set) { return {.kind = Node::Kind::Set, .set = set, .parts = {}, .most = {}}; }
    static Node assertion(Step::Kind kind) {
        return {.kind = Node::Kind::Assertion, .set = {}, .assertion = kind, .parts = {}, .most = {}};
    }

    std::string_view m_text;
    std::size_t m_at = 0;
};

// Thompson's construction, written from the end: `next` is what follows.
class Compiler {
public:
    explicit Compiler(std::vector<Step>& steps) : m_steps(steps) {}

    // The first step of `node` before `next`; nothing once the program is too long.
    std::optional<std::uint32_t> compile(const Node& node, std::uint32_t next) {
        // Repetitions of nothing add no step and would still take forever.
        if (++m_visits > 4 * NamePattern::kMaxProgram) return std::nullopt;
        switch (node.kind) {
            case Node::Kind::Set: return add({.kind = Step::Kind::Set, .next = next, .set = node.set});
            case Node::Kind::Assertion: return add({.kind = node.assertion, .next = next, .set = {}});
            case Node::Kind::Sequence: return sequence(node, next);
            case Node::Kind::Choice: return choice(node, next);
            case Node::Kind::Repeat: return repeat(node, next);
        }
        return std::nullopt;
    }
    std::optional<std::uint32_t> add(const Step& step) {
        if (m_steps.size() >= NamePattern::kMaxProgram) return std::nullopt;
        m_steps.push_back(step);
        return static_cast<std::uint32_t>(m_steps.size() - 1);
    }

private:
    std::optional<std::uint32_t> sequence(const Node& node, std::optional<std::uint32_t> next) {
        for (auto part = node.parts.rbegin(); next && part != node.parts.rend(); ++part) next = compile(*part, *next);
        return next;
    }
    std::optional<std::uint32_t> choice(const Node& node, std::uint32_t next) {
        std::optional<std::uint32_t> ways;
        for (const Node& part : node.parts) {
            const auto way = compile(part, next);
            if (!way) return std::nullopt;
            ways = ways ? add({.kind = Step::Kind::Split, .next = *way, .other = *ways, .set = {}}) : way;
            if (!ways) return std::nullopt;
        }
        return ways;
    }
    std::optional<std::uint32_t> repeat(const Node& node, std::uint32_t next) {
        const Node& part = node.parts.front();
        std::optional<std::uint32_t> first = next;
        if (!node.most) {
            const auto loop = add({.kind = Step::Kind::Split, .next = 0, .other = next, .set = {}});
            const auto body = loop ? compile(part, *loop) : std::nullopt;
            if (!body) return std::nullopt;
            m_steps[*loop].next = *body;
            first = loop;
        }
        for (std::uint32_t i = node.least; first && i < node.most.value_or(0); ++i) {
            const auto body = compile(part, *first);
            first = body ? add({.kind = Step::Kind::Split, .next = *body, .other = next, .set = {}}) : std::nullopt;
        }
        for (std::uint32_t i = 0; first && i < node.least; ++i) first = compile(part, *first);
        return first;
    }

    std::vector<Step>& m_steps;
    std::size_t m_visits = 0;
};

bool holds(Step::Kind assertion, std::string_view name, std::size_t at) {
    const bool before = at > 0 && isWord(static_cast<unsigned char>(name[at - 1]));
    const bool after = at < name.size() && isWord(static_cast<unsigned char>(name[at]));
    switch (assertion) {
        case Step::Kind::Begin: return at == 0;
        case Step::Kind::End: return at == name.size();
        case Step::Kind::WordEdge: return before != after;
        default: return before == after;
    }
}

// The steps that wait at one place of the name, each once.
struct Waiting {
    explicit Waiting(std::size_t steps) : seen(steps, 0) {}
    std::vector<std::uint32_t> sets;
    std::vector<char> seen;
    bool matched = false;

    void clear() {
        sets.clear();
        std::fill(seen.begin(), seen.end(), 0);
        matched = false;
    }
    void enter(const std::vector<Step>& steps, std::uint32_t first, std::string_view name, std::size_t at) {
        std::vector<std::uint32_t> open{first};
        while (!open.empty()) {
            const std::uint32_t index = open.back();
            open.pop_back();
            if (seen[index] != 0) continue;
            seen[index] = 1;
            const Step& step = steps[index];
            switch (step.kind) {
                case Step::Kind::Match: matched = true; break;
                case Step::Kind::Set: sets.push_back(index); break;
                case Step::Kind::Split:
                    open.push_back(step.other);
                    open.push_back(step.next);
                    break;
                default:
                    if (holds(step.kind, name, at)) open.push_back(step.next);
            }
        }
    }
};

}  // namespace

Result<NamePattern> NamePattern::compile(std::string_view expression) {
    if (expression.size() > kMaxLength) {
        return Error{ErrorCode::InvalidData,
                     "a regular expression of " + std::to_string(expression.size()) + " characters; at most " +
                         std::to_string(kMaxLength) + " are read",
                     ""};
    }
    ASSIGN_OR_RETURN(const Node tree, Parser(expression).parse());
    NamePattern pattern;
    Compiler compiler(pattern.m_steps);
    const auto match = compiler.add({.kind = Step::Kind::Match, .set = {}});
    const auto first = compiler.compile(tree, *match);
    // One step more that leads to the first, so that the program begins at its end.
    if (!first || !compiler.add({.kind = Step::Kind::Split, .next = *first, .other = *first, .set = {}})) {
        return Error{ErrorCode::InvalidData,
                     "the regular expression '" + clipText(expression, 120) + "' repeats too much to be tried", ""};
    }
    return pattern;
}

bool NamePattern::matches(std::string_view name) const {
    Waiting now(m_steps.size()), then(m_steps.size());
    now.enter(m_steps, static_cast<std::uint32_t>(m_steps.size() - 1), name, 0);
    for (std::size_t at = 0; at < name.size() && !now.sets.empty(); ++at) {
        then.clear();
        for (const std::uint32_t index : now.sets) {
            if (m_steps[index].set[static_cast<unsigned char>(name[at])])
                then.enter(m_steps, m_steps[index].next, name, at + 1);
        }
        std::swap(now, then);
        if (at + 1 == name.size()) return now.matched;
    }
    return name.empty() && now.matched;
}

}  // namespace lapidary::plan
