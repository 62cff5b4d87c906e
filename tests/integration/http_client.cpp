// SPDX-License-Identifier: Apache-2.0
#include "http_client.h"

#include "http/sse.h"

#include <QtTest/qtestcase.h>

#include <cerrno>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pdlb::test {

namespace {

/// Answers of tests carry large heads on purpose.
constexpr http::HeadLimits limits{.requestLine = 64 * 1024, .field = 256 * 1024, .block = 512 * 1024, .fields = 500};

} // namespace

Client::Client(quint16 port, int receiveBuffer, const char *address)
    : m_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), m_reader(std::make_unique<http::ResponseReader>(limits))
{
    const int on = 1;
    ::setsockopt(m_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receiveBuffer > 0)
        ::setsockopt(m_fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &to.sin_addr);
    if (::connect(m_fd, reinterpret_cast<sockaddr *>(&to), sizeof to) != 0)
        finish(End::Cut);
    ::fcntl(m_fd, F_SETFL, O_NONBLOCK);
    m_reading = std::make_unique<QSocketNotifier>(m_fd, QSocketNotifier::Read);
    QObject::connect(m_reading.get(), &QSocketNotifier::activated, m_reading.get(), [this] { pump(); });
    m_writing = std::make_unique<QSocketNotifier>(m_fd, QSocketNotifier::Write);
    m_writing->setEnabled(false);
    QObject::connect(m_writing.get(), &QSocketNotifier::activated, m_writing.get(), [this] { flush(); });
}

Client::~Client()
{
    disconnect();
}

void Client::disconnect()
{
    m_reading.reset();
    m_writing.reset();
    if (m_fd >= 0)
        ::close(std::exchange(m_fd, -1));
}

void Client::reset()
{
    const linger hard{1, 0};
    ::setsockopt(m_fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    disconnect();
}

void Client::shutdownWrite()
{
    ::shutdown(m_fd, SHUT_WR);
}

void Client::setReading(bool on)
{
    if (m_reading)
        m_reading->setEnabled(on);
}

quint16 Client::localPort() const
{
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(m_fd, reinterpret_cast<sockaddr *>(&address), &length);
    return ntohs(address.sin_port);
}

void Client::send(const QByteArray &bytes)
{
    m_out.append(bytes);
    flush();
}

void Client::flush()
{
    while (m_sent < m_out.size()) {
        const ssize_t n = ::send(m_fd, m_out.constData() + m_sent, size_t(m_out.size() - m_sent), MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            break;
        m_sent = n < 0 ? m_out.size() : m_sent + n; // a refused upload: the answer tells why
    }
    if (m_sent == m_out.size()) {
        m_out.clear();
        m_sent = 0;
    }
    if (m_writing)
        m_writing->setEnabled(!m_out.isEmpty());
}

void Client::get(const QByteArray &target, const QByteArray &headers, const QByteArray &method)
{
    again(method == "HEAD");
    send(method + ' ' + target + " HTTP/1.1\r\nHost: pdlb\r\n" + headers + "\r\n");
}

void Client::post(const QByteArray &target, const QByteArray &body, const QByteArray &headers)
{
    again();
    const QByteArray type = headers.toLower().contains("content-type:") ? "" : "Content-Type: application/json\r\n";
    send("POST " + target + " HTTP/1.1\r\nHost: pdlb\r\n" + type + headers + "Content-Length: "
         + QByteArray::number(body.size()) + "\r\n\r\n" + body);
}

void Client::post(const QByteArray &target, const QJsonObject &body, const QByteArray &headers)
{
    post(target, QJsonDocument(body).toJson(QJsonDocument::Compact), headers);
}

void Client::again(bool headRequest)
{
    m_reader = std::make_unique<http::ResponseReader>(limits);
    m_reader->setHeadRequest(headRequest);
    m_raw.clear();
    m_body.clear();
    m_received = 0;
    m_hasHead = false;
    m_end = End::Open;
    const QByteArray rest = std::exchange(m_rest, QByteArray());
    parse(rest);
    if (m_closed && !done())
        finish(End::Cut);
}

void Client::pump()
{
    char buffer[65536];
    const ssize_t n = ::recv(m_fd, buffer, sizeof buffer, 0);
    if (n > 0) {
        parse(QByteArrayView(buffer, n));
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    m_closed = true;
    m_reading->setEnabled(false);
    if (done())
        return;
    const bool right = n == 0 && m_hasHead && m_reader->head().framing == http::Framing::UntilClose;
    finish(right ? End::Close : n == 0 ? End::Cut : End::Reset);
}

void Client::parse(QByteArrayView input)
{
    if (done()) {
        m_rest.append(input);
        return;
    }
    if (!m_discard)
        m_raw.append(input);
    for (auto event = m_reader->next(input); event != http::ReadEvent::NeedMore; event = m_reader->next(input)) {
        switch (event) {
        case http::ReadEvent::Head:
            m_hasHead = true;
            break;
        case http::ReadEvent::Body:
            m_received += m_reader->body().size();
            if (!m_discard)
                m_body.append(m_reader->body());
            break;
        case http::ReadEvent::End: {
            const http::Framing framing = m_reader->head().framing;
            finish(framing == http::Framing::Chunked ? End::Terminator
                   : framing == http::Framing::None  ? End::NoBody
                                                     : End::Length);
            m_rest = input.toByteArray();
            return;
        }
        default:
            finish(End::Broken);
            return;
        }
    }
}

void Client::finish(End end)
{
    m_end = end;
}

QString Client::errorCode() const
{
    return json().value(QLatin1String("error")).toObject().value(QLatin1String("code")).toString();
}

QList<QByteArray> Client::events() const
{
    http::SseSplitter splitter;
    splitter.feed(m_body);
    QList<QByteArray> list;
    for (QByteArray event; splitter.next(event);)
        list.append(http::SseSplitter::data(event));
    return list;
}

QByteArray Client::describe() const
{
    static const char *names[] = {"open", "terminator", "length", "close", "no body", "cut", "reset", "broken"};
    return QByteArray::number(status()) + ", " + names[int(m_end)] + ": " + m_body.left(300);
}

} // namespace pdlb::test
