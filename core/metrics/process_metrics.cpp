// SPDX-License-Identifier: Apache-2.0
#include "metrics/process_metrics.h"

#include "metrics/exposition.h"
#include "util/process_limits.h"

#include <QDir>
#include <QFile>

#include <ctime>

#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb::metrics {

namespace {

QByteArray contents(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

double secondsOf(clockid_t clock)
{
    timespec time{};
    ::clock_gettime(clock, &time);
    return double(time.tv_sec) + double(time.tv_nsec) / 1e9;
}

} // namespace

void addProcessMetrics(Exposition &exposition)
{
    // proc(5): fields are counted from 1; what follows the program's name in brackets begins with the third.
    const QByteArray stat = contents(u"/proc/self/stat"_s);
    const QByteArrayList fields = stat.sliced(stat.lastIndexOf(')') + 1).simplified().split(' ');
    const auto field = [&](int number) { return fields.value(number - 3).toDouble(); };
    const double ticks = double(::sysconf(_SC_CLK_TCK));
    static const double boot = secondsOf(CLOCK_REALTIME) - secondsOf(CLOCK_BOOTTIME); // once: the calendar may be set

    exposition.counter("process_cpu_seconds_total", "User and system CPU time");
    exposition.value((field(14) + field(15)) / ticks);
    exposition.gauge("process_start_time_seconds", "Start of the process since 1970");
    exposition.value(boot + field(22) / ticks);
    exposition.gauge("process_virtual_memory_bytes", "Address space");
    exposition.value(field(23));
    exposition.gauge("process_resident_memory_bytes", "Memory in use");
    exposition.value(field(24) * double(::sysconf(_SC_PAGESIZE)));
    exposition.gauge("process_threads", "Threads");
    exposition.value(field(20));
    exposition.gauge("process_open_fds", "Open descriptors");
    exposition.value(
        double(QDir(u"/proc/self/fd"_s).entryList(QDir::Files | QDir::System | QDir::NoDotAndDotDot).size()));
    exposition.gauge("process_max_fds", "Descriptors that may be open");
    exposition.value(double(descriptorLimit()));
}

} // namespace pdlb::metrics
