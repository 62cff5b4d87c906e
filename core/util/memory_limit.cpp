// SPDX-License-Identifier: Apache-2.0
#include "util/memory_limit.h"

#include <QFile>

#include <algorithm>

#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

constexpr qint64 largestFile = 64 * 1024;

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.read(largestFile) : QByteArray();
}

/// The smallest number in the files called `name` from the folder `top` + `group` up to `top`. A container often sees its
/// group under another path than the kernel names: folders that are not there say nothing.
std::optional<qint64> tightest(const QString &top, QByteArray group, QLatin1StringView name)
{
    std::optional<qint64> least;
    for (;;) {
        bool isNumber = false; // "max" is none
        const QString folder = group == "/" ? top : top + QFile::decodeName(group);
        const qint64 limit = contentOf(folder + u'/' + name).trimmed().toLongLong(&isNumber);
        if (isNumber && limit >= 0)
            least = std::min(limit, least.value_or(limit));
        if (group.size() <= 1)
            return least;
        group.truncate(std::max<qsizetype>(group.lastIndexOf('/'), 0));
    }
}

} // namespace

std::optional<qint64> controlGroupMemory(const QString &root)
{
    const QString mounts = root + "/sys/fs/cgroup"_L1;
    std::optional<qint64> least;
    // Lines are NUMBER:CONTROLLERS:PATH; version 2 is number 0 without controllers.
    for (const QByteArray &line : contentOf(root + "/proc/self/cgroup"_L1).split('\n')) {
        const qsizetype first = line.indexOf(':');
        const qsizetype second = line.indexOf(':', first + 1);
        if (first < 0 || second < 0)
            continue;
        const QByteArray controllers = line.sliced(first + 1, second - first - 1);
        QByteArray group = line.sliced(second + 1);
        if (!group.startsWith('/') || group.contains("/..")) // outside of this name space of groups
            group = "/";
        std::optional<qint64> limit;
        if (line.startsWith("0::"))
            limit = tightest(mounts, group, "memory.max"_L1);
        else if (controllers.split(',').contains("memory"))
            limit = tightest(mounts + "/memory"_L1, group, "memory.limit_in_bytes"_L1);
        if (limit)
            least = std::min(*limit, least.value_or(*limit));
    }
    return least;
}

qint64 usableMemory()
{
    const qint64 machine = qint64(::sysconf(_SC_PHYS_PAGES)) * qint64(::sysconf(_SC_PAGESIZE));
    return std::min(machine, controlGroupMemory().value_or(machine));
}

} // namespace pdlb
