#include "gui/engine_client/verb_process.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QJsonDocument>
#include <utility>

#include "gui/engine_client/process_reaper.h"

namespace lapidary::gui {
namespace {

constexpr qsizetype kLongestOutput = 64 << 20;
constexpr qsizetype kLongestError = 64 << 10;

QString lastLineOf(const QByteArray& text) {
    const QList<QByteArray> lines = text.trimmed().split('\n');
    QString last = QString::fromUtf8(lines.back()).trimmed();
    const QString prefix = QStringLiteral("lapidary: error: ");
    return last.startsWith(prefix) ? last.mid(prefix.size()) : last;
}

}  // namespace

QString engineProgram() {
    QString given = qEnvironmentVariable("LAPIDARY_ENGINE");
    if (!given.isEmpty()) return given;
    const QString beside = QCoreApplication::applicationDirPath() + QStringLiteral("/lapidary");
    return QFileInfo::exists(beside) ? beside : QStringLiteral("lapidary");
}

VerbProcess* VerbProcess::run(const QString& program, const QStringList& arguments, QObject* context,
                              std::function<void(const VerbResult&)> done) {
    auto* verb = new VerbProcess(context);
    verb->m_done = std::move(done);
    verb->start(program, arguments);
    return verb;
}

VerbProcess::~VerbProcess() {
    if (m_process) m_process->disconnect(this);
    reap(std::move(m_process));
}

void VerbProcess::start(const QString& program, const QStringList& arguments) {
    m_process = std::make_unique<QProcess>();
    connect(m_process.get(), &QProcess::readyReadStandardOutput, this, &VerbProcess::readOutput);
    connect(m_process.get(), &QProcess::readyReadStandardError, this, [this] {
        m_errors += m_process->readAllStandardError();
        if (m_errors.size() > kLongestError) m_errors = m_errors.right(kLongestError / 2);
    });
    connect(m_process.get(), &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error != QProcess::FailedToStart) return;
        m_errors = m_process->errorString().toUtf8();
        end(-1);
    });
    connect(m_process.get(), &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
        readOutput();
        m_errors += m_process->readAllStandardError();
        end(status == QProcess::NormalExit ? code : -1);
    });
    m_process->start(program, arguments);
    m_process->closeWriteChannel();
}

void VerbProcess::readOutput() {
    const QByteArray bytes = m_process->readAllStandardOutput();
    if (m_result.output.size() + bytes.size() > kLongestOutput) return;
    m_result.output += bytes;
    m_rest += bytes;
    for (qsizetype end = m_rest.indexOf('\n'); end >= 0; end = m_rest.indexOf('\n')) {
        const QJsonDocument document = QJsonDocument::fromJson(m_rest.left(end));
        m_rest.remove(0, end + 1);
        if (document.isObject()) emit line(document.object());
    }
}

void VerbProcess::end(int exitCode) {
    m_result.exitCode = exitCode;
    m_result.errorText = lastLineOf(m_errors);
    const auto done = std::exchange(m_done, nullptr);
    if (done) done(m_result);
    deleteLater();
}

void VerbProcess::cancel() {
    m_done = nullptr;
    deleteLater();
}

}  // namespace lapidary::gui
