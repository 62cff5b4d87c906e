// SPDX-License-Identifier: Apache-2.0
#include "mock/rendezvous.h"

namespace pdlb::mock {

void Rendezvous::addPrefill(quint16 bootstrapPort, const QList<QByteArray> &hosts)
{
    m_prefills.insert(bootstrapPort, hosts);
}

bool Rendezvous::reaches(const QByteArray &host, quint16 bootstrapPort) const
{
    const auto found = m_prefills.constFind(bootstrapPort);
    return found != m_prefills.cend() && (found->isEmpty() || found->contains(host));
}

RoomSide *Rendezvous::enter(RoomSide *side)
{
    Room &room = m_rooms[Key(side->m_spec.bootstrapPort, side->m_spec.room)];
    const bool prefill = side->m_spec.kind == RoomSide::Kind::Prefill;
    (prefill ? room.prefill : room.decode) = side;
    return prefill ? room.decode : room.prefill;
}

RoomSide *Rendezvous::leave(RoomSide *side)
{
    const auto found = m_rooms.find(Key(side->m_spec.bootstrapPort, side->m_spec.room));
    if (found == m_rooms.end())
        return nullptr;
    RoomSide *&own = side->m_spec.kind == RoomSide::Kind::Prefill ? found->prefill : found->decode;
    RoomSide *other = side->m_spec.kind == RoomSide::Kind::Prefill ? found->decode : found->prefill;
    // A room used twice by different engines: the newest side of a kind owns the place.
    if (own != side)
        return nullptr;
    own = nullptr;
    if (!other)
        m_rooms.erase(found);
    return other;
}

RoomSide::RoomSide(Rendezvous *hub, Spec spec, QObject *parent) : QObject(parent), m_hub(hub), m_spec(std::move(spec))
{
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &RoomSide::onTimer);
}

RoomSide::~RoomSide()
{
    leave();
}

void RoomSide::wait(std::chrono::nanoseconds time, void (RoomSide::*then)())
{
    m_then = then;
    m_timer.start(std::chrono::duration_cast<std::chrono::milliseconds>(time + std::chrono::microseconds(500)));
}

void RoomSide::onTimer()
{
    (this->*m_then)();
}

void RoomSide::start()
{
    if (m_spec.alone) {
        compute();
        return;
    }
    const bool decode = m_spec.kind == Kind::Decode;
    if (!m_hub || (decode && !m_hub->reaches(m_spec.host, m_spec.bootstrapPort))) {
        wait(m_spec.lookup, &RoomSide::lookupFailed);
        return;
    }
    m_phase = Phase::Waiting;
    wait(m_spec.timeout, &RoomSide::timedOut);
    RoomSide *peer = m_hub->enter(this);
    m_inHub = true;
    if (!peer)
        return;
    meet();
    peer->meet();
}

void RoomSide::meet()
{
    m_met = true;
    m_phase = Phase::Transferring; // decode waits for the KV cache from now on
    if (m_spec.kind == Kind::Prefill)
        compute();
}

void RoomSide::compute()
{
    if (m_spec.compute.count() == 0) {
        transfer();
        return;
    }
    m_phase = Phase::Computing;
    wait(m_spec.compute, &RoomSide::transfer);
}

void RoomSide::transfer()
{
    m_phase = Phase::Transferring;
    wait(m_spec.transfer, &RoomSide::finishTransfer);
}

void RoomSide::lookupFailed()
{
    const QByteArray address = m_spec.host + ':' + QByteArray::number(m_spec.bootstrapPort);
    fail("Decode handshake failed", QStringLiteral("Could not fetch prefill parallel info from %1 after 15 attempts")
                                        .arg(QString::fromUtf8(address)));
}

void RoomSide::timedOut()
{
    const double seconds = std::chrono::duration<double>(m_spec.timeout).count();
    const bool prefill = m_spec.kind == Kind::Prefill;
    fail(prefill ? "Prefill bootstrap failed" : "Decode transfer failed",
         QStringLiteral("Request %1 timed out after %2s in KVPoll.%3")
             .arg(QString::number(m_spec.room), QString::number(seconds, 'f', 1),
                  prefill ? QStringLiteral("Bootstrapping") : QStringLiteral("WaitingForInput")));
}

void RoomSide::finishTransfer()
{
    QPointer<RoomSide> peer;
    if (m_inHub && m_hub) {
        peer = m_hub->leave(this);
        m_inHub = false;
    }
    const QString failure = peer && m_spec.transferFailure.isEmpty() ? peer->m_spec.transferFailure : m_spec.transferFailure;
    if (peer && !failure.isEmpty()) {
        failTransfer(failure);
        if (peer)
            peer->failTransfer(failure);
        return;
    }
    m_phase = Phase::Done;
    if (peer) {
        m_hub->leave(peer);
        peer->m_inHub = false;
        peer->m_timer.stop();
        peer->m_phase = Phase::Done;
    }
    // The prefill's answer goes out first: its leg ends with the transfer, decode's first token follows.
    Q_EMIT transferred();
    if (peer)
        Q_EMIT peer->transferred();
}

void RoomSide::failTransfer(const QString &reason)
{
    fail(m_spec.kind == Kind::Prefill ? "Prefill transfer failed" : "Decode transfer failed", reason);
}

void RoomSide::abort()
{
    if (m_phase == Phase::Done)
        return;
    const bool prefill = m_spec.kind == Kind::Prefill;
    fail(prefill ? (m_met ? "Prefill transfer failed" : "Prefill bootstrap failed")
                 : (m_met ? "Decode transfer failed" : "Decode handshake failed"),
         QStringLiteral("Aborted by AbortReq."));
}

void RoomSide::cancel()
{
    leave();
    m_timer.stop();
    m_phase = Phase::Done;
}

void RoomSide::peerLost()
{
    if (m_phase == Phase::Done)
        return;
    if (m_spec.kind == Kind::Prefill) {
        fail("Prefill transfer failed", QStringLiteral("Decode instance could be dead, remote session is not alive"));
        return;
    }
    const QByteArray address = m_spec.host + ':' + QByteArray::number(m_spec.bootstrapPort);
    fail("Decode transfer failed",
         QStringLiteral("Lost connection with prefill instance (bootstrap_addr: %1)").arg(QString::fromUtf8(address)));
}

void RoomSide::fail(const char *stage, const QString &reason)
{
    cancel();
    const bool prefill = m_spec.kind == Kind::Prefill;
    const QString room = QString::number(m_spec.room);
    Q_EMIT failed(500, QStringLiteral("%1 for request rank=0 %2='%3' %4=%5 with exception "
                                      "KVTransferError(bootstrap_room=%5): %6")
                           .arg(QString::fromLatin1(stage),
                                prefill ? QStringLiteral("req.rid") : QStringLiteral("decode_req.req.rid"),
                                QString::fromUtf8(m_spec.rid),
                                prefill ? QStringLiteral("req.bootstrap_room")
                                        : QStringLiteral("decode_req.req.bootstrap_room"),
                                room, reason));
}

void RoomSide::leave()
{
    if (!m_inHub || !m_hub)
        return;
    m_inHub = false;
    RoomSide *peer = m_hub->leave(this);
    if (!peer || !peer->m_met)
        return;
    // Queued: the caller may be in the middle of the other engine's or this one's destruction.
    QMetaObject::invokeMethod(peer, &RoomSide::peerLost, Qt::QueuedConnection);
}

} // namespace pdlb::mock
