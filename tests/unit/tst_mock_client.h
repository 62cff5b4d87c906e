// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message_reader.h"
#include "http/sse.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSocketNotifier>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

/// A client on a bare socket, so that tests see RST apart from FIN and every segment when it comes.
class RawClient
{
public:
    using Clock = std::chrono::steady_clock;

    explicit RawClient(quint16 port) : m_fd(::socket(AF_INET, SOCK_STREAM, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected = ::connect(m_fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0;
        ::fcntl(m_fd, F_SETFL, O_NONBLOCK);
        m_notifier = std::make_unique<QSocketNotifier>(m_fd, QSocketNotifier::Read);
        QObject::connect(m_notifier.get(), &QSocketNotifier::activated, m_notifier.get(), [this] { pump(); });
    }
    ~RawClient() { disconnect(); }
    Q_DISABLE_COPY_MOVE(RawClient)

    void disconnect()
    {
        m_notifier.reset();
        if (m_fd >= 0)
            ::close(std::exchange(m_fd, -1));
    }
    /// Reads nothing until it is called with true.
    void setReading(bool on) { m_notifier->setEnabled(on); }
    qint64 send(const QByteArray &bytes)
    {
        return ::send(m_fd, bytes.constData(), size_t(bytes.size()), MSG_NOSIGNAL);
    }
    void get(const QByteArray &target, const QByteArray &method = "GET")
    {
        again();
        send(method + " " + target + " HTTP/1.1\r\nHost: mock\r\n\r\n");
    }
    void post(const QByteArray &target, const QByteArray &body, const QByteArray &headers = {})
    {
        again();
        send("POST " + target + " HTTP/1.1\r\nHost: mock\r\nContent-Type: application/json\r\n" + headers
             + "Content-Length: " + QByteArray::number(body.size()) + "\r\n\r\n" + body);
    }
    void post(const QByteArray &target, const QJsonObject &body)
    {
        post(target, QJsonDocument(body).toJson(QJsonDocument::Compact));
    }

    int status() const { return reader->head().status; }
    QByteArray header(QByteArrayView name) const { return reader->head().headers.value(name).toByteArray(); }
    QJsonObject json() const { return QJsonDocument::fromJson(body).object(); }
    QJsonArray jsonList() const { return QJsonDocument::fromJson(body).array(); }
    /// The data of all whole events so far.
    QList<QByteArray> events() const
    {
        pdlb::http::SseSplitter splitter;
        splitter.feed(body);
        QList<QByteArray> list;
        for (QByteArray event; splitter.next(event);)
            list.append(pdlb::http::SseSplitter::data(event));
        return list;
    }
    QJsonObject event(qsizetype i) const { return QJsonDocument::fromJson(events().value(i)).object(); }

    bool connected = false;
    bool head = false;
    bool complete = false;
    bool closed = false; ///< FIN or RST
    bool wasReset = false;
    bool broken = false; ///< not HTTP
    bool headAlone = false; ///< the first segment was the head and nothing else
    QByteArray raw;
    QByteArray body;
    Clock::time_point completeAt;
    Clock::time_point firstBodyAt;
    std::unique_ptr<pdlb::http::ResponseReader> reader = std::make_unique<pdlb::http::ResponseReader>();

private:
    void again()
    {
        head = complete = headAlone = false;
        body.clear();
        raw.clear();
        reader = std::make_unique<pdlb::http::ResponseReader>();
    }
    void pump()
    {
        char buffer[65536];
        const ssize_t n = ::recv(m_fd, buffer, sizeof buffer, 0);
        if (n <= 0) {
            closed = n == 0 || (errno != EAGAIN && errno != EINTR);
            wasReset = n < 0 && errno == ECONNRESET;
            if (closed)
                m_notifier->setEnabled(false);
            if (closed && reader->endsAtClose())
                finish();
            return;
        }
        const bool first = raw.isEmpty();
        raw.append(buffer, n);
        QByteArrayView input(buffer, n);
        for (auto e = reader->next(input); e != pdlb::http::ReadEvent::NeedMore; e = reader->next(input)) {
            if (e == pdlb::http::ReadEvent::Head)
                head = true;
            if (e == pdlb::http::ReadEvent::Body) {
                if (body.isEmpty())
                    firstBodyAt = Clock::now();
                body.append(reader->body());
            }
            if (e == pdlb::http::ReadEvent::End || e == pdlb::http::ReadEvent::Error) {
                broken = e == pdlb::http::ReadEvent::Error;
                finish();
                break;
            }
        }
        if (first)
            headAlone = head && body.isEmpty() && !complete;
    }
    void finish()
    {
        complete = !broken;
        completeAt = Clock::now();
    }

    int m_fd;
    std::unique_ptr<QSocketNotifier> m_notifier;
};
