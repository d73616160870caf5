#include "gui/chat_widgets/code_lexer.h"

#include <algorithm>

#include "gui/chat_widgets/code_rules.h"

namespace lapidary::gui {
namespace {

QString toString(std::u16string_view view) { return QStringView(view).toString(); }

class Lexer {
public:
    Lexer(CodeLanguage language, QStringView source, CodeState& state)
        : m_language(language), m_rules(codeRules(language)), m_source(source), m_state(state) {}

    std::vector<CodeSpan> run() {
        if (m_language == CodeLanguage::None) return {};
        while (m_at < m_source.size()) {
            if (m_state.open) {
                finishOpen(m_at);
            } else if (m_language == CodeLanguage::Markup) {
                stepMarkup();
            } else {
                step();
            }
        }
        return std::move(m_spans);
    }

private:
    [[nodiscard]] bool startsWith(QStringView mark) const { return !mark.isEmpty() && m_source.mid(m_at).startsWith(mark); }
    [[nodiscard]] QChar peek(qsizetype ahead = 0) const {
        return m_at + ahead < m_source.size() ? m_source[m_at + ahead] : QChar();
    }
    [[nodiscard]] bool atLineStart() const {
        qsizetype before = m_at;
        while (before > 0 && (m_source[before - 1] == u' ' || m_source[before - 1] == u'\t')) --before;
        return before == 0 || m_source[before - 1] == u'\n';
    }
    [[nodiscard]] static bool inWord(QChar c) { return c.isLetterOrNumber() || c == u'_' || c == u'$'; }

    void add(qsizetype begin, CodeToken token) {
        if (m_at > begin) m_spans.push_back({begin, m_at - begin, token});
    }
    void toLineEnd() {
        const qsizetype end = m_source.indexOf(u'\n', m_at);
        m_at = end < 0 ? m_source.size() : end;
    }

    // Opens what may go on over the end of this text.
    void open(CodeToken token, const QString& terminator, bool escapes, const QString& opener = {}) {
        m_state = {true, token, opener, terminator, escapes, 1, m_state.inTag};
    }
    void openAt(qsizetype length, CodeToken token, const QString& terminator, bool escapes, const QString& opener = {}) {
        const qsizetype begin = m_at;
        m_at += length;
        open(token, terminator, escapes, opener);
        finishOpen(begin);
    }
    // To the end of what is open, or of the text.
    void finishOpen(qsizetype begin) {
        while (m_at < m_source.size() && m_state.open) {
            if (m_state.escapes && peek() == u'\\') {
                m_at = std::min(m_at + 2, m_source.size());
            } else if (startsWith(m_state.terminator)) {
                m_at += m_state.terminator.size();
                if (--m_state.depth == 0) m_state.open = false;
            } else if (startsWith(m_state.opener)) {
                m_at += m_state.opener.size();
                ++m_state.depth;
            } else {
                ++m_at;
            }
        }
        add(begin, m_state.token);
        if (!m_state.open) m_state = {.inTag = m_state.inTag};
    }

    void step() {
        if (comment() || rawString() || string() || key() || directive()) return;
        const QChar c = peek();
        if (c.isDigit() || (c == u'.' && peek(1).isDigit())) {
            number();
        } else if (inWord(c)) {
            word();
        } else {
            ++m_at;
        }
    }

    bool comment() {
        const qsizetype begin = m_at;
        const bool apart = !m_rules.commentNeedsSpace || m_at == 0 || m_source[m_at - 1].isSpace();
        if (apart && startsWith(m_rules.lineComment)) {
            toLineEnd();
            add(begin, CodeToken::Comment);
            return true;
        }
        if (!startsWith(m_rules.blockOpen)) return false;
        openAt(static_cast<qsizetype>(m_rules.blockOpen.size()), CodeToken::Comment, toString(m_rules.blockClose), false,
               m_rules.nested ? toString(m_rules.blockOpen) : QString());
        return true;
    }

