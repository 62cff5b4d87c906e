// SPDX-License-Identifier: Apache-2.0
#include "relay/reply_stream.h"

#include "http/message_writer.h"

namespace pdlb::relay {

ReplyStream::ReplyStream(edge::Exchange &exchange, int status, http::HeaderList headers, std::chrono::milliseconds stall, std::function<void()> ask,
                         QObject *parent)
    : QObject(parent), m_exchange(&exchange), m_ask(std::move(ask))
{
    exchange.setObserver(this);
    exchange.begin(status, http::reasonPhrase(status), std::move(headers), {});
    m_stall.setSingleShot(true);
    m_stall.setInterval(stall);
    connect(&m_stall, &QTimer::timeout, this, [this] {
        if (!m_exchange)
            return;
        m_exchange->setObserver(nullptr);
        std::exchange(m_exchange, nullptr)->cut();
        leave();
    });
}

ReplyStream::~ReplyStream()
{
    if (m_exchange)
        m_exchange->setObserver(nullptr);
}

void ReplyStream::askIfThereIsRoom()
{
    m_stall.stop();
    if (!m_exchange || m_asked)
        return;
    if (m_exchange->pendingBytes() > edge::Exchange::highWater) { // clientDrained() follows
        if (m_stall.interval() > 0)
            m_stall.start();
        return;
    }
    m_asked = true;
    m_ask();
}

void ReplyStream::add(const QByteArray &piece)
{
    m_asked = false;
    if (!m_exchange)
        return;
    if (!piece.isEmpty()) {
        m_exchange->write(piece); // may find that the client is gone
        askIfThereIsRoom();
        return;
    }
    m_exchange->setObserver(nullptr);
    std::exchange(m_exchange, nullptr)->finish();
    leave();
}

void ReplyStream::clientGone()
{
    m_exchange = nullptr;
    leave();
}

void ReplyStream::leave()
{
    m_stall.stop();
    Q_EMIT over(this);
}

} // namespace pdlb::relay
