#include "tests/gui/translations/bare_strings.h"

#include <QHash>
#include <QRegularExpression>
#include <QSet>
#include <algorithm>

namespace lapidary::test {
namespace {

// Which argument of a call people see.
const QHash<QString, int>& visibleArguments() {
    static const QHash<QString, int> calls{{"setText", 0},
                                           {"setPlainText", 0},
                                           {"setWindowTitle", 0},
                                           {"setTitle", 0},
                                           {"setToolTip", 0},
                                           {"setStatusTip", 0},
                                           {"setWhatsThis", 0},
                                           {"setAccessibleName", 0},
                                           {"setLabelText", 0},
                                           {"setPlaceholderText", 0},
                                           {"setSuffix", 0},
                                           {"setPrefix", 0},
                                           {"setFormat", 0},
                                           {"addAction", 0},
                                           {"setAccessibleDescription", 0},
                                           {"addMenu", 0},
                                           {"addToolBar", 0},
                                           {"addTab", 1},
                                           {"setTabText", 1},
                                           {"addItem", 0},
                                           {"addItems", 0},
                                           {"addRow", 0},
                                           {"addButton", 0},
                                           {"setNameFilter", 0},
                                           {"setNameFilters", 0},
                                           {"setIconText", 0},
                                           {"showMessage", 0},
                                           {"showDownload", 0},
                                           {"showProblem", 0},
                                           {"setSpecialValueText", 0},
                                           {"setInformativeText", 0},
                                           {"setDetailedText", 0},
                                           {"QLabel", 0},
                                           {"QPushButton", 0},
                                           {"QToolButton", 0},
                                           {"QCheckBox", 0},
                                           {"QRadioButton", 0},
                                           {"QGroupBox", 0},
                                           {"QAction", 0},
                                           {"QMenu", 0},
                                           {"QFileDialog", 1},
                                           {"QMessageBox", 1},
                                           {"QListWidgetItem", 0},
                                           {"setHeaderLabels", 0}};
    return calls;
}

const QSet<QString>& translators() {
    static const QSet<QString> calls{"tr", "translate", "QT_TR_NOOP", "QT_TRANSLATE_NOOP"};
    return calls;
}

// The engine's log, protocol errors (whose code is translated) and the command line speak English.
const QSet<QString>& english() {
    static const QSet<QString> calls{"logged", "ErrorEvent", "Error", "QCommandLineOption", "qWarning", "addPositionalArgument",
                                     "fputs"};
    return calls;
}

// What is handed to these is a key.
const QSet<QString>& keys() {
    static const QSet<QString> calls{"value", "setValue", "setObjectName", "QRegularExpression"};
    return calls;
}

// Names, which are the same in every language; those of pairs of colours are told by a test alone.
const QSet<QString>& names() {
    static const QSet<QString> known{"Lapidary",
                                     "bfloat16",
                                     "google/gemma-3-4b-it",
                                     "https://",
                                     "accentText on accent",
                                     "errorText on errorGround",
                                     "noticeText on noticeGround",
                                     "text on a tint",
                                     "link on a tint"};
    return known;
}

bool hasLetter(const QString& text) {
    return std::any_of(text.begin(), text.end(),
                       [](QChar c) { return c.isLetter() && c != u'ℹ'; });  // a sign, to Unicode a letter
}

bool readsLikeText(const QString& text) {
    static const QRegularExpression machine(QStringLiteral(
        R"(\b(NOT NULL|PRIMARY KEY)\b|^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|PRAGMA|BEGIN|ROLLBACK|SAVEPOINT|RELEASE|AND|ORDER|FROM|)"
        R"(WHERE|VALUES)\b|[<>;=])"));
    static const QRegularExpression words(
        QStringLiteral(R"([a-zA-Z]{2,},? [a-z]{2,}|^[A-Z][a-z]+[.:…]?$|^[A-Z][a-z]+ [A-Z]?[a-z]+)"));
    return words.match(text).hasMatch() && !machine.match(text).hasMatch();
}

struct Frame {
    QString callee;  // the word before '(' or '{'; empty where none is
    QString type;    // the word before that: `QLabel` of `QLabel label(`
    int argument = 0;
};

class Scanner {
public:
    explicit Scanner(const QString& source) : m_source(source) {}

    std::vector<BareString> scan() {
        while (m_at < m_source.size()) step();
        return std::move(m_found);
    }

private:
    [[nodiscard]] QChar at(qsizetype place) const { return place < m_source.size() ? m_source[place] : QChar(); }
    [[nodiscard]] bool startsWith(const char* text) const {
        return QStringView(m_source).mid(m_at).startsWith(QLatin1String(text));
    }

