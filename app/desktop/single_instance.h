// One window a person: a second start hands its arguments to the first and leaves.
#pragma once

#include <QLocalServer>
#include <QObject>
#include <QStringList>

class SingleInstance final : public QObject {
    Q_OBJECT

public:
    // `name`: of the local socket; the data folder is part of it, so that two data folders are two windows.
    explicit SingleInstance(const QString& name, QObject* parent = nullptr);

    // True: this is the first.  Else the first one was told (or does not answer, and this one goes on as the first).
    bool claim(const QStringList& arguments);

signals:
    void startedAgain(const QStringList& arguments);

private:
    QString m_name;
    QLocalServer m_server;
};
