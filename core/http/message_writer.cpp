// SPDX-License-Identifier: Apache-2.0
#include "http/message_writer.h"

#include <charconv>
#include <cstring>
#include <initializer_list>

namespace pdlb::http {

namespace {

/// Puts parts one behind the other into room that is known to suffice: several times cheaper than appending.
class Packer
{
public:
    Packer(QByteArray &out, qsizetype more) : m_out(out), m_begin(out.size())
    {
        m_out.resize(m_begin + more);
        m_to = m_out.data() + m_begin;
    }
    Packer &operator<<(QByteArrayView part)
    {
        if (part.isEmpty())
            return *this; // its data may be null, which memcpy() must not see
        std::memcpy(m_to, part.data(), size_t(part.size()));
        m_to += part.size();
        return *this;
    }
    ~Packer() { m_out.truncate(m_to - m_out.constData()); }

private:
    QByteArray &m_out;
    qsizetype m_begin;
    char *m_to;
};

bool isWritable(const Header &header)
{
    return isToken(header.name) && isFieldValue(header.value);
}

/// The first line is given in its parts.
QByteArray writeHead(std::initializer_list<QByteArrayView> firstLine, const HeaderList &headers)
{
    qsizetype size = 4;
    for (const QByteArrayView part : firstLine)
        size += part.size();
    for (const Header &header : headers)
        size += header.name.size() + header.value.size() + 4;
    QByteArray out;
    {
        Packer packer(out, size);
        for (const QByteArrayView part : firstLine)
            packer << part;
        packer << "\r\n";
        for (const Header &header : headers) {
            if (isWritable(header))
                packer << header.name << ": " << header.value << "\r\n";
        }
        packer << "\r\n";
    }
    return out;
}

} // namespace

const char *reasonPhrase(int status)
{
    switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
    }
}

QByteArray writeRequestHead(QByteArrayView method, QByteArrayView target, const HeaderList &headers)
{
    return writeHead({method, " ", target, " HTTP/1.1"}, headers);
}

QByteArray writeResponseHead(int status, QByteArrayView reason, const HeaderList &headers, int minorVersion)
{
    return writeHead({minorVersion == 0 ? "HTTP/1.0 " : "HTTP/1.1 ", QByteArray::number(status), " ",
                      isFieldValue(reason) ? reason : QByteArrayView(reasonPhrase(status))}, headers);
}

void appendChunk(QByteArray &out, QByteArrayView data)
{
    if (data.isEmpty())
        return;
    char size[20];
    const QByteArrayView digits(size, std::to_chars(size, size + sizeof size, quint64(data.size()), 16).ptr);
    Packer(out, digits.size() + data.size() + 4) << digits << "\r\n" << data << "\r\n";
}

} // namespace pdlb::http
