// SPDX-License-Identifier: Apache-2.0
// The request reader: any split gives the same requests and the same verdict, limits hold, and what the relay sends on
// is one request with the same body for everyone who reads it.
#include "fuzzing.h"
#include "second_parser.h"

#include "http/message_reader.h"
#include "http/message_writer.h"

#include <algorithm>
#include <array>

using namespace pdlb;
using namespace pdlb::fuzz;
using namespace pdlb::http;

namespace {

constexpr HeadLimits smallLimits{.requestLine = 64, .field = 48, .block = 160, .fields = 6};
constexpr qsizetype emptyLines = 8 * 2 + 2; ///< what may stand before a request line

struct Request {
    RequestHead head;
    QByteArray body;
    bool isComplete = false;
    qsizetype end = 0; ///< of a complete one, in the whole input
};

struct Reading {
    std::vector<Request> requests; ///< the last one may be incomplete
    int status = 0;                ///< of the error; 0: none
};

std::string_view view(QByteArrayView bytes)
{
    return {bytes.data(), size_t(bytes.size())};
}

void checkLimits(const RequestHead &head, const HeadLimits &limits)
{
    FUZZ_CHECK(head.method.size() + head.target.size() + qsizetype(sizeof "  HTTP/1.1") - 1 <= limits.requestLine);
    FUZZ_CHECK(head.headers.size() <= limits.fields);
    qsizetype block = 2;
    for (const Header &header : head.headers) {
        FUZZ_CHECK(header.name.size() + header.value.size() + 1 <= limits.field);
        block += header.name.size() + header.value.size() + 3;
    }
    FUZZ_CHECK(block <= limits.block);
}

Reading read(QByteArrayView bytes, Feed feed, uchar seed, const HeadLimits &limits)
{
    RequestReader reader(limits);
    Reading reading;
    qsizetype fed = 0;
    qsizetype headBegin = 0;
    bool inBody = false;
    feedPieces(bytes, feed, seed, [&](QByteArrayView input) {
        fed += input.size();
        for (;;) {
            const qsizetype before = input.size();
            const ReadEvent event = reader.next(input);
            FUZZ_CHECK(input.size() <= before);
            switch (event) {
            case ReadEvent::NeedMore:
                FUZZ_CHECK(input.isEmpty());
                FUZZ_CHECK(inBody || fed - headBegin <= limits.requestLine + limits.block + emptyLines + 4);
                return true;
            case ReadEvent::Head:
                FUZZ_CHECK(!inBody);
                inBody = true;
                reading.requests.push_back({reader.head(), {}});
                checkLimits(reader.head(), limits);
                break;
            case ReadEvent::Body:
                FUZZ_CHECK(inBody && !reader.body().isEmpty());
                reading.requests.back().body += reader.body();
                FUZZ_CHECK(reading.requests.back().body.size() <= fed);
                break;
            case ReadEvent::End:
                FUZZ_CHECK(inBody);
                inBody = false;
                headBegin = fed - input.size();
                reading.requests.back().isComplete = true;
                reading.requests.back().end = headBegin;
                reader.reset();
                FUZZ_CHECK(reader.isIdle());
                break;
            case ReadEvent::Error:
                reading.status = reader.error().status;
                FUZZ_CHECK(reading.status >= 400 && reading.status < 600);
                FUZZ_CHECK(reader.next(input) == ReadEvent::Error);
                return false;
            }
        }
    });
    return reading;
}

/// Everything that a reading says, to be compared.
QByteArray described(const Reading &reading)
{
    QByteArray out = QByteArray::number(reading.status);
    for (const auto &[head, body, isComplete, end] : reading.requests) {
        out += '\n' + head.method + ' ' + head.target + " 1." + QByteArray::number(head.minorVersion);
        for (const Header &header : head.headers)
            out += '\n' + header.name + ':' + header.value;
        for (const qint64 number : {qint64(head.framing), head.contentLength, qint64(head.keepAlive),
                                    qint64(head.expectContinue), qint64(isComplete), qint64(end)})
            out += ' ' + QByteArray::number(number);
        out += '\n' + body;
    }
    return out;
}

/// The request as it leaves for an engine: Relay and DirectLeg do it so.
QByteArray forwarded(const RequestHead &head, const QByteArray &method, const QByteArray &body)
{
    HeaderList headers;
    headers.add("Host", "engine:8000");
    HeaderList kept = endToEndHeaders(head.headers);
    kept.remove("host");
    kept.set("X-Request-Id", "id");
    for (const Header &header : kept)
        headers.add(header.name, header.value);
    if (!body.isEmpty() || method == "POST")
        headers.add("Content-Length", QByteArray::number(body.size()));
    return writeRequestHead(method, head.target, headers) + body;
}

/// The fields that must arrive at the engine when a client sent `given`.
std::vector<std::pair<std::string, std::string>> expectedFields(const Message &given, const QByteArray &body)
{
    std::vector<std::string> dropped = {"connection",   "keep-alive", "proxy-connection", "proxy-authenticate",
                                        "te",           "trailer",    "transfer-encoding", "proxy-authorization",
                                        "upgrade",      "expect",     "content-length",    "host",
                                        "x-request-id"};
    for (const std::string &list : given.values("connection")) {
        for (const std::string &name : listMembers(list)) {
            if (name != "authorization" && name != "content-type")
                dropped.push_back(name);
        }
    }
    std::vector<std::pair<std::string, std::string>> fields = {{"Host", "engine:8000"}};
    for (const auto &field : given.fields) {
        if (std::find(dropped.begin(), dropped.end(), lowered(field.first)) == dropped.end())
            fields.push_back(field);
    }
    fields.emplace_back("X-Request-Id", "id");
    if (!body.isEmpty() || given.method == "POST")
        fields.emplace_back("Content-Length", std::to_string(body.size()));
    return fields;
}

/// llhttp knows the methods of its list only.
QByteArray knownMethod(const QByteArray &method)
{
    static const std::array<QByteArray, 7> known = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
    return std::find(known.begin(), known.end(), method) == known.end() ? "POST" : method;
}

void checkComplete(QByteArrayView bytes, const Request &request)
{
    const auto given = parseRequest(view(bytes));
    FUZZ_CHECK(given);
    FUZZ_CHECK(qsizetype(given->used) == bytes.size());
    FUZZ_CHECK(given->method == view(request.head.method));
    FUZZ_CHECK(given->body == view(request.body));

    const QByteArray sent = forwarded(request.head, request.head.method, request.body);
    const auto seen = parseRequest(view(sent));
    FUZZ_CHECK(seen);
    FUZZ_CHECK(qsizetype(seen->used) == sent.size());
    FUZZ_CHECK(seen->method == view(request.head.method) && seen->target == view(request.head.target));
    FUZZ_CHECK(seen->body == view(request.body));
    FUZZ_CHECK(seen->fields == expectedFields(*given, request.body));

    const HeadLimits wide{.requestLine = 1 << 20, .field = 1 << 20, .block = 1 << 20, .fields = 1000};
    const Reading again = read(sent, Feed::Whole, 0, wide);
    FUZZ_CHECK(again.status == 0 && again.requests.size() == 1 && again.requests.front().isComplete);
    FUZZ_CHECK(again.requests.front().body == request.body);

    if (hasLlhttp()) {
        const QByteArray known = forwarded(request.head, knownMethod(request.head.method), request.body);
        const auto bodies = llhttpRequests(view(known));
        FUZZ_CHECK(bodies && bodies->size() == 1);
        FUZZ_CHECK(bodies->front() == view(request.body));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Input input(data, size);
    const HeadLimits limits = input.options & 1 ? smallLimits : HeadLimits();
    const Reading whole = read(input.bytes, Feed::Whole, 0, limits);
    for (const Feed feed : {Feed::Bytewise, Feed::Cut})
        FUZZ_CHECK(described(read(input.bytes, feed, input.cuts, limits)) == described(whole));
    qsizetype begin = 0;
    for (const Request &request : whole.requests) {
        if (!request.isComplete)
            break;
        checkComplete(input.bytes.sliced(begin, request.end - begin), request);
        begin = request.end;
    }
    return 0;
}
