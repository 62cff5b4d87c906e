// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/exit_codes.h"

#include <CLI/CLI.hpp>

#include <QTextStream>

#include <memory>
#include <vector>

namespace pdlb::cli {

/// Where a command writes; replaceable in tests.
struct Streams {
    QTextStream &out;
    QTextStream &err;
};

/// One sub-command of pdlb.
class Command
{
public:
    virtual ~Command() = default;
    /// Registers the sub-command and its options; sets m_app.
    virtual void addTo(CLI::App &app) = 0;
    /// Runs it and returns the exit code; may run QCoreApplication::exec().
    virtual int run(Streams &streams) = 0;
    bool chosen() const { return m_app && m_app->parsed(); }

protected:
    CLI::App *m_app = nullptr;
};

std::vector<std::unique_ptr<Command>> makeCommands();

/// Parses the command line and runs the chosen command: main() without the application object.
int runCommandLine(int argc, char **argv, Streams &streams);

/// Writes out what the stream holds. False: its reader has gone, or its disk is full.
bool flushed(QTextStream &stream);

/// "pdlb: message" on one line of err.
void printError(Streams &streams, const QString &message);

} // namespace pdlb::cli
