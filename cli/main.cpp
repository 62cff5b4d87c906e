// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/signals.h"
#include "util/process_limits.h"

#include <QCoreApplication>

#include <fcntl.h>
#include <unistd.h>

namespace {

/// A descriptor 0, 1 or 2 that the caller closed would go to the first socket, and output would be written into it.
void fillStandardDescriptors()
{
    int descriptor = 0;
    do
        descriptor = ::open("/dev/null", O_RDWR);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0)
        ::close(descriptor);
}

} // namespace

int main(int argc, char **argv)
{
    fillStandardDescriptors();
    pdlb::cli::prepareSignals();
    // GLib's event loop costs more per wake-up than Qt's own and brings nothing here.
    if (!qEnvironmentVariableIsSet("QT_NO_GLIB"))
        qputenv("QT_NO_GLIB", "1");
    QCoreApplication app(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("pdlb"));
    pdlb::raiseDescriptorLimit();
    QTextStream out(stdout);
    QTextStream err(stderr);
    pdlb::cli::Streams streams{out, err};
    return pdlb::cli::runCommandLine(argc, argv, streams);
}
