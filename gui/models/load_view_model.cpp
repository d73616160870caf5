#include "gui/models/load_view_model.h"

#include <QDir>
#include <QFileInfo>
#include <QFutureWatcher>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QtConcurrent>
#include <algorithm>
#include <utility>

#include "gui/engine_client/error_sentences.h"
#include "gui/engine_client/verb_process.h"
#include "gui/models/model_catalog.h"

namespace lapidary::gui {
namespace {

// Above this share of what is free, other programs begin to be pushed out.
constexpr double kTightShare = 0.85;

qint64 numberAt(const QJsonObject& object, const char* key) {
    return static_cast<qint64>(object.value(QLatin1String(key)).toDouble());
}

}  // namespace

// The names are those of plan::MemoryForecast.
QString LoadViewModel::memoryPartName(const std::string& name) {
    if (name == "language weights") return tr("weights of the language model");
    if (name == "vision weights") return tr("weights of the vision tower");
    if (name == "projection weights") return tr("weights of the projector");
    if (name == "kv cache") return tr("key/value cache");
    if (name == "activations") return tr("activations");
    if (name == "vision activations") return tr("activations of the vision tower");
    return QString::fromStdString(name);
}

LoadViewModel::LoadViewModel(EngineApi& engine, const QString& program, const QString& model, QObject* parent)
    : QObject(parent), m_engine(engine), m_program(program) {
    m_choice.model = model.toStdString();
    m_delay.setSingleShot(true);
    m_delay.setInterval(150);
    connect(&m_delay, &QTimer::timeout, this, [this] {
        if (m_choice.mmproj != m_inspectedVisionPart) inspect();
        forecast();
    });
    connect(&engine, &EngineApi::received, this, &LoadViewModel::take);
    if (takesVisionPart()) findVisionPart();
    inspect();
    forecast();
}

bool LoadViewModel::takesVisionPart() const {
    return QString::fromStdString(m_choice.model).endsWith(QLatin1String(".gguf"), Qt::CaseInsensitive);
}

// Off the main thread: the folder may lie on a slow share.  Of several nobody knows which is meant; then a person says it.
void LoadViewModel::findVisionPart() {
    auto* watcher = new QFutureWatcher<QStringList>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher] {
        watcher->deleteLater();
        const QStringList found = watcher->result();
        if (found.size() != 1 || !m_choice.mmproj.empty()) return;
        protocol::LoadRequest choice = m_choice;
        choice.mmproj = found.front().toStdString();
        choose(choice);
        emit changed();
    });
    watcher->setFuture(QtConcurrent::run([model = QString::fromStdString(m_choice.model)] {
        QStringList found;
        for (const QFileInfo& file : QFileInfo(model).absoluteDir().entryInfoList({QStringLiteral("*.gguf")}, QDir::Files)) {
            if (isVisionPart(file.fileName())) found.append(file.absoluteFilePath());
        }
        return found;
    }));
}

void LoadViewModel::choose(const protocol::LoadRequest& choice) {
    const std::string model = std::exchange(m_choice, choice).model;
    m_choice.model = model;
    m_delay.start();
}

void LoadViewModel::inspect() {
    m_inspectedVisionPart = m_choice.mmproj;
    QStringList arguments{QStringLiteral("inspect"), QStringLiteral("--model"), QString::fromStdString(m_choice.model),
                          QStringLiteral("--json"), QStringLiteral("--quiet")};
    if (!m_choice.mmproj.empty()) arguments << QStringLiteral("--mmproj") << QString::fromStdString(m_choice.mmproj);
    VerbProcess::run(m_program, arguments, this, [this, asked = ++m_inspections](const VerbResult& result) {
        if (asked != m_inspections) return;
        m_inspected = true;
        m_inspection.clear();
        if (result.ok()) {
            takeInspection(result.output);
        } else {
            m_inspection = withOriginal(exitSentence(result.exitCode), result.errorText);
        }
        emit changed();
    });
}

void LoadViewModel::takeInspection(const QByteArray& json) {
    const QJsonObject document = QJsonDocument::fromJson(json).object();
    const QJsonObject parts = document.value(QLatin1String("parts")).toObject();
    m_parameters = numberAt(parts.value(QLatin1String("total")).toObject(), "parameters");
    m_visionParameters = numberAt(parts.value(QLatin1String("vision")).toObject(), "parameters");
    m_formats.clear();
    for (const QJsonValue format : document.value(QLatin1String("formats")).toArray()) m_formats.append(format.toString());
    m_isFloat = !m_formats.isEmpty() && std::all_of(m_formats.begin(), m_formats.end(), [](const QString& format) {
        return format == QLatin1String("F32") || format == QLatin1String("F16") || format == QLatin1String("BF16");
    });
    const QJsonObject config = document.value(QLatin1String("config")).toObject();
    m_maxContext = numberAt(config.value(QLatin1String("text_config")).toObject(), "max_position_embeddings");
    if (m_maxContext == 0) m_maxContext = numberAt(config, "max_position_embeddings");
}

void LoadViewModel::forecast() {
    protocol::ForecastRequest request;
    request.model = m_choice.model;
    request.mmproj = m_choice.mmproj;
    request.dtype = m_choice.dtype;
    request.quantize = m_choice.quantize;
    request.context = m_choice.context;
    request.device = m_choice.device;
    m_forecastId = m_engine.send(request);
}

void LoadViewModel::take(std::int64_t id, const protocol::EventBody& body) {
    if (id != m_forecastId) return;
    if (const auto* forecast = std::get_if<protocol::ForecastEvent>(&body)) {
        m_memory.clear();
        m_forecast.clear();
        for (const protocol::ForecastPart& part : forecast->parts) m_memory.push_back({memoryPartName(part.name), part.bytes});
        m_memoryBytes = forecast->totalBytes;
        m_availableBytes = forecast->availableBytes;
        m_context = forecast->context;
        m_forecastDevice = QString::fromStdString(forecast->device);
        emit changed();
    } else if (const auto* error = std::get_if<protocol::ErrorEvent>(&body)) {
        m_memory.clear();
        m_memoryBytes = 0;
        m_forecast = withOriginal(errorSentence(error->code), QString::fromStdString(error->message));
        emit changed();
    }
}

QString LoadViewModel::verdict() const {
    if (m_memoryBytes <= 0 || m_availableBytes <= 0) return {};
    const QLocale locale;
    const QString wanted = locale.formattedDataSize(m_memoryBytes);
    QString free = locale.formattedDataSize(m_availableBytes);
    const bool onGpu = m_forecastDevice.startsWith(QLatin1String("cuda"));
    //: %1: a size such as 24 GiB; %2: a device such as cuda:0
    if (onGpu) free = tr("%1 on %2").arg(free, m_forecastDevice);
    if (m_memoryBytes > m_availableBytes) {
        // A GPU holds plain numbers whatever the file holds: quantising saves nothing there.
        return onGpu ? tr("Does not fit: it takes %1, and %2 are free. Choose a shorter context or the CPU.").arg(wanted, free)
                     : tr("Does not fit: it takes %1, and %2 are free. Choose a shorter context or quantise it.")
                           .arg(wanted, free);
    }
    if (static_cast<double>(m_memoryBytes) > kTightShare * static_cast<double>(m_availableBytes))
        return tr("Tight: it takes %1 of the %2 that are free.").arg(wanted, free);
    return tr("Fits: it takes %1, and %2 are free.").arg(wanted, free);
}

}  // namespace lapidary::gui
