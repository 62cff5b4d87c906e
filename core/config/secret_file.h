// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QByteArrayList>

namespace pdlb {

/// The secrets of a file, one a line; empty lines and those that begin with # are skipped. Logs a warning when others than
/// the owner may read it. Errors: it cannot be read, is larger than 1 MiB, or holds no secret.
Result<QByteArrayList> readSecretFile(const QString &path);

} // namespace pdlb
