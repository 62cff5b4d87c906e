// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/signals.h"

#include <QCoreApplication>

int main(int argc, char **argv)
{
    pdlb::cli::prepareSignals();
    // GLib's event loop costs more per wake-up than Qt's own and brings nothing here.
    if (!qEnvironmentVariableIsSet("QT_NO_GLIB"))
        qputenv("QT_NO_GLIB", "1");
    QCoreApplication app(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("pdlb"));
    QTextStream out(stdout);
    QTextStream err(stderr);
    pdlb::cli::Streams streams{out, err};
    return pdlb::cli::runCommandLine(argc, argv, streams);
}
