// SPDX-License-Identifier: Apache-2.0
#include "control/rank_discovery.h"

#include "control/engine_samples.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

Q_LOGGING_CATEGORY(lcRanks, "pdlb.bootstrap")

/// Finding a room for a rank takes about as many steps as there are ranks.
constexpr qint64 mostRanks = 1024;

} // namespace

std::optional<PrefillInquiry::Question> RankDiscovery::question(const fleet::Server &prefill) const
{
    if (!prefill.bootstrapPort)
        return {};
    upstream::Origin origin;
    origin.host = prefill.origin.host;
    origin.port = *prefill.bootstrapPort;
    return Question{std::move(origin),
                    {.target = routeTarget}};
}

bool RankDiscovery::settles(const fleet::Server &prefill, const EngineReply &reply)
{
    if (reply.status == 0 || reply.status == 503) // 503: its workers are still loading
        return false;
    const QJsonObject route = QJsonDocument::fromJson(reply.body).object();
    const qint64 size = route.value("dp_size"_L1).toInteger(0);
    const bool steered = reply.ok() && route.value("follow_bootstrap_room"_L1).toBool() && size >= 2 && size <= mostRanks;
    const int ranks = steered ? int(size) : 0;
    if (ranks != prefill.steeredRanks)
        qCInfo(lcRanks, "prefill %s: rooms choose among %d DP ranks", prefill.url.constData(), qMax(1, ranks));
    fleet().setSteeredRanks(prefill.name, ranks);
    return true;
}

} // namespace pdlb::control
