// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/sse.h"
#include "inject/injector.h"
#include "upstream/upstream_transport.h"

namespace pdlb::inject {

/// A leg to which something is done on purpose, between the engine's and its user. Takes `inner` as a child.
class FaultyLeg final : public upstream::Leg, private upstream::LegObserver
{
    Q_OBJECT

public:
    FaultyLeg(upstream::Leg *inner, Injection injection, QObject *parent);

    bool isReady() const override { return m_inner->isReady(); }
    void send() override;
    void pause() override { m_inner->pause(); }
    void resume() override;
    void abort() override;
    bool wroteAnything() const override { return m_sent || m_inner->wroteAnything(); }
    bool reusedConnection() const override { return m_inner->reusedConnection(); }

private:
    // LegObserver: of the inner one
    void legReady() override { observer().legReady(); }
    void legSent() override { observer().legSent(); }
    void legHead(const http::ResponseHead &head) override { observer().legHead(head); }
    void legData(QByteArrayView bytes) override;
    void legFinished(const upstream::LegEnd &end) override;

    void sendNow();
    void answerStatus();
    void breakOff(const QString &where);

    upstream::Leg *m_inner; ///< child
    Injection m_injection;
    http::SseScanner m_scanner;
    bool m_sent = false;
    bool m_over = false; ///< it has ended or was aborted: nothing more is told
    bool m_stalled = false;
};

/// The body with every one of these rooms replaced by another one.
BytePieces withWrongRooms(const BytePieces &body, const QList<quint64> &rooms);

} // namespace pdlb::inject
