// SPDX-License-Identifier: Apache-2.0
// The response reader: any split gives the same answers and the same verdict, limits hold, and what the edge sends on
// is one answer with the same body for everyone who reads it.
#include "fuzzing.h"
#include "second_parser.h"

#include "http/message_reader.h"
#include "http/message_writer.h"

#include <algorithm>

using namespace pdlb;
using namespace pdlb::fuzz;
using namespace pdlb::http;

namespace {

constexpr HeadLimits smallLimits{.requestLine = 64, .field = 48, .block = 160, .fields = 6};

struct Answer {
    ResponseHead head;
    QByteArray body;
    bool isComplete = false;
    qsizetype end = 0; ///< of a complete one, in the whole input
};

struct Reading {
    std::vector<Answer> answers; ///< the last one may be incomplete
    int status = 0;              ///< of the error; 0: none
};

/// What the input's first byte chooses.
struct Options {
    HeadLimits limits;
    bool toHead = false; ///< the answers are to HEAD requests
    bool closed = false; ///< the engine closes behind the bytes
};

std::string_view view(QByteArrayView bytes)
{
    return {bytes.data(), size_t(bytes.size())};
}

void checkLimits(const ResponseHead &head, const HeadLimits &limits)
{
    FUZZ_CHECK(head.status >= 200 && head.status <= 599);
    FUZZ_CHECK(qsizetype(sizeof "HTTP/1.1 200") - 1 + head.reason.size() <= limits.requestLine);
    FUZZ_CHECK(head.headers.size() <= limits.fields);
    qsizetype block = 2;
    for (const Header &header : head.headers) {
        FUZZ_CHECK(header.name.size() + header.value.size() + 1 <= limits.field);
        block += header.name.size() + header.value.size() + 3;
    }
    FUZZ_CHECK(block <= limits.block);
}

Reading read(QByteArrayView bytes, Feed feed, uchar seed, const Options &options)
{
    ResponseReader reader(options.limits);
    reader.setHeadRequest(options.toHead);
    Reading reading;
    qsizetype fed = 0;
    bool inBody = false;
    feedPieces(bytes, feed, seed, [&](QByteArrayView input) {
        fed += input.size();
        for (;;) {
            const ReadEvent event = reader.next(input);
            switch (event) {
            case ReadEvent::NeedMore:
                FUZZ_CHECK(input.isEmpty());
                return true;
            case ReadEvent::Head:
                FUZZ_CHECK(!inBody);
                inBody = true;
                reading.answers.push_back({reader.head(), {}});
                checkLimits(reader.head(), options.limits);
                break;
            case ReadEvent::Body:
                FUZZ_CHECK(inBody && !reader.body().isEmpty());
                reading.answers.back().body += reader.body();
                FUZZ_CHECK(reading.answers.back().body.size() <= fed);
                break;
            case ReadEvent::End:
                FUZZ_CHECK(inBody && reader.endsAtClose());
                inBody = false;
                reading.answers.back().isComplete = true;
                reading.answers.back().end = fed - input.size();
                reader.reset();
                break;
            case ReadEvent::Error:
                reading.status = reader.error().status;
                FUZZ_CHECK(!reader.endsAtClose());
                FUZZ_CHECK(reader.next(input) == ReadEvent::Error);
                return false;
            }
        }
    });
    if (options.closed && inBody && reading.status == 0 && reader.endsAtClose()) {
        FUZZ_CHECK(reading.answers.back().head.framing == Framing::UntilClose);
        reading.answers.back().isComplete = true;
        reading.answers.back().end = fed;
    }
    return reading;
}

/// Everything that a reading says, to be compared.
QByteArray described(const Reading &reading)
{
    QByteArray out = QByteArray::number(reading.status);
    for (const auto &[head, body, isComplete, end] : reading.answers) {
        out += '\n' + QByteArray::number(head.status) + ' ' + head.reason;
        for (const Header &header : head.headers)
            out += '\n' + header.name + ':' + header.value;
        for (const qint64 number : {qint64(head.minorVersion), qint64(head.framing), head.contentLength,
                                    qint64(head.keepAlive), qint64(isComplete), qint64(end)})
            out += ' ' + QByteArray::number(number);
        out += '\n' + body;
    }
    return out;
}

/// The answer as a client gets it: Exchange does it so.
QByteArray forwarded(const Answer &answer, bool toHead, uchar seed)
{
    HeaderList headers = endToEndHeaders(answer.head.headers);
    headers.set("X-Request-Id", "id");
    const bool noBody = answer.head.status == 204 || answer.head.status == 304;
    const bool hasLength = answer.head.framing == Framing::Length;
    if (hasLength && !noBody)
        headers.add("Content-Length", QByteArray::number(answer.head.contentLength));
    else if (!noBody)
        headers.add("Transfer-Encoding", "chunked");
    QByteArray out = writeResponseHead(answer.head.status, answer.head.reason, headers);
    if (noBody || toHead)
        return out;
    if (hasLength)
        return out + answer.body;
    feedPieces(answer.body, Feed::Cut, seed, [&](QByteArrayView piece) {
        appendChunk(out, piece);
        return true;
    });
    return out + lastChunk.toByteArray();
}

void checkComplete(QByteArrayView bytes, const Answer &answer, const Options &options, uchar seed)
{
    const auto given = parseResponse(view(bytes), options.toHead, true);
    FUZZ_CHECK(given);
    FUZZ_CHECK(qsizetype(given->used) == bytes.size());
    FUZZ_CHECK(given->status == answer.head.status);
    FUZZ_CHECK(given->body == view(answer.body));

    const QByteArray sent = forwarded(answer, options.toHead, seed);
    const auto seen = parseResponse(view(sent), options.toHead, false);
    FUZZ_CHECK(seen);
    FUZZ_CHECK(qsizetype(seen->used) == sent.size());
    FUZZ_CHECK(seen->status == answer.head.status);
    FUZZ_CHECK(seen->body == view(answer.body));
    for (const char *name : {"connection", "keep-alive", "proxy-authenticate", "te", "trailer", "upgrade"})
        FUZZ_CHECK(seen->values(name).empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Input input(data, size);
    const Options options{input.options & 1 ? smallLimits : HeadLimits(), (input.options & 2) != 0,
                          (input.options & 4) != 0};
    const Reading whole = read(input.bytes, Feed::Whole, 0, options);
    for (const Feed feed : {Feed::Bytewise, Feed::Cut})
        FUZZ_CHECK(described(read(input.bytes, feed, input.cuts, options)) == described(whole));
    qsizetype begin = 0;
    for (const Answer &answer : whole.answers) {
        if (!answer.isComplete)
            break;
        checkComplete(input.bytes.sliced(begin, answer.end - begin), answer, options, input.cuts);
        begin = answer.end;
    }
    return 0;
}
