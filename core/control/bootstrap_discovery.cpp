// SPDX-License-Identifier: Apache-2.0
#include "control/bootstrap_discovery.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

Q_LOGGING_CATEGORY(lcDiscovery, "pdlb.bootstrap")

constexpr std::chrono::milliseconds firstRoundLimit = std::chrono::seconds(2);
constexpr std::chrono::milliseconds longestPause = std::chrono::seconds(30);

} // namespace

BootstrapDiscovery::BootstrapDiscovery(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, http::HeaderList headers,
                                       QObject *parent)
    : QObject(parent), m_transport(transport), m_fleet(fleet), m_headers(std::move(headers))
{
}

void BootstrapDiscovery::start()
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    m_states.resize(snapshot->prefill.size());
    bool any = false;
    for (size_t i = 0; i < m_states.size(); ++i) {
        m_states[i].answered = snapshot->prefill[i].bootstrapSetting.kind != BootstrapPort::Kind::Discover;
        any = any || !m_states[i].answered;
    }
    QTimer::singleShot(any ? firstRoundLimit : std::chrono::milliseconds(0), this, [this] {
        if (std::exchange(m_firstRound, false))
            Q_EMIT firstRoundOver();
    });
    for (size_t i = 0; i < m_states.size(); ++i) {
        if (!m_states[i].answered)
            ask(qsizetype(i));
    }
}

void BootstrapDiscovery::recheck(qsizetype prefillIndex)
{
    const auto &server = m_fleet.snapshot()->prefill.at(size_t(prefillIndex));
    if (server.bootstrapSetting.kind == BootstrapPort::Kind::Discover)
        again(prefillIndex);
}

void BootstrapDiscovery::again(qsizetype index)
{
    State &state = m_states[size_t(index)];
    if (state.asking || std::exchange(state.waiting, true))
        return;
    QTimer::singleShot(state.pause, this, [this, index] {
        m_states[size_t(index)].waiting = false;
        ask(index);
    });
    state.pause = std::min(state.pause * 2, longestPause);
}

void BootstrapDiscovery::ask(qsizetype index)
{
    m_states[size_t(index)].asking = true;
    EngineRequest request;
    request.target = "/server_info";
    request.headers = m_headers;
    new EngineCall(m_transport, m_fleet.snapshot()->prefill[size_t(index)].origin, std::move(request),
                   [this, index](const EngineReply &reply) { answered(index, reply); }, this);
}

void BootstrapDiscovery::answered(qsizetype index, const EngineReply &reply)
{
    State &state = m_states[size_t(index)];
    state.asking = false;
    state.answered = true;
    const QByteArray url = m_fleet.snapshot()->prefill[size_t(index)].origin.url();
    const QJsonValue port = QJsonDocument::fromJson(reply.body).object().value("disaggregation_bootstrap_port"_L1);
    const qint64 number = port.toInteger(0);
    if (reply.ok() && number > 0 && number <= 65535) {
        state.pause = std::chrono::seconds(1);
        if (m_fleet.snapshot()->prefill[size_t(index)].bootstrapPort != std::optional(quint16(number)))
            qCInfo(lcDiscovery, "prefill %s has bootstrap port %lld", url.constData(), static_cast<long long>(number));
        m_fleet.setDiscoveredPort(index, quint16(number));
    } else {
        const QString why = reply.ok() ? u"its /server_info names none"_s : reply.describe();
        qCInfo(lcDiscovery, "the bootstrap port of prefill %s is unknown (%s); null is sent until it answers, or give the port: --prefill %s PORT",
               url.constData(), qPrintable(why), url.constData());
        again(index);
    }
    const bool all = std::all_of(m_states.begin(), m_states.end(), [](const State &s) { return s.answered; });
    if (all && std::exchange(m_firstRound, false))
        Q_EMIT firstRoundOver();
}

} // namespace pdlb::control
