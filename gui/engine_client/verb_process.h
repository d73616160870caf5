// One `lapidary <verb> --json` as a child process: lines of its output as they come, its last error sentence at the end.
// Lives on the main thread and deletes itself when the verb has ended or `context` is gone; nothing here waits.
#pragma once

#include <QJsonObject>
#include <QObject>
#include <QProcess>
#include <QString>
#include <QStringList>
#include <functional>
#include <memory>

namespace lapidary::gui {

struct VerbResult {
    int exitCode = -1;     // -1: it did not start, or was killed
    QByteArray output;     // standard output, whole
    QString errorText;     // last line of standard error, without "lapidary: error: "
    [[nodiscard]] bool ok() const { return exitCode == 0; }
};

class VerbProcess final : public QObject {
    Q_OBJECT

public:
    // Starts at once.  `done` is called once unless `context` is gone before or cancel() was called.
    static VerbProcess* run(const QString& program, const QStringList& arguments, QObject* context,
                            std::function<void(const VerbResult&)> done);
    ~VerbProcess() override;

    // The verb is asked to leave; `done` is not called any more.
    void cancel();

signals:
    void line(const QJsonObject& object);  // each line of output that is a JSON object by itself

private:
    explicit VerbProcess(QObject* parent) : QObject(parent) {}
    void start(const QString& program, const QStringList& arguments);
    void readOutput();
    void end(int exitCode);

    std::unique_ptr<QProcess> m_process;
    std::function<void(const VerbResult&)> m_done;
    VerbResult m_result;
    QByteArray m_rest;
    QByteArray m_errors;
};

// Where the executable `lapidary` is: beside this program, or LAPIDARY_ENGINE, else the search path's.
QString engineProgram();

}  // namespace lapidary::gui
