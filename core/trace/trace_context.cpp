// SPDX-License-Identifier: Apache-2.0
#include "trace/trace_context.h"

#include "util/hex.h"

#include <algorithm>

namespace pdlb::trace {

namespace {

bool isHex(QByteArrayView text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool isZero(QByteArrayView text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c == '0'; });
}

quint64 notZero(Random &random)
{
    quint64 bits = 0;
    while (bits == 0)
        bits = random.next64();
    return bits;
}

QByteArray hex64(Random &random)
{
    QByteArray text(16, Qt::Uninitialized);
    writeHex64(text.data(), notZero(random));
    return text;
}

} // namespace

QByteArray makeSpanId(Random &random)
{
    return hex64(random);
}

std::optional<TraceContext> TraceContext::parse(QByteArrayView text)
{
    // version "-" trace-id "-" parent-id "-" flags; versions above 00 may go on behind another dash.
    constexpr qsizetype length = 55;
    if (text.size() < length || text[2] != '-' || text[35] != '-' || text[52] != '-')
        return {};
    const QByteArrayView version = text.first(2), traceId = text.sliced(3, 32), parentId = text.sliced(36, 16), flags = text.sliced(53, 2);
    if (!isHex(version) || !isHex(traceId) || !isHex(parentId) || !isHex(flags) || version == "ff" || isZero(traceId) || isZero(parentId))
        return {};
    if (text.size() > length && (version == "00" || text[length] != '-'))
        return {};
    return TraceContext{traceId.toByteArray(), parentId.toByteArray(), {}, (flags.toByteArray().toInt(nullptr, 16) & 1) != 0};
}

TraceContext TraceContext::continued(QByteArrayView traceparent, Random &random, double sampling)
{
    auto context = parse(traceparent).value_or(TraceContext());
    if (context.traceId.isEmpty()) {
        const quint64 upper = notZero(random);
        const quint64 lower = notZero(random);
        context.traceId.resize(32);
        writeHex64(writeHex64(context.traceId.data(), upper), lower);
        // By the id's last 56 bits, so that all who sample this trace by the same share agree.
        constexpr quint64 all = quint64(1) << 56;
        context.sampled = double(lower & (all - 1)) < sampling * double(all);
    }
    context.spanId = hex64(random);
    return context;
}

QByteArray TraceContext::traceparent(const QByteArray &spanId) const
{
    return "00-" + traceId + '-' + spanId + (sampled ? "-01" : "-00");
}

} // namespace pdlb::trace
