// What is known of a model before it is opened, and the choices for opening it: parameters, what it can do, memory it would take
// against what the machine has.  Lives on the main thread; no widgets.
#pragma once

#include <QObject>
#include <QString>
#include <QStringList>
#include <QTimer>
#include <string>
#include <vector>

#include "gui/engine_client/engine_api.h"

namespace lapidary::gui {

struct MemoryPart {
    QString name;  // in the window's language
    qint64 bytes = 0;
};

class LoadViewModel final : public QObject {
    Q_OBJECT

public:
    LoadViewModel(EngineApi& engine, const QString& program, const QString& model, QObject* parent = nullptr);

    [[nodiscard]] const protocol::LoadRequest& choice() const { return m_choice; }
    void choose(const protocol::LoadRequest& choice);  // model and what is known of it stay

    // A GGUF keeps its vision tower in a file of its own.  One that lies beside it under the usual name is chosen by itself.
    [[nodiscard]] bool takesVisionPart() const;

    // Of the model, from `lapidary inspect`.
    [[nodiscard]] bool isInspected() const { return m_inspected; }
    [[nodiscard]] QString problem() const { return m_inspection.isEmpty() ? m_forecast : m_inspection; }
    [[nodiscard]] qint64 parameters() const { return m_parameters; }
    [[nodiscard]] bool hasVision() const { return m_visionParameters > 0; }
    [[nodiscard]] QString formats() const { return m_formats.join(QStringLiteral(", ")); }
    [[nodiscard]] qint64 maxContext() const { return m_maxContext; }
    // Float weights can be quantised while they are opened.
    [[nodiscard]] bool canQuantize() const { return m_isFloat; }

    // Of the choice, from the engine.
    [[nodiscard]] const std::vector<MemoryPart>& memory() const { return m_memory; }
    [[nodiscard]] qint64 memoryBytes() const { return m_memoryBytes; }
    [[nodiscard]] qint64 availableBytes() const { return m_availableBytes; }  // 0: unknown
    [[nodiscard]] qint64 context() const { return m_context; }
    // One sentence: fits, tight, or does not fit; empty while nothing is known.
    [[nodiscard]] QString verdict() const;

signals:
    void changed();

private:
    static QString memoryPartName(const std::string& name);
    void findVisionPart();
    void inspect();
    void takeInspection(const QByteArray& json);
    void forecast();
    void take(std::int64_t id, const protocol::EventBody& body);

    EngineApi& m_engine;
    protocol::LoadRequest m_choice;
    QString m_program;
    QTimer m_delay;
    std::string m_inspectedVisionPart;
    int m_inspections = 0;  // answers to older ones are dropped
    bool m_inspected = false;
    QString m_inspection;  // why the model could not be looked at
    QString m_forecast;  // why these choices will not do
    qint64 m_parameters = 0;
    qint64 m_visionParameters = 0;
    QStringList m_formats;
    bool m_isFloat = false;
    qint64 m_maxContext = 0;
    std::int64_t m_forecastId = -1;
    std::vector<MemoryPart> m_memory;
    qint64 m_memoryBytes = 0;
    qint64 m_availableBytes = 0;
    qint64 m_context = 0;
    QString m_forecastDevice;
};

}  // namespace lapidary::gui
