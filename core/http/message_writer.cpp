// SPDX-License-Identifier: Apache-2.0
#include "http/message_writer.h"

#include <algorithm>
#include <charconv>
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
        m_to = std::copy_n(part.data(), part.size(), m_to);
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

/// What goes before the fields is given in its parts.
QByteArray writeHead(std::initializer_list<QByteArrayView> begin, const HeaderList &headers)
{
    qsizetype size = 4;
    for (const QByteArrayView part : begin)
        size += part.size();
    for (const Header &header : headers)
        size += header.name.size() + header.value.size() + 4;
    QByteArray out;
    {
        Packer packer(out, size);
        for (const QByteArrayView part : begin)
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

QByteArray writeRequestHead(QByteArrayView method, QByteArrayView basePath, QByteArrayView target, QByteArrayView host, const HeaderList &headers)
{
    return writeHead({method, " ", basePath, target, " HTTP/1.1\r\nHost: ", host}, headers);
}

QByteArray writeResponseHead(int status, QByteArrayView reason, const HeaderList &headers, int minorVersion)
{
    return writeHead({minorVersion == 0 ? "HTTP/1.0 " : "HTTP/1.1 ", QByteArray::number(status), " ",
                      isFieldValue(reason) ? reason : QByteArrayView(reasonPhrase(status))}, headers);
}

char *writeChunk(char *to, QByteArrayView data)
{
    to = std::to_chars(to, to + 16, quint64(data.size()), 16).ptr;
    to = std::copy_n("\r\n", 2, to);
    to = std::copy_n(data.data(), data.size(), to);
    return std::copy_n("\r\n", 2, to);
}

void appendChunk(QByteArray &out, QByteArrayView data)
{
    if (data.isEmpty())
        return;
    const qsizetype begin = out.size();
    out.resize(begin + data.size() + chunkFrameSize);
    out.truncate(writeChunk(out.data() + begin, data) - out.constData());
}

} // namespace pdlb::http
