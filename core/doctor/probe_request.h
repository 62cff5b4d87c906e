// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/engine_samples.h"
#include "doctor/engine_answers.h"
#include "doctor/transports.h"
#include "pd/dialect.h"

#include <QElapsedTimer>
#include <QTimer>

namespace pdlb::doctor {

/// One request of one leg or two, sent as the balancer does: held until every leg has a connection, then all at once. When
/// one fails the others are given a moment to say why, then they are ended: connection closed, POST /abort_request. When
/// the time is over, two legs' engines are asked first where the request is (/v1/loads). Whatever happens, finished()
/// follows at most 2 s behind the timeout.
class ProbeRequest final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(ProbeRequest)

public:
    struct Leg {
        upstream::Origin origin;
        http::HeaderList headers; ///< credentials
        pd::LegPlan plan;
    };

    /// `transports` and `quote` outlive it.
    ProbeRequest(Transports &transports, const Quoter &quote, const std::vector<Leg> &legs, std::chrono::milliseconds timeout, QObject *parent);
    ~ProbeRequest() override;
    /// Once. finished() is never emitted from within.
    void start();

    const LegFacts &facts(size_t leg) const { return m_legs[leg].facts; }
    /// Of that leg's engine, when the time was over.
    const std::optional<trace::LoadSample> &queues(size_t leg) const { return m_legs[leg].queues; }

Q_SIGNALS:
    void finished();

private:
    struct State {
        Leg spec;
        upstream::Leg *leg = nullptr;
        LegFacts facts;
        QByteArray body;
        std::optional<trace::LoadSample> queues;
        bool sent = false;
        bool over = false;
    };
    void ready();
    void ended(State &state, const upstream::LegEnd &end);
    void judge(State &state) const;
    void timedOut();
    void endAll(LegFacts::End how);
    void call(State &state, control::EngineRequest request, const std::function<void(const control::EngineReply &)> &then);
    void callEnded();

    Transports &m_transports;
    const Quoter &m_quote;
    std::vector<State> m_legs;
    std::chrono::milliseconds m_timeout;
    QTimer m_timer;
    QElapsedTimer m_sentAt;
    bool m_ending = false;
    int m_calls = 0; ///< under way
};

} // namespace pdlb::doctor
