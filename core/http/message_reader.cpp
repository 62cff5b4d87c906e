// SPDX-License-Identifier: Apache-2.0
#include "http/message_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace pdlb::http {

namespace {

constexpr qsizetype maxChunkLine = 4096; ///< size and extensions
constexpr int maxEmptyLines = 8; ///< before a request line (RFC 9112 §2.2 asks to skip at least one)
constexpr int maxChunkDigits = 16;

int hexDigit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool isOws(char c)
{
    return c == ' ' || c == '\t';
}

QByteArrayView trimOws(QByteArrayView value)
{
    while (!value.isEmpty() && isOws(value.front()))
        value = value.sliced(1);
    while (!value.isEmpty() && isOws(value.back()))
        value.chop(1);
    return value;
}

} // namespace

ReadEvent MessageReader::next(QByteArrayView &input)
{
    for (;;) {
        Step step;
        switch (m_state) {
        case State::StartLine: step = readStartLine(input); break;
        case State::Fields: step = readField(input); break;
        case State::Length:
        case State::ChunkData:
        case State::UntilClose: step = readBody(input); break;
        case State::Chunk: step = readChunkSize(input); break;
        case State::ChunkEnd: step = readChunkEnd(input); break;
        case State::Trailers: step = readTrailer(input); break;
        case State::Done: return ReadEvent::End;
        case State::Failed: return ReadEvent::Error;
        }
        if (step)
            return *step;
    }
}

void MessageReader::reset()
{
    m_state = State::StartLine;
    m_line.clear();
    m_left = 0;
    m_blockSize = 0;
    m_fieldCount = 0;
    m_emptyLines = 0;
    clearHead();
}

bool MessageReader::fail(int status, const char *what)
{
    m_error = {status, what};
    m_state = State::Failed;
    return false;
}

void MessageReader::beginBody(Framing framing, qint64 length)
{
    m_left = length;
    switch (framing) {
    case Framing::None: m_state = State::Done; break;
    case Framing::Length: m_state = length > 0 ? State::Length : State::Done; break;
    case Framing::Chunked: m_state = State::Chunk; break;
    case Framing::UntilClose: m_state = State::UntilClose; break;
    }
}

bool MessageReader::takeLine(QByteArrayView &input, qsizetype limit, ProtocolError tooLong, QByteArrayView &line)
{
    if (input.isEmpty())
        return false;
    const auto *lf = static_cast<const char *>(std::memchr(input.data(), '\n', size_t(input.size())));
    const qsizetype part = lf ? lf - input.data() + 1 : input.size();
    if (m_line.size() + part > limit + 2)
        return fail(tooLong.status, tooLong.what);
    if (!lf) {
        m_line.append(input);
        input = {};
        return false;
    }
    line = input.first(part);
    input = input.sliced(part);
    if (!m_line.isEmpty()) {
        m_lineStorage = std::exchange(m_line, QByteArray()).append(line);
        line = m_lineStorage;
    }
    if (line.size() < 2 || line[line.size() - 2] != '\r')
        return fail(400, "a line does not end in CR LF");
    line.chop(2);
    return true;
}

bool MessageReader::takeBlockLine(QByteArrayView &input, ProtocolError tooLong, QByteArrayView &line)
{
    const qsizetype left = m_limits.block - m_blockSize - 2;
    if (left < m_limits.field)
        tooLong = {431, "the header block is too large"};
    if (!takeLine(input, std::min(left, m_limits.field), tooLong, line))
        return false;
    m_blockSize += line.size() + 2;
    return true;
}

MessageReader::Step MessageReader::moreOrFailed() const
{
    return m_state == State::Failed ? Step() : ReadEvent::NeedMore;
}

/// Judges the first bytes before the line is whole: garbage without a line end is refused at once, and with the same
/// error in whatever pieces it comes.
bool MessageReader::beginsWell(QByteArrayView input) const
{
    char begin[8]; // enough for mayStartWith()
    const qsizetype room = qsizetype(sizeof begin) - m_line.size();
    if (room <= 0)
        return true;
    char *end = std::copy(m_line.begin(), m_line.end(), begin);
    end = std::copy_n(input.data(), std::min(input.size(), room), end);
    return end == begin || begin[0] == '\r' || mayStartWith({begin, end});
}

MessageReader::Step MessageReader::readStartLine(QByteArrayView &input)
{
    QByteArrayView line;
    if (!beginsWell(input)) {
        fail(m_kind == Kind::Request ? 400 : 502, "not an HTTP/1.1 message");
        return std::nullopt;
    }
    if (!takeLine(input, m_limits.requestLine, {m_kind == Kind::Request ? 414 : 502, "the first line is too long"}, line))
        return moreOrFailed();
    if (line.isEmpty()) {
        if (m_kind == Kind::Response || ++m_emptyLines > maxEmptyLines)
            fail(400, "empty lines before the message");
        return std::nullopt;
    }
    if (parseStartLine(line))
        m_state = State::Fields;
    return std::nullopt;
}

