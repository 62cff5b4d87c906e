// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message.h"

#include <optional>

namespace pdlb::http {

/// What MessageReader::next() found in the input.
enum class ReadEvent {
    NeedMore, ///< the input is used up
    Head, ///< a complete head: requestHead()/responseHead()
    Body, ///< a piece of the body: body(), a view into the input
    End, ///< the message is complete; the input holds what follows it
    Error, ///< error(); the reader stays in this state
};

/// Incremental strict HTTP/1.1 reader (RFC 9112). The caller feeds whatever bytes it has and pulls events:
///
///     QByteArrayView input = …;
///     for (auto event = reader.next(input); event != NeedMore; event = reader.next(input)) …
///
/// next() removes what it used from the front of `input`. Any split of the bytes gives the same events (bodies may
/// come in other pieces), in linear time, and no more than one head is ever held. Trailers are dropped.
class MessageReader
{
public:
    ReadEvent next(QByteArrayView &input);
    QByteArrayView body() const { return m_body; }
    const ProtocolError &error() const { return m_error; }
    /// True between messages: nothing of the next one has been seen but empty lines.
    bool isIdle() const { return m_state == State::StartLine && m_line.isEmpty(); }
    /// Ready for the next message on this connection.
    void reset();

protected:
    enum class Kind { Request, Response };
    MessageReader(Kind kind, HeadLimits limits) : m_kind(kind), m_limits(limits) {}
    ~MessageReader() = default;
    Q_DISABLE_COPY_MOVE(MessageReader)

    enum class State { StartLine, Fields, Length, Chunk, ChunkData, ChunkEnd, Trailers, UntilClose, Done, Failed };

    /// False as soon as the first bytes cannot begin such a message, so that garbage without a line end is refused.
    virtual bool mayStartWith(QByteArrayView bytes) const = 0;
    virtual bool parseStartLine(QByteArrayView line) = 0;
    virtual bool addField(QByteArrayView name, QByteArrayView value) = 0;
    /// Judges the whole head; sets framing by beginBody().
    virtual bool finishHead() = 0;
    virtual void clearHead() = 0;

    void beginBody(Framing framing, qint64 length);
    bool fail(int status, const char *what);
    /// Content-Length and Transfer-Encoding of one head, duplicates judged (RFC 9112 §6.3).
    struct FramingFields {
        bool hasLength = false;
        bool hasCoding = false;
        bool isChunked = false; ///< the one coding is exactly "chunked"
        bool close = false; ///< Connection: close
        bool keepAlive = false; ///< Connection: keep-alive
        qint64 length = 0;
    };
    /// Looks at the fields that decide framing and persistence; false when one of them is malformed.
    bool readFramingField(QByteArrayView name, QByteArrayView value, FramingFields &fields);

    // What each piece of a body needs comes first.
    State m_state = State::StartLine;

private:
    Kind m_kind;
    qint64 m_left = 0; ///< body bytes to come, of the message or of the chunk
    QByteArrayView m_body;
    QByteArray m_line; ///< the part of a line that earlier input held
    qsizetype m_blockSize = 0;

protected:
    HeadLimits m_limits;

private:
    /// Each step either moves the state on (nullopt: go on) or has an event for the caller.
    using Step = std::optional<ReadEvent>;
    Step readStartLine(QByteArrayView &input);
    Step readField(QByteArrayView &input);
    Step readChunkSize(QByteArrayView &input);
    Step readChunkEnd(QByteArrayView &input);
    Step readTrailer(QByteArrayView &input);
    Step readBody(QByteArrayView &input);

    bool beginsWell(QByteArrayView input) const;
    /// True: `line` is a whole line without its end. False: it needs more input, or the reader has failed.
    bool takeLine(QByteArrayView &input, qsizetype limit, ProtocolError tooLong, QByteArrayView &line);
    /// The same for a header or trailer field, counted against the limit of the block.
    bool takeBlockLine(QByteArrayView &input, ProtocolError tooLong, QByteArrayView &line);
    Step moreOrFailed() const;

    QByteArray m_lineStorage; ///< keeps a joined line alive for its parser
    ProtocolError m_error;
    int m_fieldCount = 0;
    int m_emptyLines = 0;
};

/// Reads clients' requests.
class RequestReader final : public MessageReader
{
public:
    explicit RequestReader(HeadLimits limits = {}) : MessageReader(Kind::Request, limits) {}
    const RequestHead &head() const { return m_head; }
    RequestHead takeHead() { return std::move(m_head); }

private:
    bool mayStartWith(QByteArrayView bytes) const override;
    bool parseStartLine(QByteArrayView line) override;
    bool addField(QByteArrayView name, QByteArrayView value) override;
    bool finishHead() override;
    void clearHead() override;

    RequestHead m_head;
    FramingFields m_framing;
    QByteArray m_host;
    bool m_hasHost = false;
};

/// Reads engines' answers. Interim 1xx answers are skipped (101 is an error: nothing was upgraded).
class ResponseReader final : public MessageReader
{
public:
    explicit ResponseReader(HeadLimits limits = {}) : MessageReader(Kind::Response, limits) {}
    const ResponseHead &head() const { return m_head; }
    ResponseHead takeHead() { return std::move(m_head); }
    /// The answer to a HEAD has no body whatever its fields say. Set before the answer arrives.
    void setHeadRequest(bool on) { m_headRequest = on; }
    /// The peer closed. True when that ends the message rightly (a body delimited by close).
    bool endsAtClose() const { return m_state == State::UntilClose || m_state == State::Done; }

private:
    bool mayStartWith(QByteArrayView bytes) const override;
    bool parseStartLine(QByteArrayView line) override;
    bool addField(QByteArrayView name, QByteArrayView value) override;
    bool finishHead() override;
    void clearHead() override;

    ResponseHead m_head;
    FramingFields m_framing;
    bool m_headRequest = false;
};

} // namespace pdlb::http
