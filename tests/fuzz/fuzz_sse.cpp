// SPDX-License-Identifier: Apache-2.0
// The scanner and the splitter of server-sent events: any split gives the same, no byte is lost, the end marker counts
// only as a whole data line, and both agree with a model that sees the whole stream.
#include "fuzzing.h"

#include "http/sse.h"

#include <algorithm>
#include <vector>

using namespace pdlb::fuzz;
using namespace pdlb::http;

namespace {

struct Line {
    QByteArrayView text; ///< without its end
    qsizetype end = 0;   ///< behind its end, in the stream
    bool isWhole = true;
};

/// The stream's lines. A CR as the last byte ends a line, though an LF may follow.
std::vector<Line> linesOf(QByteArrayView stream)
{
    std::vector<Line> lines;
    for (qsizetype begin = 0; begin < stream.size();) {
        qsizetype stop = begin;
        while (stop < stream.size() && stream[stop] != '\r' && stream[stop] != '\n')
            ++stop;
        const bool isWhole = stop < stream.size();
        const bool isCrLf = isWhole && stream.sliced(stop).startsWith("\r\n");
        const qsizetype end = stop + (isWhole ? isCrLf ? 2 : 1 : 0);
        lines.push_back({stream.sliced(begin, stop - begin), end, isWhole});
        begin = end;
    }
    return lines;
}

bool isData(const Line &line)
{
    return line.text == "data" || line.text.startsWith("data:");
}

bool isMarker(const Line &line)
{
    return line.text == "data:[DONE]" || line.text == "data: [DONE]";
}

/// What a stream holds.
struct Model {
    explicit Model(QByteArrayView stream);
    std::vector<QByteArray> blocks; ///< all up to and with an empty line
    QByteArray rest;
    qint64 events = 0;
    bool done = false;
    bool atBoundary = true;
};

Model::Model(QByteArrayView stream)
{
    bool hasData = false;
    qsizetype begin = 0;
    for (const Line &line : linesOf(stream)) {
        const bool isEnd = line.isWhole && line.text.isEmpty();
        atBoundary = isEnd;
        if (isEnd) {
            events += hasData ? 1 : 0;
            hasData = false;
            // The splitter waits for the LF that may follow a CR.
            if (line.end < stream.size() || !stream.endsWith('\r')) {
                blocks.push_back(stream.sliced(begin, line.end - begin).toByteArray());
                begin = line.end;
            }
        } else if (line.isWhole) {
            hasData = hasData || isData(line);
            done = done || isMarker(line);
        }
    }
    rest = stream.sliced(begin).toByteArray();
}

void checkScanner(QByteArrayView stream, const Model &model, Feed feed, uchar seed)
{
    SseScanner scanner;
    qsizetype fed = 0;
    feedPieces(stream, feed, seed, [&](QByteArrayView piece) {
        scanner.feed(piece);
        fed += piece.size();
        return true;
    });
    FUZZ_CHECK(scanner.events() == model.events);
    FUZZ_CHECK(scanner.done() == model.done);
    FUZZ_CHECK(scanner.atEventBoundary() == model.atBoundary);
}

void checkSplitter(QByteArrayView stream, const Model &model, Feed feed, uchar seed, qsizetype maxEvent)
{
    SseSplitter splitter(maxEvent);
    std::vector<QByteArray> events;
    qsizetype longest = 0;
    feedPieces(stream, feed, seed, [&](QByteArrayView piece) {
        splitter.feed(piece);
        for (QByteArray event; splitter.next(event);) {
            events.push_back(event);
            longest = std::max(longest, event.size());
        }
        return true;
    });
    const bool overflowed = splitter.overflowed();
    const QByteArray rest = splitter.takeRest();
    FUZZ_CHECK(events == model.blocks);
    FUZZ_CHECK(rest == model.rest);
    FUZZ_CHECK(overflowed == (std::max(longest, rest.size()) > maxEvent));
    FUZZ_CHECK(splitter.takeRest().isEmpty());
}

/// One whole event: what the splitter says of it and what the scanner does.
void checkEvent(const QByteArray &event)
{
    std::vector<QByteArrayView> dataLines;
    bool hasMarker = false;
    for (const Line &line : linesOf(event)) {
        if (isData(line))
            dataLines.push_back(line.text);
        hasMarker = hasMarker || isMarker(line);
    }
    QByteArray data;
    for (const QByteArrayView line : dataLines) {
        QByteArrayView text = line == "data" ? QByteArrayView() : line.sliced(5);
        if (text.startsWith(' '))
            text = text.sliced(1);
        if (line.data() != dataLines.front().data())
            data += '\n';
        data += text;
    }
    FUZZ_CHECK(SseSplitter::data(event) == data);
    SseScanner scanner;
    scanner.feed(event);
    FUZZ_CHECK(scanner.done() == hasMarker);
    FUZZ_CHECK(scanner.events() == (dataLines.empty() ? 0 : 1));
    if (event.size() <= 64)
        FUZZ_CHECK(SseSplitter::isDone(event) == (hasMarker && dataLines.size() == 1));
    else
        FUZZ_CHECK(!SseSplitter::isDone(event) || hasMarker);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Input input(data, size);
    const qsizetype maxEvent = input.options & 1 ? 1 + (input.options >> 1) : 1024 * 1024;
    const Model model(input.bytes);
    for (const Feed feed : everyFeed) {
        checkScanner(input.bytes, model, feed, input.cuts);
        checkSplitter(input.bytes, model, feed, input.cuts, maxEvent);
    }
    for (const QByteArray &block : model.blocks)
        checkEvent(block);
    return 0;
}
