// SPDX-License-Identifier: Apache-2.0
#include "models/trace_text.h"

#include "util/escape.h"

#include <QLocale>
#include <QStringList>

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

TraceState stateOf(const trace::Timeline &timeline)
{
    if (!timeline.ended)
        return timeline.queued && !timeline.admitted && !timeline.picked ? TraceState::Queued : TraceState::Running;
    switch (timeline.end) {
    case trace::EndReason::Ok: return timeline.status >= 500 ? TraceState::Failed : timeline.status >= 400 ? TraceState::Refused : TraceState::Done;
    case trace::EndReason::ClientGone: return TraceState::ClientGone;
    case trace::EndReason::BadRequest: return TraceState::Refused;
    case trace::EndReason::PrefillHttp:
    case trace::EndReason::DecodeHttp: return timeline.status >= 400 && timeline.status < 500 ? TraceState::Refused : TraceState::Failed;
    default: return TraceState::Failed;
    }
}

QString TraceText::symbol(TraceState state)
{
    switch (state) {
    case TraceState::Queued: return u"⏸"_s;
    case TraceState::Running: return u"⟳"_s;
    case TraceState::Done: return u"✔"_s;
    case TraceState::Failed:
    case TraceState::Refused: return u"✖"_s;
    case TraceState::ClientGone: return u"⊘"_s;
    }
    return {};
}

QString TraceText::state(const trace::Timeline &timeline)
{
    const TraceState state = stateOf(timeline);
    switch (state) {
    case TraceState::Queued: return symbol(state) + u' ' + tr("queued");
    case TraceState::Running: return symbol(state) + u' ' + tr("running");
    case TraceState::ClientGone: return symbol(state) + u' ' + tr("gone", "the client has left");
    default: return timeline.status > 0 ? symbol(state) + u' ' + QString::number(timeline.status) : symbol(state) + u' ' + tr("failed");
    }
}

QString TraceText::stateInWords(const trace::Timeline &timeline)
{
    switch (stateOf(timeline)) {
    case TraceState::Queued: return tr("queued");
    case TraceState::Running: return tr("running");
    case TraceState::Done: return tr("done, status %1").arg(timeline.status);
    case TraceState::Failed: return tr("failed, status %1").arg(timeline.status);
    case TraceState::Refused: return tr("refused, status %1").arg(timeline.status);
    case TraceState::ClientGone: return tr("the client has left");
    }
    return {};
}

Tone TraceText::tone(TraceState state)
{
    switch (state) {
    case TraceState::Queued: return Tone::Muted;
    case TraceState::Running: return Tone::Running;
    case TraceState::Done: return Tone::Ok;
    case TraceState::Failed: return Tone::Bad;
    case TraceState::Refused: return Tone::Warn;
    case TraceState::ClientGone: return Tone::Muted;
    }
    return Tone::Text;
}

QString TraceText::serverOf(const trace::Timeline &timeline, bool prefill)
{
    QStringList names;
    for (const trace::LegTimeline &leg : timeline.legs) {
        const QString name = foreign(leg.server, 64);
        if (leg.prefill == prefill && !names.contains(name))
            names += name;
    }
    return names.join(u'+');
}

QString TraceText::pair(const trace::Timeline &timeline)
{
    const QString prefill = serverOf(timeline, true);
    const QString decode = serverOf(timeline, false);
    if (prefill.isEmpty() && decode.isEmpty())
        return u"–"_s;
    return prefill.isEmpty() ? decode : decode.isEmpty() ? prefill : prefill + u" → "_s + decode;
}

QString TraceText::duration(std::optional<Monotonic> time)
{
    return time ? duration(double(time->count()) / 1e6) : u"–"_s;
}

QString TraceText::duration(double milliseconds)
{
    const QLocale locale;
    if (milliseconds < 0.95)
        return tr("%1 ms").arg(locale.toString(milliseconds, 'f', 2));
    if (milliseconds < 9.95)
        return tr("%1 ms").arg(locale.toString(milliseconds, 'f', 1));
    if (milliseconds < 999.5)
        return tr("%1 ms").arg(locale.toString(milliseconds, 'f', 0));
    if (milliseconds < 99'950)
        return tr("%1 s").arg(locale.toString(milliseconds / 1000, 'f', milliseconds < 9995 ? 2 : 1));
    const auto seconds = qint64(milliseconds / 1000 + 0.5);
    return tr("%1 min %2 s").arg(seconds / 60).arg(seconds % 60);
}

QString TraceText::bytes(qint64 bytes)
{
    const QLocale locale;
    if (bytes < 1024)
        return tr("%1 B").arg(bytes);
    if (bytes < qint64(1024) * 1024)
        return tr("%1 KiB").arg(locale.toString(double(bytes) / 1024, 'f', bytes < 10 * 1024 ? 1 : 0));
    const double mebibytes = double(bytes) / (1024.0 * 1024);
    return tr("%1 MiB").arg(locale.toString(mebibytes, 'f', mebibytes < 10 ? 1 : 0));
}

QString TraceText::count(std::optional<qint64> number)
{
    return number ? QLocale().toString(*number) : u"–"_s;
}

QString TraceText::phase(const char *name)
{
    static constexpr std::array names{
        QT_TR_NOOP("queue"), QT_TR_NOOP("until answer"), QT_TR_NOOP("answer"), QT_TR_NOOP("connect"), QT_TR_NOOP("reuse"), QT_TR_NOOP("send"),
        QT_TR_NOOP("compute + KV"), QT_TR_NOOP("wait"), QT_TR_NOOP("first token"), QT_TR_NOOP("stream"), QT_TR_NOOP("in engine")};
    const auto known = std::find_if(names.begin(), names.end(), [name](const char *n) { return QByteArrayView(n) == QByteArrayView(name); });
    return known == names.end() ? QString::fromLatin1(name) : tr(*known);
}

QString TraceText::foreign(const QByteArray &bytes, qsizetype most)
{
    const QString text = escapeControls(QString::fromUtf8(bytes.left(most)));
    return bytes.size() > most ? text + u'…' : text;
}

QString TraceText::summary(const trace::Timeline &timeline)
{
    if (!timeline.error.isEmpty())
        return escapeControls(timeline.error.left(500));
    switch (stateOf(timeline)) {
    case TraceState::Queued: return tr("waits for its turn");
    case TraceState::Running:
        if (!timeline.picked)
            return tr("received");
        if (timeline.stalled)
            return tr("the client takes nothing");
        if (timeline.firstToken())
            return tr("streaming");
        if (const trace::LegTimeline *prefill = timeline.leg(true); prefill && prefill->ended)
            return tr("waits for decode");
        return tr("prefill");
    case TraceState::ClientGone: return tr("the client has left");
    default: return {};
    }
}

std::optional<Monotonic> ttftOf(const trace::Timeline &timeline)
{
    const trace::Moment first = timeline.firstToken();
    return first ? std::optional(*first - timeline.received) : std::nullopt;
}

Monotonic totalOf(const trace::Timeline &timeline, Monotonic now)
{
    return std::max(timeline.ended.value_or(now) - timeline.received, Monotonic(0));
}

} // namespace pdlb::gui
