// SPDX-License-Identifier: Apache-2.0
#include "http/message_reader.h"

#include <algorithm>

namespace pdlb::http {

namespace {

bool isTargetByte(char c)
{
    return c > 0x20 && c < 0x7f && c != '#';
}

/// host[:port] without user info (RFC 9110 §7.2); brackets for IPv6.
bool isAuthority(QByteArrayView host)
{
    return !host.isEmpty() && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-'
            || c == '_' || c == '~' || c == ':' || c == '[' || c == ']' || c == '%';
    });
}

} // namespace

QByteArray RequestHead::path() const
{
    const qsizetype mark = target.indexOf('?');
    return mark < 0 ? target : target.first(mark);
}

QByteArray RequestHead::query() const
{
    const qsizetype mark = target.indexOf('?');
    return mark < 0 ? QByteArray() : target.sliced(mark + 1);
}

bool RequestReader::mayStartWith(QByteArrayView bytes) const
{
    return isToken(bytes.first(1));
}

void RequestReader::clearHead()
{
    m_head = {};
    m_framing = {};
    m_host.clear();
    m_hasHost = false;
}

bool RequestReader::parseStartLine(QByteArrayView line)
{
    const qsizetype first = line.indexOf(' ');
    const qsizetype last = line.lastIndexOf(' ');
    if (first <= 0 || last == first)
        return fail(400, "a malformed request line");
    const QByteArrayView method = line.first(first);
    const QByteArrayView target = line.sliced(first + 1, last - first - 1);
    const QByteArrayView version = line.sliced(last + 1);
    if (!isToken(method) || target.isEmpty() || !std::all_of(target.begin(), target.end(), isTargetByte))
        return fail(400, "a malformed request line");
    const bool versionForm = version.size() == 8 && version.startsWith("HTTP/") && version[6] == '.'
        && version[5] >= '0' && version[5] <= '9' && version[7] >= '0' && version[7] <= '9';
    if (!versionForm)
        return fail(400, "a malformed HTTP version");
    if (version[5] != '1' || version[7] > '1')
        return fail(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    m_head.method = method.toByteArray();
    m_head.target = target.toByteArray();
    m_head.minorVersion = version[7] - '0';
    m_head.headers.reserve(8);
    return true;
}

bool RequestReader::addField(QByteArrayView name, QByteArrayView value)
{
    if (!readFramingField(name, value, m_framing))
        return false;
    if (equalsIgnoreCase(name, "host")) {
        if (m_hasHost)
            return fail(400, "more than one Host");
        m_hasHost = true;
        if (!isAuthority(value))
            return fail(400, "a malformed Host");
        m_host = value.toByteArray();
    } else if (equalsIgnoreCase(name, "expect")) {
        if (!equalsIgnoreCase(value, "100-continue"))
            return fail(417, "an expectation that cannot be met");
        m_head.expectContinue = true;
    }
    m_head.headers.add(fieldName(name), value.toByteArray());
    return true;
}

bool RequestReader::finishHead()
{
    if (!m_hasHost && m_head.minorVersion == 1)
        return fail(400, "no Host");
    if (m_framing.hasCoding && (m_framing.hasLength || m_head.minorVersion == 0))
        return fail(400, m_framing.hasLength ? "both Content-Length and Transfer-Encoding"
                                             : "Transfer-Encoding in an HTTP/1.0 request");
    if (m_head.method == "CONNECT")
        return fail(405, "CONNECT is not served");
    if (!m_head.target.startsWith('/')) {
        // absolute-form (RFC 9112 §3.2.2) is taken only when it names the same authority as Host: never a proxy.
        const QByteArray prefix = "http://" + m_host;
        const bool same = m_hasHost && m_head.target.size() >= prefix.size()
            && equalsIgnoreCase(QByteArrayView(m_head.target).first(prefix.size()), prefix);
        const QByteArray rest = same ? m_head.target.sliced(prefix.size()) : QByteArray();
        if (same && (rest.isEmpty() || rest.startsWith('/') || rest.startsWith('?')))
            m_head.target = rest.startsWith('/') ? rest : '/' + rest;
        else if (m_head.target != "*" || m_head.method != "OPTIONS")
            return fail(400, "a request target that is not a path of this server");
    }
    m_head.keepAlive = m_head.minorVersion == 1 ? !m_framing.close : m_framing.keepAlive && !m_framing.close;
    m_head.expectContinue = m_head.expectContinue && m_head.minorVersion == 1;
    m_head.framing = m_framing.hasCoding ? Framing::Chunked : m_framing.hasLength ? Framing::Length : Framing::None;
    m_head.contentLength = m_framing.length;
    beginBody(m_head.framing, m_framing.length);
    return true;
}

} // namespace pdlb::http
