// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/fleet.h"

#include <QJsonObject>

namespace pdlb::control {

/// What it was configured as, its role, and under "state" what is known of it now: status with reason and for how long (null: from the start), legs in flight, legs
/// and failures so far, bootstrap port.
QJsonObject serverJson(const fleet::Server &server, Monotonic now);

} // namespace pdlb::control
