// SPDX-License-Identifier: Apache-2.0
// The joining of prefill's and decode's answers, and the judging of single events, over hostile engine bytes: any split
// gives the same, JSON stays JSON, and what holds nothing of prefill's goes through unchanged.
#include "fuzzing.h"

#include "http/sse.h"
#include "pd/dialect.h"
#include "pd/json_scan.h"

#include <algorithm>
#include <vector>

using namespace pdlb;
using namespace pdlb::fuzz;
using namespace pdlb::pd;

namespace {

constexpr char separator = '\x1e'; ///< between segments; behind it stands the leg's digit

/// Bytes of one leg.
struct Segment {
    LegRole role = LegRole::Prefill;
    int sample = 0;
    QByteArrayView bytes;
};

RequestShape shapeOf(uchar options)
{
    RequestShape shape;
    shape.endpoint = options & 1 ? options & 2 ? Endpoint::Completions : Endpoint::ChatCompletions : Endpoint::Generate;
    shape.stream = (options & 4) != 0;
    shape.samples = 1 + (options >> 3 & 3);
    shape.returnLogprob = (options & 32) != 0 && shape.endpoint == Endpoint::Generate;
    shape.returnRoutedExperts = (options & 64) != 0;
    return shape;
}

std::vector<Segment> segmentsOf(QByteArrayView bytes, int samples)
{
    std::vector<Segment> segments;
    while (!bytes.isEmpty()) {
        const qsizetype stop = std::max<qsizetype>(1, bytes.indexOf(separator));
        const qsizetype size = bytes.indexOf(separator) < 0 ? bytes.size() : stop;
        const int leg = bytes.front() & 7;
        const LegRole role = leg & 1 ? LegRole::Decode : LegRole::Prefill;
        segments.push_back({role, (leg >> 1) % samples, bytes.sliced(1, size - 1)});
        bytes = bytes.sliced(std::min(size + 1, bytes.size()));
    }
    return segments;
}

struct Outcome {
    QByteArray bytes;
    bool failed = false;
};

/// All segments in their order, then the legs' ends, decode's first when `decodeFirst`.
Outcome merged(const RequestShape &shape, const std::vector<Segment> &segments, Feed feed, uchar seed, bool decodeFirst)
{
    Outcome outcome;
    const auto merger = sglangDialect().merger(shape);
    if (!merger)
        return outcome;
    const auto take = [&](Result<QByteArray> step) {
        if (step)
            outcome.bytes += *step;
        outcome.failed = outcome.failed || !step;
        return !outcome.failed;
    };
    for (const Segment &segment : segments) {
        feedPieces(segment.bytes, feed, seed,
                   [&](QByteArrayView piece) { return take(merger->feed(segment.role, segment.sample, piece)); });
        if (outcome.failed)
            return outcome;
    }
    for (const bool first : {true, false}) {
        for (int sample = 0; sample < shape.samples; ++sample) {
            if (!take(merger->end(first == decodeFirst ? LegRole::Decode : LegRole::Prefill, sample)))
                return outcome;
        }
    }
    FUZZ_CHECK(merger->isComplete());
    return outcome;
}

QByteArray bytesOf(const std::vector<Segment> &segments, LegRole role, int sample)
{
    QByteArray all;
    for (const Segment &segment : segments) {
        if (segment.role == role && segment.sample == sample)
            all += segment.bytes;
    }
    return all;
}

std::vector<QByteArray> eventsOf(const QByteArray &stream)
{
    http::SseSplitter splitter;
    splitter.feed(stream);
    std::vector<QByteArray> events;
    for (QByteArray event; splitter.next(event);)
        events.push_back(event);
    if (const QByteArray rest = splitter.takeRest(); !rest.isEmpty())
        events.push_back(rest);
    return events;
}

bool isJson(const QByteArray &text)
{
    return json::scan(text, json::NonFinite::Accept).has_value();
}

/// Every event with data holds JSON or is the end marker.
bool isJsonStream(const QByteArray &stream)
{
    const auto events = eventsOf(stream);
    return std::all_of(events.begin(), events.end(), [](const QByteArray &event) {
        const QByteArray data = http::SseSplitter::data(event);
        return data.isEmpty() || data == "[DONE]" || isJson(data);
    });
}

qsizetype doneCount(const QByteArray &stream)
{
    const auto events = eventsOf(stream);
    return std::count_if(events.begin(), events.end(), http::SseSplitter::isDone);
}

bool holdsFields(const QByteArray &text)
{
    return text.contains("\"input_to") || text.contains("routed_experts");
}

/// Events leave in the order they came in; those that have nothing to do with prefill unchanged.
void checkOrder(const QByteArray &decode, const QByteArray &out)
{
    const auto before = eventsOf(decode);
    const auto after = eventsOf(out);
    FUZZ_CHECK(before.size() == after.size());
    for (size_t i = 0; i < before.size(); ++i)
        FUZZ_CHECK(holdsFields(before[i]) || before[i] == after[i]);
}

void checkContent(const RequestShape &shape, const std::vector<Segment> &segments, const QByteArray &out)
{
    const auto isGood = shape.stream ? isJsonStream : isJson;
    bool allGood = true;
    bool allDone = true;
    for (int sample = 0; sample < shape.samples; ++sample) {
        const QByteArray decode = bytesOf(segments, LegRole::Decode, sample);
        allGood = allGood && isGood(decode) && isGood(bytesOf(segments, LegRole::Prefill, sample));
        allDone = allDone && doneCount(decode) > 0;
        if (shape.samples == 1 && !holdsFields(decode))
            FUZZ_CHECK(out == decode);
        if (shape.samples == 1 && shape.stream)
            checkOrder(decode, out);
    }
    if (allGood)
        FUZZ_CHECK(isGood(out));
    if (shape.samples > 1 && shape.stream)
        FUZZ_CHECK(doneCount(out) == (allDone ? 1 : 0));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Input input(data, size);
    const RequestShape shape = shapeOf(input.options);
    const bool decodeFirst = (input.options & 128) != 0;
    const auto segments = segmentsOf(input.bytes, shape.samples);
    const Outcome whole = merged(shape, segments, Feed::Whole, 0, decodeFirst);
    for (const Feed feed : {Feed::Bytewise, Feed::Cut}) {
        const Outcome other = merged(shape, segments, feed, input.cuts, decodeFirst);
        FUZZ_CHECK(other.failed == whole.failed);
        // A failing step keeps to itself what it had ready, so pieces may give more.
        FUZZ_CHECK(whole.failed ? other.bytes.startsWith(whole.bytes) : other.bytes == whole.bytes);
    }
    if (!whole.failed && sglangDialect().merger(shape))
        checkContent(shape, segments, whole.bytes);
    for (const Segment &segment : segments) {
        for (const QByteArray &event : eventsOf(segment.bytes.toByteArray())) {
            const auto error = sglangDialect().inBandError(event);
            FUZZ_CHECK(!error || error->status == 0 || (error->status >= 100 && error->status <= 599));
        }
    }
    return 0;
}
