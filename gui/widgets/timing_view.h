// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "delegates/waterfall.h"
#include "trace/timeline_phases.h"

#include <QWidget>

namespace pdlb::gui {

/// One request on its own axis: a line for the client's exchange and one for each leg, with its phases.
class TimingView final : public QWidget
{
    Q_OBJECT

public:
    explicit TimingView(QWidget *parent = nullptr);
    void setTimeline(const trace::TimelinePtr &timeline);
    /// "prefill p1: send 0.1 ms, compute + KV 12 ms", a line for each actor.
    QStringList lines() const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {300, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent *event) override;
    bool event(QEvent *event) override;

private:
    struct Actor {
        QString name;
        QString outcome;
        const trace::LegTimeline *leg = nullptr; ///< of m_timeline
        std::vector<trace::Phase> phases;
        std::vector<trace::Phase> inEngine; ///< by the engine's own clock, below the others
    };
    TimeScale scale() const;
    int lineHeight() const;
    QRect lineRect(int actor) const;
    void makeActors();
    static BarKind kindOf(const trace::Phase &phase);

    trace::TimelinePtr m_timeline;
    std::vector<Actor> m_actors;
    Monotonic m_end{0};
};

} // namespace pdlb::gui
