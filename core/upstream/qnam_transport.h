// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upstream/upstream_transport.h"
#include "util/tls_files.h"

#include <memory>
#include <vector>

class QNetworkAccessManager;

namespace pdlb::upstream {

/// https:// through QNetworkAccessManager, tamed by the recipe of one-shot upload devices: without it the manager
/// re-sends POSTs by itself. What it cannot meet (hence never "auto" for http://): it does not judge framing, may report
/// a cut chunked body as whole, and stalls 40 ms on prompts above 16 KiB on a kept connection.
class QnamTransport final : public UpstreamTransport
{
    Q_OBJECT

public:
    explicit QnamTransport(const ClientTls &tls = {}, QObject *parent = nullptr);
    ~QnamTransport() override;
    Leg *open(LegRequest request, QObject *owner) override;

private:
    /// A manager opens at most so many connections to one host (6 before Qt 6.5), hence several.
    struct Slot;
    std::shared_ptr<Slot> slotFor(const QByteArray &authority);

    ClientTls m_tls;
    std::vector<std::shared_ptr<Slot>> m_slots;
};

} // namespace pdlb::upstream
