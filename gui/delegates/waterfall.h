// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <QObject>

class QPainter;
class QRectF;

namespace pdlb::gui {

/// What a stretch of a request's bar stands for. Each has a colour and a texture of its own.
enum class BarKind { Queue, Connect, Prefill, Transfer, DecodeWait, Stream };

/// One stretch, in nanoseconds since the request was received.
struct BarSpan {
    BarKind kind = BarKind::Queue;
    Monotonic from{0};
    Monotonic to{0};

    bool operator==(const BarSpan &) const = default;
};

/// A request as one bar: what it waited for at each moment. Pure, tested without painting.
struct Bar {
    std::vector<BarSpan> spans; ///< by time, without gaps or overlaps
    std::vector<Monotonic> ticks; ///< pieces of decode's stream
    Monotonic end{0};
    bool failed = false; ///< it ends with a cross
    bool running = false;
};
/// `now` ends what runs.
Bar barOf(const trace::Timeline &timeline, Monotonic now);

/// From times to pixels and back, for the waterfall column and its header.
struct TimeScale {
    Monotonic begin{0};
    Monotonic span = std::chrono::seconds(1);
    double width = 100; ///< pixels

    double x(Monotonic time) const { return double((time - begin).count()) / double(span.count()) * width; }
    Monotonic time(double x) const { return begin + Monotonic(qint64(x / width * double(span.count()))); }
};

/// Distance of the ticks so that labels of `labelWidth` pixels fit: 1, 2 or 5 times a power of ten.
Monotonic tickStep(const TimeScale &scale, double labelWidth);
/// The smallest 1, 1.5, 2, 3, 4, 5, 6 or 8 times a power of ten that is not below `span`.
Monotonic niceSpan(Monotonic span);
/// "200 ms", "1.5 s"; "0".
QString tickLabel(Monotonic time, Monotonic step);

/// Paints a bar's stretches into `rect`, whose width is the scale's.
void paintBar(QPainter &painter, const QRectF &rect, const Bar &bar, const TimeScale &scale);
void paintSpan(QPainter &painter, const QRectF &rect, BarKind kind);

/// What the waterfall column shows: shared by its header, its delegate and who zooms.
class WaterfallAxis final : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;
    Monotonic begin() const { return m_begin; }
    Monotonic span() const { return m_span; }
    /// Follows the longest row that is seen; else somebody has zoomed.
    bool isAutomatic() const { return m_automatic; }
    /// The longest row that is seen; counts while automatic.
    void fit(Monotonic longest);
    /// Around a time, by a factor below 1 to see more of it.
    void zoom(double factor, Monotonic around);
    void pan(Monotonic by);
    void setAutomatic();

    static constexpr Monotonic shortest = std::chrono::microseconds(100);
    static constexpr Monotonic longestSpan = std::chrono::hours(24);

Q_SIGNALS:
    void changed();

private:
    Monotonic m_begin{0};
    Monotonic m_span = std::chrono::seconds(1);
    bool m_automatic = true;
};

} // namespace pdlb::gui
