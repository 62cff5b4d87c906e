// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/edge_options.h"

#include <QDeadlineTimer>
#include <QHostAddress>
#include <QObject>
#include <QSocketNotifier>
#include <QTimer>

namespace pdlb::edge {

/// Takes connections from a listening socket: some at a time, so that those already taken are served in between, and none
/// while there are as many as allowed or no descriptor is left. (QTcpServer empties the whole backlog at once, and spins
/// when it has no descriptors.) What is not taken waits in the kernel's backlog.
class Acceptor final : public QObject
{
    Q_OBJECT

public:
    /// Owns `descriptor`: bound, listening, non-blocking.
    Acceptor(int descriptor, EdgeShared &shared, qint64 maxConnections, QObject *parent = nullptr);
    ~Acceptor() override;
    /// Accepts no more, and closes the listening socket.
    void stop();

    /// To be called for each accepted connection when its descriptor is closed.
    void connectionClosed();

Q_SIGNALS:
    /// The receiver owns the descriptor.
    void accepted(qintptr descriptor, const QHostAddress &peer);

private:
    void onReadable();
    void pause();
    void tryAgain();
    bool isFull() const;

    int m_descriptor;
    EdgeShared &m_shared;
    qint64 m_maxConnections;
    QSocketNotifier m_notifier;
    QTimer m_retry;
    QDeadlineTimer m_nextWarning{0};
};

} // namespace pdlb::edge
