// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

namespace pdlb {

/// Raises the soft limit of open descriptors to the hard one: thousands of streams need three each.
void raiseDescriptorLimit();
/// Descriptors that this process may have open (RLIMIT_NOFILE, soft).
qint64 descriptorLimit();

} // namespace pdlb
