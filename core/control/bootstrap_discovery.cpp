// SPDX-License-Identifier: Apache-2.0
#include "control/bootstrap_discovery.h"

#include "upstream/engine_credentials.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

Q_LOGGING_CATEGORY(lcDiscovery, "pdlb.bootstrap")

constexpr std::chrono::milliseconds firstRoundLimit = std::chrono::seconds(2);

} // namespace

BootstrapDiscovery::BootstrapDiscovery(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, QObject *parent)
    : PrefillInquiry(transport, fleet, parent)
{
}

void BootstrapDiscovery::start()
{
    fleetChanged();
    QTimer::singleShot(allAnswered() ? std::chrono::milliseconds(0) : firstRoundLimit, this, &BootstrapDiscovery::endFirstRound);
}

void BootstrapDiscovery::endFirstRound()
{
    if (std::exchange(m_firstRound, false))
        Q_EMIT firstRoundOver();
}

void BootstrapDiscovery::progressed()
{
    if (allAnswered())
        endFirstRound();
}

std::optional<PrefillInquiry::Question> BootstrapDiscovery::question(const fleet::Server &prefill) const
{
    if (prefill.config.bootstrapPort.kind != BootstrapPort::Kind::Discover)
        return {};
    EngineRequest request{.target = "/server_info"};
    upstream::setEngineCredentials(request.headers, *fleet().snapshot()->config, prefill.config);
    return Question{prefill.origin, std::move(request)};
}

bool BootstrapDiscovery::settles(const fleet::Server &prefill, const EngineReply &reply)
{
    const QJsonValue port = QJsonDocument::fromJson(reply.body).object().value("disaggregation_bootstrap_port"_L1);
    const qint64 number = port.toInteger(0);
    const bool known = reply.ok() && number > 0 && number <= 65535;
    const char *url = prefill.url.constData();
    if (known) {
        if (prefill.bootstrapPort != std::optional(quint16(number)))
            qCInfo(lcDiscovery, "prefill %s has bootstrap port %lld", url, static_cast<long long>(number));
        fleet().setDiscoveredPort(prefill.name, quint16(number));
        Q_EMIT portChanged();
    } else {
        const QString why = reply.ok() ? u"its /server_info names none"_s : reply.describe();
        qCInfo(lcDiscovery, "the bootstrap port of prefill %s is unknown (%s); null is sent until it answers, or give the port: --prefill %s PORT",
               url, qPrintable(why), url);
        if (prefill.portPending)
            fleet().setDiscoveredPort(prefill.name, {}); // it is waited for no longer
    }
    return known;
}

} // namespace pdlb::control