    // R"name( … )name" of C++, r##" … "## of Rust.
    bool rawString() {
        if (m_rules.rawStrings == RawStrings::None) return false;
        const bool cpp = m_rules.rawStrings == RawStrings::Cpp;
        if (peek() != (cpp ? u'R' : u'r') || (m_at > 0 && inWord(m_source[m_at - 1]))) return false;
        qsizetype mark = m_at + 1;
        if (cpp) {
            if (peek(1) != u'"') return false;
            const qsizetype bracket = m_source.indexOf(u'(', mark);
            if (bracket < 0 || bracket - mark > 17) return false;  // a delimiter has at most 16 characters
            const QString name = m_source.mid(mark + 1, bracket - mark - 1).toString();
            if (name.contains(u'\n') || name.contains(u'"')) return false;
            openAt(bracket + 1 - m_at, CodeToken::String, u')' + name + u'"', false);
            return true;
        }
        while (mark < m_source.size() && m_source[mark] == u'#') ++mark;
        if (mark >= m_source.size() || m_source[mark] != u'"') return false;
        openAt(mark + 1 - m_at, CodeToken::String, u'"' + QString(mark - m_at - 1, u'#'), false);
        return true;
    }

    bool string() {
        if (m_rules.lifetimes && peek() == u'\'') return characterLiteral();
        for (const QuoteRule& quote : m_rules.quotes) {
            if (!startsWith(QStringView(quote.mark))) continue;
            const auto length = static_cast<qsizetype>(quote.mark.size());
            if (quote.overLines) {
                openAt(length, CodeToken::String, toString(quote.mark), quote.escapes);
                return true;
            }
            const qsizetype begin = m_at;
            m_at += length;
            endOnLine(quote);
            add(begin, isKey(m_at) ? CodeToken::Keyword : CodeToken::String);
            return true;
        }
        return false;
    }
    // A string that ends with its line, closed or not.
    void endOnLine(const QuoteRule& quote) {
        while (m_at < m_source.size() && peek() != u'\n') {
            if (startsWith(QStringView(quote.mark))) {
                m_at += static_cast<qsizetype>(quote.mark.size());
                return;
            }
            const bool hides = quote.escapes && peek() == u'\\' && m_at + 1 < m_source.size() && peek(1) != u'\n';
            m_at += hides ? 2 : 1;
        }
    }
    // Rust: 'x' and '\n' are characters, 'a alone is a lifetime.
    bool characterLiteral() {
        const qsizetype begin = m_at;
        qsizetype end = m_at + 1;
        if (peek(1) == u'\\') {
            end = m_source.indexOf(u'\'', m_at + 3);
        } else {
            end += peek(1).isHighSurrogate() ? 2 : 1;
        }
        const bool closed = end > begin + 1 && end < m_source.size() && end - begin <= 12 && m_source[end] == u'\'';
        if (closed && !m_source.mid(begin, end - begin).contains(u'\n')) {
            m_at = end + 1;
            add(begin, CodeToken::String);
        } else {
            ++m_at;
        }
        return true;
    }

    [[nodiscard]] bool isKey(qsizetype end) const {
        if (!m_rules.keys) return false;
        while (end < m_source.size() && (m_source[end] == u' ' || m_source[end] == u'\t')) ++end;
        return end < m_source.size() && m_source[end] == u':';
    }
    // YAML: `name:` at the beginning of a line, also behind dashes.
    bool key() {
        if (m_language != CodeLanguage::Yaml || !inWord(peek())) return false;
        qsizetype before = m_at;
        while (before > 0 && (m_source[before - 1] == u' ' || m_source[before - 1] == u'\t' || m_source[before - 1] == u'-'))
            --before;
        if (before > 0 && m_source[before - 1] != u'\n') return false;
        qsizetype end = m_at;
        while (end < m_source.size() && m_source[end] != u':' && m_source[end] != u'\n' && m_source[end] != u'#') ++end;
        if (end >= m_source.size() || m_source[end] != u':') return false;
        if (end + 1 < m_source.size() && !m_source[end + 1].isSpace()) return false;
        const qsizetype begin = m_at;
        m_at = end;
        add(begin, CodeToken::Keyword);
        return true;
    }

