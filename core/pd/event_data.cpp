// SPDX-License-Identifier: Apache-2.0
#include "pd/event_data.h"

#include "http/sse.h"

#include <algorithm>

namespace pdlb::pd {

namespace {

/// The line that begins at `begin`, without its end.
Span lineAt(QByteArrayView event, qsizetype begin)
{
    return {begin, http::lineEnd(event.begin() + begin, event.end()) - event.begin()};
}

bool isDataLine(QByteArrayView line)
{
    return line.startsWith("data:") || line == "data";
}

/// The other lines unchanged, then the data as one line.
QByteArray joinDataLines(const QByteArray &event)
{
    QByteArray joined;
    for (qsizetype at = 0; at < event.size();) {
        const Span line = lineAt(event, at);
        if (line.size() > 0 && !isDataLine(line.in(event)))
            joined += line.in(event).toByteArray() + '\n';
        at = line.end + 1;
    }
    return joined + "data: " + http::SseSplitter::data(event).replace('\n', ' ') + "\n\n";
}

} // namespace

std::optional<EventData> findData(const QByteArray &event)
{
    EventData found{event, {}};
    int lines = 0;
    for (qsizetype at = 0; at < event.size();) {
        const Span line = lineAt(event, at);
        if (isDataLine(line.in(event))) {
            ++lines;
            found.data = {std::min(line.begin + 5, line.end), line.end};
            if (found.view().startsWith(' '))
                ++found.data.begin;
        }
        at = line.end + 1;
    }
    if (lines == 0)
        return std::nullopt;
    return lines == 1 ? found : findData(joinDataLines(event));
}

QByteArray withReplacements(const EventData &data, std::vector<json::Replacement> replacements)
{
    for (json::Replacement &replacement : replacements) {
        replacement.span.begin += data.data.begin;
        replacement.span.end += data.data.begin;
    }
    return json::replaced(data.event, std::move(replacements));
}

} // namespace pdlb::pd
