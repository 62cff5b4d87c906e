// SPDX-License-Identifier: Apache-2.0
#include "http/message_writer.h"

#include <charconv>

namespace pdlb::http {

namespace {

void appendFields(QByteArray &out, const HeaderList &headers)
{
    for (const Header &header : headers) {
        if (!isToken(header.name) || !isFieldValue(header.value))
            continue;
        out.append(header.name).append(": ").append(header.value).append("\r\n");
    }
    out.append("\r\n");
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
    QByteArray out;
    out.reserve(512);
    out.append(method).append(' ').append(target).append(" HTTP/1.1\r\n");
    appendFields(out, headers);
    return out;
}

QByteArray writeResponseHead(int status, QByteArrayView reason, const HeaderList &headers, int minorVersion)
{
    QByteArray out;
    out.reserve(512);
    out.append(minorVersion == 0 ? "HTTP/1.0 " : "HTTP/1.1 ").append(QByteArray::number(status)).append(' ');
    out.append(isFieldValue(reason) ? reason : QByteArrayView(reasonPhrase(status))).append("\r\n");
    appendFields(out, headers);
    return out;
}

void appendChunk(QByteArray &out, QByteArrayView data)
{
    if (data.isEmpty())
        return;
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, quint64(data.size()), 16).ptr;
    out.append(QByteArrayView(size, end)).append("\r\n").append(data).append("\r\n");
}

} // namespace pdlb::http
