// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "cli/bench_command.h"
#include "cli/config_command.h"
#include "cli/demo_command.h"
#include "cli/doctor_command.h"
#include "cli/mock_command.h"
#include "cli/replay_command.h"
#include "cli/send_command.h"
#include "cli/serve_command.h"
#include "cli/trace_command.h"

#include <QFileDevice>

#include <sstream>

namespace pdlb::cli {

std::vector<std::unique_ptr<Command>> makeCommands()
{
    std::vector<std::unique_ptr<Command>> commands;
    commands.push_back(std::make_unique<ServeCommand>());
    commands.push_back(std::make_unique<ConfigCommand>());
    commands.push_back(std::make_unique<DemoCommand>());
    commands.push_back(std::make_unique<DoctorCommand>());
    commands.push_back(std::make_unique<MockCommand>());
    commands.push_back(std::make_unique<TraceCommand>());
    commands.push_back(std::make_unique<SendCommand>());
    commands.push_back(std::make_unique<BenchCommand>());
    commands.push_back(std::make_unique<ReplayCommand>());
    return commands;
}

bool flushed(QTextStream &stream)
{
    stream.flush();
    const auto *file = qobject_cast<QFileDevice *>(stream.device());
    return stream.status() == QTextStream::Ok && (!file || file->error() == QFileDevice::NoError);
}

void printError(Streams &streams, const QString &message)
{
    streams.err << "pdlb: " << QString(message).replace(u'\n', u' ') << '\n';
    streams.err.flush();
}

int runCommandLine(int argc, char **argv, Streams &streams)
{
    CLI::App app{"Load balancer, request tracer and request tester for prefill/decode disaggregated LLM engines.", "pdlb"};
    app.set_version_flag("--version", std::string("pdlb " PDLB_VERSION));
    app.require_subcommand(0, 1); // none: said below, in better words, and after unknown ones
    app.get_formatter()->column_width(34);
    const auto commands = makeCommands();
    for (const auto &command : commands)
        command->addTo(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        std::ostringstream out, err;
        if (error.get_exit_code() == 0) { // --help, --version
            app.exit(error, out, err);
            streams.out << QString::fromStdString(out.str());
            streams.out.flush();
            return ExitOk;
        }
        printError(streams, QString::fromUtf8(error.what()) + QStringLiteral("; see pdlb --help"));
        return ExitUsage;
    }
    for (const auto &command : commands) {
        if (command->chosen())
            return command->run(streams);
    }
    printError(streams, QStringLiteral("a command is missing: serve, demo, …; see pdlb --help"));
    return ExitUsage;
}

} // namespace pdlb::cli
