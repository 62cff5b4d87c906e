// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upstream/upstream_transport.h"

#include <QJsonObject>
#include <QStringList>
#include <QTimer>

#include <functional>
#include <optional>

namespace pdlb::client {

/// What a balancer's record says of a request. Times in milliseconds.
struct ServerView {
    QString problem; ///< why nothing is known; empty: it is
    QString end; ///< as the balancer calls it
    QString pair; ///< "p1/d2"
    std::optional<double> queue; ///< until servers were picked
    std::optional<double> prefill; ///< prefill's whole leg, KV transfer included
    std::optional<double> decodeFirst; ///< from prefill's end to decode's first byte
    QStringList cancelled; ///< servers whose leg was closed before its end …
    QStringList told; ///< … and of these, those that were also told to forget the request
    QStringList finished; ///< servers whose leg had ended by itself
};
/// Of the record as `GET /admin/v1/traces/{id}` tells it.
ServerView serverView(const QJsonObject &trace);

/// Asks the balancer's admin API for the record of a request, some times over while the balancer is still busy with it.
/// Calls back exactly once, then deletes itself.
class TraceLookup final : public QObject
{
    Q_OBJECT

public:
    using Callback = std::function<void(const ServerView &)>;

    /// The key is only sent to who asks for one. `transport` must outlive it.
    TraceLookup(upstream::UpstreamTransport &transport, const upstream::Origin &origin, QByteArray adminKey, const QByteArray &requestId,
                Callback callback, QObject *parent);

    static constexpr int mostTries = 8;
    static constexpr std::chrono::milliseconds pause{100};

private:
    void ask();
    void again(const ServerView &otherwise);
    void tell(const ServerView &view);

    upstream::UpstreamTransport &m_transport;
    upstream::Origin m_origin;
    QByteArray m_key;
    QByteArray m_target;
    Callback m_callback;
    QTimer m_timer;
    int m_tries = 0;
    bool m_sendsKey = false;
};

} // namespace pdlb::client
