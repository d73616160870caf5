// Literals of C++ sources that a person would read and that no translator would see.
#pragma once

#include <QString>
#include <vector>

namespace lapidary::test {

struct BareString {
    int line = 0;
    QString literal;
    QString call;  // the visible thing that it is handed to; empty: it reads like a sentence or a title
};

// A literal is bare where it is not inside tr() and either stands where it is shown (setText(…), new QLabel(…), …) or reads like
// something written for people, wherever it stands.  SQL, HTML, log lines and the command line's own words are none.
std::vector<BareString> bareStrings(const QString& source);

}  // namespace lapidary::test