MessageReader::Step MessageReader::readField(QByteArrayView &input)
{
    QByteArrayView line;
    if (!takeBlockLine(input, {431, "a header field is too large"}, line))
        return moreOrFailed();
    if (line.isEmpty()) {
        if (finishHead() && m_state != State::StartLine)
            return ReadEvent::Head;
        return std::nullopt;
    }
    if (++m_fieldCount > m_limits.fields) {
        fail(431, "too many header fields");
        return std::nullopt;
    }
    const qsizetype colon = line.indexOf(':');
    if (colon < 0 || !isToken(line.first(colon))) {
        fail(400, "a malformed header field");
        return std::nullopt;
    }
    const QByteArrayView value = trimOws(line.sliced(colon + 1));
    if (!isFieldValue(value))
        fail(400, "a control character in a header field");
    else
        addField(line.first(colon), value);
    return std::nullopt;
}

MessageReader::Step MessageReader::readBody(QByteArrayView &input)
{
    if (input.isEmpty())
        return ReadEvent::NeedMore;
    if (m_state == State::UntilClose) {
        m_body = std::exchange(input, {});
        return ReadEvent::Body;
    }
    const qsizetype part = qsizetype(std::min<qint64>(m_left, input.size()));
    m_body = input.first(part);
    input = input.sliced(part);
    m_left -= part;
    if (m_left == 0)
        m_state = m_state == State::Length ? State::Done : State::ChunkEnd;
    return ReadEvent::Body;
}

MessageReader::Step MessageReader::readChunkSize(QByteArrayView &input)
{
    // As nearly always: a few digits and CR LF, all there.
    if (m_line.isEmpty()) {
        constexpr qsizetype most = 7;
        const qsizetype room = std::min(most, input.size() - 2);
        qint64 number = 0;
        qsizetype n = 0;
        for (int digit = 0; n < room && (digit = hexDigit(input[n])) >= 0; ++n)
            number = number << 4 | digit;
        if (n > 0 && n <= room && input[n] == '\r' && input[n + 1] == '\n') {
            input = input.sliced(n + 2);
            m_left = number;
            m_state = number > 0 ? State::ChunkData : State::Trailers;
            m_blockSize = 0;
            return std::nullopt;
        }
    }
    QByteArrayView line;
    if (!takeLine(input, maxChunkLine, {400, "a chunk size line is too long"}, line))
        return moreOrFailed();
    quint64 size = 0;
    qsizetype digits = 0;
    for (; digits < line.size() && hexDigit(line[digits]) >= 0; ++digits) {
        if (digits == maxChunkDigits)
            break;
        size = size << 4 | quint64(hexDigit(line[digits]));
    }
    const bool endsWell = digits == line.size() || line[digits] == ';';
    if (digits == 0 || !endsWell || !isFieldValue(line) || size > quint64(std::numeric_limits<qint64>::max())) {
        fail(400, "a malformed chunk size");
        return std::nullopt;
    }
    m_left = qint64(size);
    m_state = size ? State::ChunkData : State::Trailers;
    m_blockSize = 0;
    return std::nullopt;
}

MessageReader::Step MessageReader::readChunkEnd(QByteArrayView &input)
{
    if (m_line.isEmpty() && input.startsWith("\r\n")) { // as nearly always
        input = input.sliced(2);
        m_state = State::Chunk;
        return std::nullopt;
    }
    constexpr const char *what = "chunk data is not followed by CR LF";
    QByteArrayView line;
    if (!takeLine(input, 0, {400, what}, line)) {
        if (m_state != State::Failed && !m_line.isEmpty() && m_line != "\r")
            fail(400, what);
        return moreOrFailed();
    }
    m_state = State::Chunk;
    return std::nullopt;
}

MessageReader::Step MessageReader::readTrailer(QByteArrayView &input)
{
    QByteArrayView line;
    if (!takeBlockLine(input, {400, "a trailer is too large"}, line))
        return moreOrFailed();
    if (line.isEmpty())
        m_state = State::Done;
    else if (!isFieldValue(line))
        fail(400, "a control character in a trailer");
    return std::nullopt;
}

bool MessageReader::readFramingField(QByteArrayView name, QByteArrayView value, FramingFields &fields)
{
    if (equalsIgnoreCase(name, "content-length")) {
        if (fields.hasLength)
            return fail(400, "more than one Content-Length");
        fields.hasLength = true;
        const bool digits = !value.isEmpty() && value.size() <= 18
            && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!digits)
            return fail(400, "a malformed Content-Length");
        fields.length = value.toLongLong();
    } else if (equalsIgnoreCase(name, "transfer-encoding")) {
        if (fields.hasCoding)
            return fail(400, "more than one Transfer-Encoding");
        fields.hasCoding = true;
        fields.isChunked = equalsIgnoreCase(value, "chunked");
        if (!fields.isChunked)
            return fail(value.isEmpty() || value.toByteArray().toLower().contains("chunked") ? 400 : 501,
                        "an unknown Transfer-Encoding");
    } else if (equalsIgnoreCase(name, "connection")) {
        fields.close = fields.close || hasListMember(value, "close");
        fields.keepAlive = fields.keepAlive || hasListMember(value, "keep-alive");
    }
    return true;
}

} // namespace pdlb::http
