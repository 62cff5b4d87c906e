// SPDX-License-Identifier: Apache-2.0
#include "trace/timeline_phases.h"

#include "trace/server_times.h"

namespace pdlb::trace {

namespace {

class Phases
{
public:
    Phases(std::vector<Phase> &list, const Timeline &timeline) : m_list(list), m_timeline(timeline) {}

    void client()
    {
        add({nullptr, false, "queue", PhaseKind::Queue}, m_timeline.received, m_timeline.picked, m_timeline.ended);
        add({nullptr, false, "until answer", PhaseKind::Wait}, m_timeline.picked, m_timeline.clientHead, m_timeline.ended);
        add({nullptr, false, "answer", PhaseKind::Stream}, m_timeline.clientHead, m_timeline.ended, m_timeline.ended);
    }

    void leg(const LegTimeline &leg, bool earlier)
    {
        const bool asPlanned = leg.isGood() && !leg.cancelled && leg.error.isEmpty();
        add({&leg, earlier, leg.reused ? "reuse" : "connect", PhaseKind::Connect}, leg.opened, leg.ready, leg.ended);
        add({&leg, earlier, "send", PhaseKind::Send}, leg.ready, leg.sent, leg.ended);
        if (leg.prefill) {
            // Its answer comes with the end of the transfer: nothing in between can be told apart from here.
            const bool computes = asPlanned || !leg.ended;
            add({&leg, earlier, computes ? "compute + KV" : "wait", computes ? PhaseKind::Compute : PhaseKind::Wait}, leg.sent, leg.ended, leg.ended);
            inEngine(leg, earlier);
            return;
        }
        add({&leg, earlier, leg.isGood() || leg.status == 0 ? "first token" : "wait", PhaseKind::Wait}, leg.sent, leg.firstByte, leg.ended);
        add({&leg, earlier, leg.isGood() ? "stream" : "answer", PhaseKind::Stream}, leg.firstByte, leg.ended, leg.ended);
        inEngine(leg, earlier);
    }

private:
    void inEngine(const LegTimeline &leg, bool earlier)
    {
        if (const auto times = serverTimes(m_timeline, leg))
            add({&leg, earlier, "in engine", PhaseKind::Compute}, times->received, times->finished, times->finished);
    }

    /// `ended`: when that is over which the phase is of.
    void add(Phase phase, const Moment &from, const Moment &to, const Moment &ended)
    {
        if (!from)
            return;
        phase.from = *from;
        phase.to = to ? to : ended;
        if (phase.to && *phase.to < phase.from) // an answer that came before all of the request was sent
            phase.to = phase.from;
        m_list.push_back(phase);
    }

    std::vector<Phase> &m_list;
    const Timeline &m_timeline;
};

} // namespace

std::vector<Phase> phasesOf(const Timeline &timeline)
{
    std::vector<Phase> list;
    Phases phases(list, timeline);
    phases.client();
    for (const LegTimeline &leg : timeline.earlierLegs)
        phases.leg(leg, true);
    for (const LegTimeline &leg : timeline.legs)
        phases.leg(leg, false);
    return list;
}

} // namespace pdlb::trace
