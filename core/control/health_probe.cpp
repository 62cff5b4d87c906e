// SPDX-License-Identifier: Apache-2.0
#include "control/health_probe.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

constexpr qsizetype mostBody = 64 * 1024;

} // namespace

HealthProbe::HealthProbe(upstream::UpstreamTransport &transport, upstream::LegRequest request, Verdict verdict, QObject *parent)
    : QObject(parent), m_leg(transport.open(std::move(request), this)), m_verdict(std::move(verdict))
{
    auto *told = new upstream::LegSignals(m_leg);
    connect(told, &upstream::LegSignals::ready, m_leg, &upstream::Leg::send);
    connect(told, &upstream::LegSignals::head, this, [this](const http::ResponseHead &head) {
        judge(head.status == 200 ? QString() : u"status %1"_s.arg(head.status));
    });
    connect(told, &upstream::LegSignals::data, this, [this](QByteArrayView bytes) {
        m_received += bytes.size();
        if (m_received > mostBody)
            close();
    });
    connect(told, &upstream::LegSignals::finished, this, [this](const upstream::LegEnd &end) {
        close();
        judge(end.detail.isEmpty() ? u"no answer"_s : end.detail);
    });
    if (m_leg->isReady())
        m_leg->send();
}

void HealthProbe::giveUp(const QString &problem)
{
    close();
    judge(problem);
}

void HealthProbe::judge(const QString &problem)
{
    if (!std::exchange(m_judged, true))
        m_verdict(problem);
}

void HealthProbe::close()
{
    if (!std::exchange(m_over, true))
        m_leg->abort();
}

} // namespace pdlb::control
