// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message_reader.h"

#include <QByteArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSocketNotifier>

#include <memory>

namespace pdlb::test {

/// An HTTP client on a bare socket: sends the very bytes it is given, tells FIN from RST, and judges how an answer
/// ended. One answer after another: again() begins the next one on the same connection.
class Client final
{
    Q_DISABLE_COPY_MOVE(Client)

public:
    enum class End {
        Open, ///< still to come
        Terminator, ///< the last chunk
        Length, ///< Content-Length reached
        Close, ///< a body that only the close delimits
        NoBody,
        Cut, ///< closed before the end
        Reset, ///< likewise, by RST
        Broken, ///< not HTTP
    };

    /// `receiveBuffer`: of the kernel, in bytes; 0: the default. A small one shows backpressure early.
    explicit Client(quint16 port, int receiveBuffer = 0, const char *address = "127.0.0.1");
    ~Client();

    void send(const QByteArray &bytes);
    void get(const QByteArray &target, const QByteArray &headers = {}, const QByteArray &method = "GET");
    /// `headers`: whole lines. Content-Type and Content-Length are added.
    void post(const QByteArray &target, const QByteArray &body, const QByteArray &headers = {});
    void post(const QByteArray &target, const QJsonObject &body, const QByteArray &headers = {});
    /// Everything read so far belongs to the past; what follows is the next answer. For HEAD: it has no body.
    void again(bool headRequest = false);
    void setReading(bool on);
    void disconnect();
    /// Closes with RST.
    void reset();
    void shutdownWrite();

    End end() const { return m_end; }
    bool done() const { return m_end != End::Open; }
    /// The answer's end is proven, or the answer is delimited by the close.
    bool whole() const { return m_end >= End::Terminator && m_end <= End::NoBody; }
    bool hasHead() const { return m_hasHead; }
    bool closed() const { return m_closed; }
    quint16 localPort() const;
    bool unsent() const { return !m_out.isEmpty(); }
    int status() const { return m_hasHead ? m_reader->head().status : 0; }
    const http::HeaderList &headers() const { return m_reader->head().headers; }
    QByteArray header(QByteArrayView name) const { return headers().value(name).toByteArray(); }
    const QByteArray &body() const { return m_body; }
    const QByteArray &raw() const { return m_raw; }
    qint64 received() const { return m_received; } ///< bytes of the body, also when discarding
    /// Counts the body's bytes without keeping them.
    void discardBody() { m_discard = true; }
    int interim() const { return int(m_raw.count("HTTP/1.1 100 ")); }
    QJsonObject json() const { return QJsonDocument::fromJson(m_body).object(); }
    /// error.code of an error answer.
    QString errorCode() const;
    /// The data of each whole server-sent event.
    QList<QByteArray> events() const;
    /// Status, end and the start of the body, for messages.
    QByteArray describe() const;

private:
    void flush();
    void pump();
    void parse(QByteArrayView input);
    void finish(End end);

    int m_fd = -1;
    std::unique_ptr<QSocketNotifier> m_reading;
    std::unique_ptr<QSocketNotifier> m_writing;
    std::unique_ptr<http::ResponseReader> m_reader;
    QByteArray m_out;
    qsizetype m_sent = 0;
    QByteArray m_rest; ///< behind the answer
    QByteArray m_raw;
    QByteArray m_body;
    qint64 m_received = 0;
    End m_end = End::Open;
    bool m_hasHead = false;
    bool m_closed = false;
    bool m_discard = false;
};

} // namespace pdlb::test
