// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/fleet.h"

#include <QJsonObject>

namespace pdlb::control {

/// One word for what a server is at the moment: "draining" and "disabled" where it is switched off, else its health.
QByteArray statusName(const fleet::Server &server);

/// What it was configured as, its role, and under "state" what is known of it now: status with reason, legs in flight, legs
/// and failures so far, bootstrap port.
QJsonObject serverJson(const fleet::Server &server);

} // namespace pdlb::control
