// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <optional>

namespace pdlb {

/// Bytes that this process can use: the machine's memory, or less in a container.
qint64 usableMemory();

/// The tightest memory limit, in bytes, of the control groups that this process is in, their parents included; none when
/// there is none or it cannot be read. Version 2 ("memory.max") and version 1 ("memory.limit_in_bytes"), mounted where
/// every distribution mounts them, below /sys/fs/cgroup. Source: the kernel's admin-guide, cgroup-v2 and
/// cgroup-v1/memory. `root`: the folder to take for "/".
std::optional<qint64> controlGroupMemory(const QString &root = QStringLiteral("/"));

} // namespace pdlb
