// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include "config/config_fields.h"
#include "edge/listen_socket.h"
#include "util/memory_limit.h"
#include "util/process_limits.h"

#include <QThread>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb {

int Config::effectiveWorkers() const
{
    return workers > 0 ? workers : qBound(1, QThread::idealThreadCount(), 8);
}

QStringList Config::keepStartSettings(const Config &running)
{
    QStringList differed;
    for (const Field<Config> &field : configFields()) {
        if (!field.atStart || field.sameIn(*this, running))
            continue;
        std::visit([&](auto *value) { *value = *std::get<decltype(value)>(field.in(running)); }, field.of(*this));
        differed += QString::fromLatin1(field.flags).section(u',', 0, 0);
    }
    return differed;
}

const QString &Config::policyOf(Role role) const
{
    const QString &own = role == Role::Prefill ? policies.prefill : policies.decode;
    return own.isEmpty() ? policy : own;
}

void Config::nameServers()
{
    for (const auto &[list, letter] : {std::pair{&prefill, u'p'}, {&decode, u'd'}}) {
        for (qsizetype i = 0; i < list->size(); ++i) {
            if (list->at(i).name.isEmpty())
                (*list)[i].name = letter + QString::number(i + 1);
        }
    }
}

qint64 Config::effectiveBodyMemory() const
{
    return maxBodyMemory.value_or(std::clamp<qint64>(usableMemory() / 4, 1, qint64(2) << 30)); // 0 would be no limit
}

qint64 Config::effectiveConnections() const
{
    return maxConnections.value_or(std::max<qint64>(descriptorLimit() * 2 / 5, 1));
}

bool Config::isOpenToAll() const
{
    const auto address = edge::parseListenAddress(host);
    return apiKeys.isEmpty() && address && !address->isLoopback();
}

} // namespace pdlb
