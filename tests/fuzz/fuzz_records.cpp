// SPDX-License-Identifier: Apache-2.0
// Trace files. The same is read however the bytes come; what is read can be written and read again and stays the same; drawings hold
// no control characters, and exports are what they say they are. What is broken has a line and a reason.
#include "fuzzing.h"

#include "trace/export/exporter.h"
#include "trace/record_reader.h"
#include "trace/timeline_chart.h"
#include "trace/timeline_json.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

using namespace pdlb;
using namespace pdlb::fuzz;
using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype longest = 64 * 1024;
constexpr trace::RecordParts everything{.secrets = true};

/// What is read, in a form that can be compared.
struct Seen {
    std::vector<trace::Timeline> records;
    QByteArrayList texts;
};

Seen readAll(QByteArrayView bytes, Feed feed, uchar seed)
{
    Seen seen;
    trace::RecordReader reader(longest);
    const auto take = [&](std::optional<Result<trace::Timeline, trace::BrokenRecord>> record) {
        if (*record) {
            seen.texts += trace::timelineJson(**record, everything);
            seen.records.push_back(std::move(**record));
        } else {
            FUZZ_CHECK(record->error().line > 0 && !record->error().reason.isEmpty());
            seen.texts += QByteArray::number(record->error().line) + record->error().reason.toUtf8();
        }
    };
    feedPieces(bytes, feed, seed, [&](QByteArrayView piece) {
        reader.feed(piece);
        while (auto record = reader.next())
            take(std::move(record));
        return true;
    });
    if (auto record = reader.finish())
        take(std::move(record));
    return seen;
}

void checkDrawing(const QString &text)
{
    FUZZ_CHECK(!text.isEmpty());
    FUZZ_CHECK(std::none_of(text.begin(), text.end(), [](QChar c) { return c != u'\n' && c.category() == QChar::Other_Control; }));
}

void checkExport(const QString &format, const std::vector<trace::Timeline> &records)
{
    const auto exporter = *trace::makeExporter(format, {});
    QByteArray all = exporter->begin();
    for (const trace::Timeline &record : records)
        all += exporter->write(record);
    for (QByteArray end = exporter->finish(); !end.isEmpty(); end = exporter->finish())
        all += end;
    if (format == "har"_L1 || format == "chrome"_L1 || format == "otlp"_L1)
        FUZZ_CHECK(QJsonDocument::fromJson(all).isObject());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Input input(data, size);
    const Seen seen = readAll(input.bytes, Feed::Whole, 0);
    for (const Feed feed : {Feed::Bytewise, Feed::Cut})
        FUZZ_CHECK(readAll(input.bytes, feed, input.cuts).texts == seen.texts);
    for (const trace::Timeline &record : seen.records) {
        const QByteArray text = trace::timelineJson(record, everything);
        const auto again = trace::timelineFromJson(QJsonDocument::fromJson(text).object());
        FUZZ_CHECK(again && trace::timelineJson(*again, everything) == text);
        checkDrawing(trace::drawTimeline(record, {80, true, false}));
        checkDrawing(trace::compareTimelines(seen.records.front(), record));
    }
    for (const QString &format : trace::exportFormats())
        checkExport(format, seen.records);
    return 0;
}
