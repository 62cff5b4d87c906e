// SPDX-License-Identifier: Apache-2.0
#include "http/message_reader.h"

#include <algorithm>

namespace pdlb::http {

bool ResponseReader::mayStartWith(QByteArrayView bytes) const
{
    constexpr QByteArrayView prefix = "HTTP/1.";
    const qsizetype known = std::min(bytes.size(), prefix.size());
    return bytes.first(known) == prefix.first(known);
}

void ResponseReader::clearHead()
{
    m_head = {};
    m_framing = {};
}

bool ResponseReader::parseStartLine(QByteArrayView line)
{
    const auto digit = [&](qsizetype i) { return line[i] >= '0' && line[i] <= '9'; };
    const bool form = line.size() >= 12 && line.startsWith("HTTP/1.") && (line[7] == '0' || line[7] == '1')
        && line[8] == ' ' && digit(9) && digit(10) && digit(11) && (line.size() == 12 || line[12] == ' ');
    if (!form)
        return fail(502, "a malformed status line");
    m_head.minorVersion = line[7] - '0';
    m_head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (m_head.status < 100 || m_head.status > 599)
        return fail(502, "a status code outside 100 to 599");
    m_head.reason = line.size() > 13 ? line.sliced(13).toByteArray() : QByteArray();
    if (!isFieldValue(m_head.reason))
        return fail(502, "a control character in the reason phrase");
    m_head.headers.reserve(8);
    return true;
}

bool ResponseReader::addField(QByteArrayView name, QByteArrayView value)
{
    if (!readFramingField(name, value, m_framing))
        return false;
    m_head.headers.add(fieldName(name), value.toByteArray());
    return true;
}

bool ResponseReader::finishHead()
{
    if (m_head.status == 101)
        return fail(502, "an upgrade that nobody asked for");
    if (m_head.status < 200) {
        reset();
        return true;
    }
    if (m_framing.hasCoding && (m_framing.hasLength || m_head.minorVersion == 0))
        return fail(502, "contradicting Content-Length and Transfer-Encoding");
    const bool bodiless = m_headRequest || m_head.status == 204 || m_head.status == 304;
    if (bodiless)
        m_head.framing = Framing::None;
    else if (m_framing.hasCoding)
        m_head.framing = Framing::Chunked;
    else
        m_head.framing = m_framing.hasLength ? Framing::Length : Framing::UntilClose;
    m_head.contentLength = m_framing.length;
    // A 204 that announces a body may still send it: never read the next answer from such a connection.
    const bool strayBody = m_head.status == 204 && (m_framing.length > 0 || m_framing.hasCoding);
    const bool persistent = m_head.minorVersion == 1 ? !m_framing.close : m_framing.keepAlive && !m_framing.close;
    m_head.keepAlive = persistent && !strayBody && m_head.framing != Framing::UntilClose;
    beginBody(m_head.framing, m_framing.length);
    return true;
}

} // namespace pdlb::http