    void step() {
        const QChar c = at(m_at);
        if (startsWith("//")) return skipTo(QStringLiteral("\n"));
        if (startsWith("/*")) return skipTo(QStringLiteral("*/"));
        if (c == u'#' && m_lineIsEmpty) return skipDirective();
        if (c == u'\n') {
            ++m_line;
            m_lineIsEmpty = true;
        } else if (!c.isSpace()) {
            m_lineIsEmpty = false;
        }
        if (startsWith("R\"")) return readRaw();
        if (c == u'"') return readLiteral();
        if (c == u'\'') return skipCharacter();
        if (c.isLetter() || c == u'_') return readWord();
        if (c == u'(' || c == u'{' || c == u'[') {
            m_frames.push_back({c == u'[' ? QString() : m_word, m_before});
        } else if (c == u')' || c == u'}' || c == u']') {
            if (!m_frames.empty()) m_frames.pop_back();
        } else if (c == u',' && !m_frames.empty()) {
            ++m_frames.back().argument;
        }
        if (!c.isSpace()) {
            m_word.clear();
            m_before.clear();
        }
        ++m_at;
    }

    void advance(qsizetype to) {
        m_line += static_cast<int>(QStringView(m_source).mid(m_at, to - m_at).count(u'\n'));
        m_at = to;
    }

    void skipTo(const QString& end) {
        const qsizetype found = m_source.indexOf(end, m_at);
        advance(found < 0 ? m_source.size() : found + (end == QLatin1String("\n") ? 0 : end.size()));
    }

    void skipDirective() {
        do {
            skipTo(QStringLiteral("\n"));
        } while (at(m_at - 1) == u'\\' && ++m_at < m_source.size());
    }

    // 'x', but not the separators of 100'000.
    void skipCharacter() {
        const bool separator =
            m_at > 0 && at(m_at - 1).isLetterOrNumber() && at(m_at + 1).isLetterOrNumber() && m_word.isEmpty();
        ++m_at;
        if (separator) return;
        for (; m_at < m_source.size() && at(m_at) != u'\''; ++m_at) {
            if (at(m_at) == u'\\') ++m_at;
        }
        ++m_at;
    }

    void readWord() {
        const qsizetype begin = m_at;
        while (at(m_at).isLetterOrNumber() || at(m_at) == u'_') ++m_at;
        if (at(m_at) == u'"') return;  // u"…", u8"…"
        m_before = m_word;
        m_word = m_source.mid(begin, m_at - begin);
    }

    void readRaw() {
        const qsizetype open = m_source.indexOf(u'(', m_at);
        const QString end = u')' + m_source.mid(m_at + 2, open - m_at - 2) + u'"';
        const qsizetype close = m_source.indexOf(end, open);
        judge(m_source.mid(open + 1, close - open - 1));
        advance(close + end.size());
    }

    void readLiteral() {
        const qsizetype begin = ++m_at;
        for (; m_at < m_source.size() && at(m_at) != u'"'; ++m_at) {
            if (at(m_at) == u'\\') ++m_at;
        }
        if (!isCompared(begin - 1)) judge(m_source.mid(begin, m_at - begin));
        ++m_at;
    }

    // name == "kv cache": what is compared is not shown.
    [[nodiscard]] bool isCompared(qsizetype quote) const {
        while (quote > 0 && at(quote - 1).isSpace()) --quote;
        return quote > 1 && at(quote - 1) == u'=' && (at(quote - 2) == u'=' || at(quote - 2) == u'!');
    }

    void judge(const QString& literal) {
        if (!hasLetter(literal) || names().contains(literal)) return;
        QString call;
        for (auto frame = m_frames.rbegin(); frame != m_frames.rend(); ++frame) {
            for (const QString& name : {frame->callee, frame->type}) {
                if (translators().contains(name) || english().contains(name) || keys().contains(name)) return;
                if (call.isEmpty() && visibleArguments().value(name, -1) == frame->argument) call = name;
            }
        }
        if (!call.isEmpty() || readsLikeText(literal)) m_found.push_back({m_line, literal, call});
    }

    QString m_source;
    qsizetype m_at = 0;
    int m_line = 1;
    bool m_lineIsEmpty = true;
    QString m_word;    // that ends here, but for spaces
    QString m_before;  // the one before it, where only spaces lie between
    std::vector<Frame> m_frames;
    std::vector<BareString> m_found;
};

}  // namespace

std::vector<BareString> bareStrings(const QString& source) { return Scanner(source).scan(); }

}  // namespace lapidary::test
