// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QSslConfiguration>

#include <memory>
#include <optional>

namespace pdlb::edge {

/// The bytes of one client connection. Lives in its worker's thread.
class ClientSocket
{
public:
    /// May close the socket in any call, but not destroy it.
    class Observer
    {
    public:
        virtual void socketData(QByteArrayView bytes) = 0;
        /// pendingBytes() became less.
        virtual void socketWritten() = 0;
        /// The client sends nothing more. It may still read, and so may others think of it.
        virtual void socketEnded() = 0;
        /// Closed, by whomever. Comes once and last.
        virtual void socketClosed() = 0;

    protected:
        ~Observer() = default;
    };

    ClientSocket() = default;
    virtual ~ClientSocket() = default;
    Q_DISABLE_COPY_MOVE(ClientSocket)

    /// Gives the kernel what it takes now and keeps the rest. False: the connection is broken, to be aborted by the caller.
    virtual bool write(QByteArrayView bytes) = 0;
    /// Kept bytes.
    virtual qint64 pendingBytes() const = 0;
    /// Closes when all is with the kernel; at once when it is.
    virtual void closeAfterWrites() = 0;
    /// Closes at once. Where nothing was written behind it, `reset` lets the client see that it is no orderly end.
    virtual void abort(bool reset = false) = 0;
    /// "I send nothing more", where that can be said without an end of the connection.
    virtual void shutdownWrites() = 0;
    /// Whether bytes wait that nobody was told of yet.
    virtual bool hasUnread() const = 0;
    /// Whether closing takes a while by itself: an exchange of farewells.
    virtual bool isEncrypted() const = 0;
};

/// Plain TCP: one recv() or one send() a wake-up (more for uploads), straight from and to the caller's bytes. Takes over an accepted
/// descriptor, which sends at once (TCP_NODELAY).
std::unique_ptr<ClientSocket> makePlainSocket(int descriptor, ClientSocket::Observer &observer);

/// TLS by QSslSocket; begins the handshake. Null: the descriptor is none (and is still the caller's).
std::unique_ptr<ClientSocket> makeTlsSocket(int descriptor, const QSslConfiguration &configuration, ClientSocket::Observer &observer);

} // namespace pdlb::edge
