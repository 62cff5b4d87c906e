// SPDX-License-Identifier: Apache-2.0
#include "cli/trace_columns.h"

#include "util/escape.h"

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

enum class Kind { Text, Number, Time };

struct Column {
    const char *name;
    const char *title;
    int width; ///< 0: what is left of the line
    Kind kind;
    const char *member; ///< of the summary; null: see special()
};

constexpr std::array columns{
    Column{"time", "TIME", 12, Kind::Text, nullptr},
    Column{"status", "STATUS", 6, Kind::Number, nullptr},
    Column{"end", "END", 18, Kind::Text, nullptr},
    Column{"pair", "PAIR", 11, Kind::Text, nullptr},
    Column{"ttft", "TTFT ms", 10, Kind::Time, "first_token_ms"},
    Column{"total", "TOTAL ms", 10, Kind::Time, "ended_ms"},
    Column{"id", "REQUEST ID", 36, Kind::Text, "request_id"},
    Column{"endpoint", "ENDPOINT", 0, Kind::Text, "endpoint"},
    Column{"model", "MODEL", 20, Kind::Text, "model"},
    Column{"policy", "POLICY", 16, Kind::Text, "policy"},
    Column{"attempts", "ATTEMPTS", 8, Kind::Number, "attempts"},
    Column{"queue", "QUEUE ms", 10, Kind::Time, "queue_ms"},
    Column{"prefill", "PREFILL ms", 10, Kind::Time, "prefill_ms"},
    Column{"gap", "GAP ms", 10, Kind::Time, "gap_ms"},
    Column{"events", "EVENTS", 8, Kind::Number, "events"},
    Column{"in", "IN B", 10, Kind::Number, "request_bytes"},
    Column{"out", "OUT B", 10, Kind::Number, "answer_bytes"},
    Column{"prompt-tokens", "PROMPT", 8, Kind::Number, "prompt_tokens"},
    Column{"completion-tokens", "TOKENS", 8, Kind::Number, "completion_tokens"},
    Column{"error", "ERROR", 0, Kind::Text, "error"},
};
constexpr qsizetype usual = 8; // so many of them, from the first

QString special(const Column &column, const QJsonObject &request)
{
    const QByteArrayView name = column.name;
    if (name == "time")
        return request["started_at"_L1].toString().section(u'T', 1).chopped(1);
    if (name == "status")
        return request["status"_L1].toInt() > 0 ? QString::number(request["status"_L1].toInt()) : u"-"_s;
    if (name == "end")
        return request["end"_L1].toString(u"running"_s);
    return request["prefill"_L1].toString(u"-"_s) + u'/' + request["decode"_L1].toString(u"-"_s);
}

QString cell(const Column &column, const QJsonObject &request)
{
    if (!column.member)
        return special(column, request);
    const QJsonValue value = request[QLatin1StringView(column.member)];
    if (column.kind == Kind::Text)
        return value.toString(u"-"_s);
    return value.isDouble() ? QString::number(value.toDouble(), 'f', column.kind == Kind::Time ? 1 : 0) : u"-"_s;
}

QString padded(const Column &column, const QString &text, bool last)
{
    if (column.kind != Kind::Text)
        return text.rightJustified(column.width);
    return last || column.width == 0 ? text : text.leftJustified(column.width, u' ', true);
}

/// How it ended, at a glance.
const char *colorOf(const QJsonObject &request)
{
    const QString end = request["end"_L1].toString();
    if (end.isEmpty())
        return "36";
    if (end == "client_gone"_L1)
        return "33";
    return end == "ok"_L1 && request["status"_L1].toInt() < 400 ? "32" : "31";
}

} // namespace

QStringList TraceColumns::names()
{
    QStringList list;
    for (const Column &column : columns)
        list += QString::fromLatin1(column.name);
    return list;
}

Result<TraceColumns> TraceColumns::parse(const QString &names, bool color)
{
    TraceColumns chosen;
    chosen.m_color = color;
    if (names.trimmed().isEmpty()) {
        for (int i = 0; i < usual; ++i)
            chosen.m_columns.append(i);
        return chosen;
    }
    const QStringList wanted = names.split(u',');
    for (const QString &name : wanted) {
        const qsizetype index = TraceColumns::names().indexOf(name.trimmed());
        if (index < 0)
            return failure(u"there is no column \"%1\"; known are %2"_s.arg(name.trimmed().left(40), TraceColumns::names().join(u", "_s)));
        chosen.m_columns.append(int(index));
    }
    return chosen;
}

QString TraceColumns::header() const
{
    QStringList cells;
    for (const int index : m_columns)
        cells += padded(columns[size_t(index)], QString::fromLatin1(columns[size_t(index)].title), index == m_columns.last());
    return cells.join(u' ') + u'\n';
}

QString TraceColumns::line(const QJsonObject &request) const
{
    QStringList cells;
    for (const int index : m_columns) {
        const Column &column = columns[size_t(index)];
        QString text = padded(column, escapeControls(cell(column, request)), index == m_columns.last());
        if (m_color && (QByteArrayView(column.name) == "end" || QByteArrayView(column.name) == "status"))
            text = u"\x1b[%1m%2\x1b[0m"_s.arg(QLatin1StringView(colorOf(request)), text);
        cells += text;
    }
    return cells.join(u' ') + u'\n';
}

} // namespace pdlb::cli
