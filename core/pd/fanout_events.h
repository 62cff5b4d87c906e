// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/event_data.h"
#include "pd/request_shape.h"

namespace pdlb::pd {

/// Weaves the event streams of a fanned-out request into one: events in the order they come, with their answers
/// renumbered (answer j of sample i is number j * n + i), one id for all (OpenAI), one usage event and one [DONE] at
/// the end. Comments and events of other kinds go through unchanged.
class FanOutEvents
{
public:
    FanOutEvents(Endpoint endpoint, int samples);
    /// What the client gets for a whole event of a sample's decode answer; empty when it has to wait or is left out.
    Result<QByteArray> take(int sample, const QByteArray &event);
    /// What is left when the samples have ended without all of them saying [DONE].
    QByteArray finish();

private:
    bool rewriteGenerate(int sample, const EventData &data, json::Value answer,
                         std::vector<json::Replacement> &edits) const;
    bool rewriteOpenAi(int sample, const EventData &data, json::Value answer, std::vector<json::Replacement> &edits);
    QByteArray takeUsage();
    json::Replacement renumbered(const EventData &data, json::Value answer, qint64 place, int sample) const;

    Endpoint m_endpoint;
    int m_samples;
    int m_doneCount = 0;
    std::vector<bool> m_done;        ///< by sample: [DONE] was seen
    std::vector<QByteArray> m_usage; ///< by sample: its usage event, its data on one line
    QByteArray m_id;                 ///< as JSON text
};

} // namespace pdlb::pd
