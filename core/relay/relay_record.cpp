// SPDX-License-Identifier: Apache-2.0

// What the relay tells of its request.
#include "relay/relay.h"

#include "trace/filter.h"

namespace pdlb::relay {

void Relay::readFacts()
{
    if (m_trace.status < 200 || m_trace.status >= 300)
        return;
    m_trace.facts = pd::factsOfAnswer(m_recorder.answerTail(), m_shape.stream);
    for (trace::LegTimeline &leg : m_trace.legs) {
        // Only SGLang's own endpoint tells times; the tokens are those of the client's answer.
        if (leg.prefill && leg.sample == 0 && m_endpoint == pd::Endpoint::Generate && m_recorder.prefill().isWhole())
            leg.facts = pd::factsOfAnswer(m_recorder.prefill().bytes, m_shape.stream);
    }
}

trace::Timeline Relay::snapshot()
{
    observations(); // others add to them
    trace::Timeline record = m_trace;
    record.legs.reserve(m_legs.size());
    for (const auto &run : m_legs)
        record.legs.push_back(run->trace);
    if (m_paused && m_exchange)
        record.stalled = m_stalledSince;
    return record;
}

trace::Timeline Relay::takeTimeline()
{
    if (m_context.isSearched)
        m_trace.searchText = trace::searchTextOf(m_trace);
    return std::move(m_trace);
}

trace::Observations &Relay::observations()
{
    if (!m_trace.observations)
        m_trace.observations = std::make_shared<trace::Observations>();
    return *m_trace.observations;
}

} // namespace pdlb::relay
