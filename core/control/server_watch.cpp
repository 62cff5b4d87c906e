// SPDX-License-Identifier: Apache-2.0
#include "control/server_watch.h"

#include "fleet/server_status.h"

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

constexpr std::chrono::milliseconds interval{200};

} // namespace

ServerWatch::ServerWatch(const fleet::Fleet &fleet, EventFeed &events, const Clock &clock, QObject *parent)
    : QObject(parent), m_fleet(fleet), m_events(events), m_clock(clock)
{
    m_timer.setInterval(interval);
    connect(&m_timer, &QTimer::timeout, this, &ServerWatch::look);
}

void ServerWatch::start()
{
    if (m_timer.isActive())
        return;
    m_known = statuses();
    m_timer.start();
}

QHash<QByteArray, QByteArray> ServerWatch::statuses() const
{
    QHash<QByteArray, QByteArray> statuses;
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const fleet::Server &server : snapshot->servers(role))
            statuses.insert(server.name, serverStatus(server, m_clock.now()).name);
    }
    return statuses;
}

void ServerWatch::look()
{
    if (!m_events.hasListeners()) {
        m_timer.stop();
        return;
    }
    const QHash<QByteArray, QByteArray> now = statuses();
    const auto tell = [&](const QByteArray &name, const QByteArray &before, const QByteArray &after) {
        if (before != after)
            m_events.publish("server", {{u"name"_s, QString::fromUtf8(name)}, {u"was"_s, QString::fromUtf8(before)}, {u"status"_s, QString::fromUtf8(after)}});
    };
    for (auto it = now.begin(); it != now.end(); ++it)
        tell(it.key(), m_known.value(it.key(), "absent"), it.value());
    for (auto it = m_known.begin(); it != m_known.end(); ++it) {
        if (!now.contains(it.key()))
            tell(it.key(), it.value(), "absent");
    }
    m_known = now;
}

} // namespace pdlb::control
