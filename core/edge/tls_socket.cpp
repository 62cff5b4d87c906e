// SPDX-License-Identifier: Apache-2.0
#include "edge/client_socket.h"

#include <QSslSocket>

#include <array>

#include <sys/socket.h>

namespace pdlb::edge {

namespace {

constexpr size_t readSize = 64 * 1024;

class TlsSocket final : public ClientSocket
{
public:
    explicit TlsSocket(Observer &observer) : m_observer(observer) {}
    ~TlsSocket() override
    {
        m_socket->disconnect();
        m_socket->abort();
        m_socket.release()->deleteLater(); // this may be one of its signals
    }

    bool start(int descriptor, const QSslConfiguration &configuration)
    {
        m_socket->setSslConfiguration(configuration);
        if (!m_socket->setSocketDescriptor(descriptor))
            return false;
        m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
        QSslSocket *socket = m_socket.get();
        QObject::connect(socket, &QSslSocket::readyRead, socket, [this] { readAll(); });
        QObject::connect(socket, &QSslSocket::bytesWritten, socket, [this] { m_observer.socketWritten(); });
        QObject::connect(socket, &QSslSocket::encryptedBytesWritten, socket, [this] { m_observer.socketWritten(); });
        QObject::connect(socket, &QSslSocket::disconnected, socket, [this] { m_observer.socketClosed(); });
        socket->startServerEncryption();
        return true;
    }

    bool write(QByteArrayView bytes) override { return m_socket->write(bytes.data(), bytes.size()) == bytes.size(); }
    qint64 pendingBytes() const override { return m_socket->bytesToWrite() + m_socket->encryptedBytesToWrite(); }
    void closeAfterWrites() override { m_socket->disconnectFromHost(); }
    void abort(bool reset = false) override
    {
        if (reset) {
            const struct ::linger now{1, 0};
            ::setsockopt(int(m_socket->socketDescriptor()), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        }
        m_socket->abort();
    }
    void shutdownWrites() override {}
    bool hasUnread() const override
    {
        char byte;
        return m_socket->bytesAvailable() > 0 || ::recv(int(m_socket->socketDescriptor()), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    }
    bool isEncrypted() const override { return true; }

private:
    void readAll()
    {
        thread_local std::array<char, readSize> buffer;
        while (m_socket->isOpen()) { // reading may find the connection gone
            const qint64 n = m_socket->read(buffer.data(), buffer.size());
            if (n <= 0)
                break;
            m_observer.socketData({buffer.data(), n});
        }
    }

    Observer &m_observer;
    std::unique_ptr<QSslSocket> m_socket = std::make_unique<QSslSocket>();
};

} // namespace

std::unique_ptr<ClientSocket> makeTlsSocket(int descriptor, const QSslConfiguration &configuration, ClientSocket::Observer &observer)
{
    auto socket = std::make_unique<TlsSocket>(observer);
    if (!socket->start(descriptor, configuration))
        return nullptr;
    return socket;
}

} // namespace pdlb::edge
