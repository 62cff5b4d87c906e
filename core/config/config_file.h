// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config_json.h"

namespace pdlb {

/// A configuration from a regular file (or a link to one) of at most 16 MiB; see configFromJson(). Logs a warning for unknown
/// keys, and when others may read or change a file that names secrets. Secrets are not resolved.
Result<LoadedConfig, ConfigProblems> loadConfigFile(const QString &path, CheckConfig check);

/// Writes what differs from the defaults (WriteFields::Changed): complete or not at all, readable by the owner alone from its
/// first byte on, whatever was there before and whatever the umask; the file before it is kept as PATH.bak. Of a symbolic
/// link the file that it points to is written. On an error the old file is as it was.
Result<void> saveConfigFile(const QString &path, const Config &config);

/// "FILE: $.prefill[1].url: …", one line for each.
QStringList problemLines(const QString &path, const ConfigProblems &problems);
/// The first of them, and how many more there are: for one line.
QString problemSummary(const QString &path, const ConfigProblems &problems);

} // namespace pdlb
