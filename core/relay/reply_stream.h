// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/exchange.h"

#include <QTimer>

#include <functional>

namespace pdlb::relay {

/// An answer of the control plane that comes in pieces: the next one is asked for when the client has taken most of those
/// before, so that never more than a piece and the high-water mark are held. Cut off when the client takes nothing for long.
class ReplyStream final : public QObject, private edge::Exchange::Observer
{
    Q_OBJECT

public:
    /// `ask` is called for each piece, which add() must then bring; it must not call add() itself. stall 0: waits for ever.
    ReplyStream(edge::Exchange &exchange, int status, http::HeaderList headers, std::chrono::milliseconds stall, std::function<void()> ask,
                QObject *parent);
    ~ReplyStream() override;

    void start() { askIfThereIsRoom(); }
    /// The next piece; an empty one ends the answer.
    void add(const QByteArray &piece);

Q_SIGNALS:
    /// It was sent to its end, or the client is gone.
    void over(pdlb::relay::ReplyStream *stream);

private:
    void clientGone() override;
    void clientDrained() override { askIfThereIsRoom(); }
    void askIfThereIsRoom();
    void leave();

    edge::Exchange *m_exchange; ///< null once it is over
    std::function<void()> m_ask;
    QTimer m_stall;
    bool m_asked = false;
};

} // namespace pdlb::relay
