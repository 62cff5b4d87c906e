// SPDX-License-Identifier: Apache-2.0
#include "models/health_text.h"

using namespace Qt::StringLiterals;

namespace pdlb::gui {

QString HealthText::symbol(const QString &status)
{
    if (status == "up"_L1)
        return u"●"_s;
    if (status == "degraded"_L1 || status == "starting"_L1 || status == "draining"_L1)
        return u"▲"_s;
    if (status == "down"_L1)
        return u"✖"_s;
    return u"○"_s;
}

Tone HealthText::tone(const QString &status)
{
    if (status == "up"_L1)
        return Tone::Ok;
    if (status == "degraded"_L1 || status == "starting"_L1 || status == "draining"_L1)
        return Tone::Warn;
    return status == "down"_L1 ? Tone::Bad : Tone::Muted;
}

QString HealthText::word(const QString &status)
{
    if (status == "up"_L1)
        return tr("up");
    if (status == "degraded"_L1)
        return tr("degraded");
    if (status == "starting"_L1)
        return tr("starting");
    if (status == "draining"_L1)
        return tr("draining");
    if (status == "down"_L1)
        return tr("down");
    if (status == "disabled"_L1)
        return tr("disabled");
    if (status == "unknown"_L1)
        return tr("unknown");
    return status;
}

} // namespace pdlb::gui