    bool directive() {
        if (!m_rules.directives || peek() != u'#' || !atLineStart()) return false;
        const qsizetype begin = m_at++;
        while (peek() == u' ') ++m_at;
        while (peek().isLetter()) ++m_at;
        add(begin, CodeToken::Keyword);
        return true;
    }

    void number() {
        const qsizetype begin = m_at;
        const bool hexadecimal = peek() == u'0' && (peek(1) == u'x' || peek(1) == u'X');
        while (m_at < m_source.size()) {
            const QChar c = peek();
            const bool sign = (c == u'+' || c == u'-') && !hexadecimal && m_at > begin && m_source[m_at - 1].toLower() == u'e';
            const bool separator = c == u'\'' && m_language == CodeLanguage::Cpp && peek(1).isLetterOrNumber();
            if (!sign && !separator && !c.isLetterOrNumber() && c != u'_' && !(c == u'.' && peek(1) != u'.')) break;
            ++m_at;
        }
        add(begin, CodeToken::Number);
    }

    void word() {
        const qsizetype begin = m_at;
        while (m_at < m_source.size() && inWord(peek())) ++m_at;
        const QStringView found = m_source.mid(begin, m_at - begin);
        const QString lower = m_rules.ignoreCase ? found.toString().toLower() : QString();
        const QStringView looked = m_rules.ignoreCase ? QStringView(lower) : found;
        const std::u16string_view key(looked.utf16(), static_cast<std::size_t>(looked.size()));
        if (std::binary_search(m_rules.keywords.begin(), m_rules.keywords.end(), key)) add(begin, CodeToken::Keyword);
    }

    void stepMarkup() {
        const qsizetype begin = m_at;
        if (m_state.inTag) {
            if (peek() == u'"' || peek() == u'\'') {
                openAt(1, CodeToken::String, QString(peek()), false);
            } else if (peek() == u'>') {
                ++m_at;
                m_state.inTag = false;
                add(begin, CodeToken::Keyword);
            } else {
                ++m_at;
            }
            return;
        }
        if (startsWith(u"<!--")) {
            openAt(4, CodeToken::Comment, QStringLiteral("-->"), false);
        } else if (peek() == u'<' && (peek(1).isLetter() || peek(1) == u'/' || peek(1) == u'!' || peek(1) == u'?')) {
            m_at += 2;
            while (inWord(peek()) || peek() == u'-' || peek() == u':') ++m_at;
            m_at = std::min(m_at, m_source.size());
            m_state.inTag = true;
            add(begin, CodeToken::Keyword);
        } else if (peek() == u'&') {
            entity();
        } else {
            ++m_at;
        }
    }
    void entity() {
        const qsizetype begin = m_at;
        qsizetype end = m_at + 1;
        while (end < m_source.size() && end - begin < 32 && (m_source[end].isLetterOrNumber() || m_source[end] == u'#')) ++end;
        ++m_at;
        if (end >= m_source.size() || m_source[end] != u';' || end == begin + 1) return;
        m_at = end + 1;
        add(begin, CodeToken::Number);
    }

    CodeLanguage m_language;
    const CodeRules& m_rules;
    QStringView m_source;
    CodeState& m_state;
    std::vector<CodeSpan> m_spans;
    qsizetype m_at = 0;
};

}  // namespace

std::vector<CodeSpan> lexCode(CodeLanguage language, QStringView text, CodeState& state) {
    return Lexer(language, text, state).run();
}

std::vector<CodeSpan> lexCode(CodeLanguage language, QStringView text) {
    CodeState state;
    return lexCode(language, text, state);
}

}  // namespace lapidary::gui
