// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QObject>
#include <QPointer>
#include <QTimer>

#include <chrono>

namespace pdlb::mock {

class RoomSide;

/// Where the engines of one fleet meet: a prefill is found by its bootstrap port, a request by its room. One thread.
class Rendezvous final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Rendezvous)

public:
    using QObject::QObject;

    /// A prefill's bootstrap server can be reached at that port from now on, under any of `hosts` (empty: any name).
    void addPrefill(quint16 bootstrapPort, const QList<QByteArray> &hosts);
    void removePrefill(quint16 bootstrapPort) { m_prefills.remove(bootstrapPort); }
    bool reaches(const QByteArray &host, quint16 bootstrapPort) const;
    /// Rooms with at least one side present.
    qsizetype rooms() const { return m_rooms.size(); }

private:
    friend class RoomSide;
    using Key = std::pair<quint16, quint64>;
    struct Room {
        RoomSide *prefill = nullptr;
        RoomSide *decode = nullptr;
    };

    /// The other side, if it is there.
    RoomSide *enter(RoomSide *side);
    RoomSide *leave(RoomSide *side);

    QHash<quint16, QList<QByteArray>> m_prefills;
    QHash<Key, Room> m_rooms;
};

/// One engine's side of one room, from the request's arrival to the end of the KV transfer:
///
///     prefill: waits for decode (Bootstrapping) → computes → transfers → transferred()
///     decode:  looks the prefill up → waits for KV (WaitingForInput)   → transferred()
///
/// A side that is deleted, cancelled or aborted before makes the other one fail, as in SGLang.
class RoomSide final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(RoomSide)

public:
    enum class Kind { Prefill, Decode };
    struct Spec {
        Kind kind = Kind::Prefill;
        /// Needs no other side: a plain engine, or SGLang's fake bootstrap host 2.2.2.2.
        bool alone = false;
        QByteArray host; ///< decode: the prefill's bootstrap host as the request says
        quint16 bootstrapPort = 0; ///< prefill: its own; decode: where it looks
        quint64 room = 0;
        QByteArray rid;
        std::chrono::nanoseconds compute{0}; ///< prefill, or alone: until the KV transfer begins
        std::chrono::nanoseconds transfer{0};
        QString transferFailure; ///< not empty: the transfer fails at its end, for that reason
        std::chrono::milliseconds lookup{0};
        std::chrono::milliseconds timeout{0}; ///< for the other side to come (prefill) or for KV (decode)
    };
    enum class Phase { Lookup, Waiting, Computing, Transferring, Done };

    RoomSide(Rendezvous *hub, Spec spec, QObject *parent);
    ~RoomSide() override;

    void start();
    /// POST /abort_request named it: both sides fail.
    void abort();
    /// The request is over: says nothing more here, and the other side fails unless the transfer is done.
    void cancel();
    Phase phase() const { return m_phase; }
    const Spec &spec() const { return m_spec; }

Q_SIGNALS:
    void transferred(); ///< the KV cache is where it belongs
    void failed(int status, const QString &message); ///< SGLang's words

private:
    friend class Rendezvous;

    void wait(std::chrono::nanoseconds time, void (RoomSide::*then)());
    void onTimer();
    void meet();
    void compute();
    void transfer();
    void lookupFailed();
    void timedOut();
    void finishTransfer();
    void failTransfer(const QString &reason);
    void peerLost();
    void fail(const char *stage, const QString &reason);
    void leave();

    QPointer<Rendezvous> m_hub;
    Spec m_spec;
    Phase m_phase = Phase::Lookup;
    bool m_met = false;
    bool m_inHub = false;
    QTimer m_timer;
    void (RoomSide::*m_then)() = nullptr;
};

} // namespace pdlb::mock
