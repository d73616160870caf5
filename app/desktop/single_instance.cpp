#include "app/desktop/single_instance.h"

#include <QDataStream>
#include <QLocalSocket>

namespace {

// Before there is a window: the one place that waits, and not for long.
constexpr int kPatienceMs = 500;
constexpr qint64 kLongestMessage = 1 << 20;

}  // namespace

SingleInstance::SingleInstance(const QString& name, QObject* parent) : QObject(parent), m_name(name) {
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&m_server, &QLocalServer::newConnection, this, [this] {
        QLocalSocket* const socket = m_server.nextPendingConnection();
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
        connect(socket, &QLocalSocket::readyRead, this, [this, socket] {
            if (socket->bytesAvailable() > kLongestMessage) {
                socket->abort();
                return;
            }
            QDataStream stream(socket);
            QStringList arguments;
            stream.startTransaction();
            stream >> arguments;
            if (stream.commitTransaction()) emit startedAgain(arguments);
        });
    });
}

bool SingleInstance::claim(const QStringList& arguments) {
    QLocalSocket socket;
    socket.connectToServer(m_name);
    if (socket.waitForConnected(kPatienceMs)) {
        QByteArray message;
        QDataStream stream(&message, QIODevice::WriteOnly);
        stream << arguments;
        socket.write(message);
        socket.waitForBytesWritten(kPatienceMs);
        socket.disconnectFromServer();
        return false;
    }
    QLocalServer::removeServer(m_name);  // left by one that was killed
    m_server.listen(m_name);
    return true;
}
