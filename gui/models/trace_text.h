// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "theme/theme.h"
#include "trace/timeline.h"

#include <QCoreApplication>

namespace pdlb::gui {

/// How a request stands, as people want to tell them apart.
enum class TraceState {
    Queued,
    Running,
    Done,
    Failed, ///< an engine's or the balancer's failure
    Refused, ///< the client's own mistake
    ClientGone,
};
TraceState stateOf(const trace::Timeline &timeline);

/// Words and colours for requests. All text is plain; what others sent is cut and has no control characters.
class TraceText
{
    Q_DECLARE_TR_FUNCTIONS(TraceText)

public:
    /// "✔"
    static QString symbol(TraceState state);
    /// "✔ 200", "⟳ running", "✖ 502"
    static QString state(const trace::Timeline &timeline);
    /// For screen readers and tooltips: "done, status 200".
    static QString stateInWords(const trace::Timeline &timeline);
    static Tone tone(TraceState state);
    /// "p1 → d2"; several legs' names side by side; "–" before one was picked.
    static QString pair(const trace::Timeline &timeline);
    static QString serverOf(const trace::Timeline &timeline, bool prefill);
    /// "212 ms", "1.9 s", "3 min 20 s"; "–" for none.
    static QString duration(std::optional<Monotonic> time);
    static QString duration(double milliseconds);
    /// "1.2 KiB"
    static QString bytes(qint64 bytes);
    static QString count(std::optional<qint64> number);
    /// Why it ended as it did, or what goes on; one line.
    static QString summary(const trace::Timeline &timeline);
    /// Of a trace::Phase.
    static QString phase(const char *name);
    /// What others sent, for showing.
    static QString foreign(const QByteArray &bytes, qsizetype most = 256);
};

/// From received to the first token; none: it did not come to that.
std::optional<Monotonic> ttftOf(const trace::Timeline &timeline);
/// From received to the end, or to `now`.
Monotonic totalOf(const trace::Timeline &timeline, Monotonic now);

} // namespace pdlb::gui
