// SPDX-License-Identifier: Apache-2.0
#include "cli/trace_command.h"

#include "cli/terminal.h"
#include "cli/trace_tail.h"
#include "trace/timeline_chart.h"
#include "trace/timeline_json.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

#include <deque>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

void TraceCommand::addFilter(CLI::App &command)
{
    command.add_option("--filter", m_filter, "Only these: status:5xx is:failed pair:p1/* ttft>500ms -is:ok \"text\" (or, not, parentheses)")->type_name("FILTER");
}

void TraceCommand::addColumns(CLI::App &command)
{
    command.add_option("--columns", m_columns, "Some of " + TraceColumns::names().join(u", "_s).toStdString())->type_name("NAME,…");
    command.add_option("--color", m_color, "auto: on a terminal")->type_name("WHEN")->capture_default_str()->check(CLI::IsMember({"auto", "always", "never"}));
}

void TraceCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("trace", "See what became of requests: of a running balancer, or in trace files");
    m_app->require_subcommand(0, 1);
    m_list = m_app->add_subcommand("list", "The newest requests, a line each");
    m_show = m_app->add_subcommand("show", "One request, drawn: a bar for each phase and leg");
    m_export = m_app->add_subcommand("export", "Requests as a file for other tools, the oldest first");
    m_diff = m_app->add_subcommand("diff", "Two requests, phase by phase");
    m_tail = m_app->add_subcommand("tail", "A line for each request as it ends, until Ctrl-C");
    m_show->add_option("request_id", m_id, "Its X-Request-Id")->required()->type_name("ID");
    m_diff->add_option("a", m_id, "X-Request-Id of one, looked for in the first file first")->required()->type_name("A");
    m_diff->add_option("b", m_otherId, "X-Request-Id of the other, looked for in the last file first")->required()->type_name("B");
    for (CLI::App *command : {m_list, m_show, m_export, m_diff})
        m_source.addTo(*command);
    m_source.addAdminTo(*m_tail);
    for (CLI::App *command : {m_list, m_export, m_tail})
        addFilter(*command);
    for (CLI::App *command : {m_list, m_tail})
        addColumns(*command);
    m_list->add_option("-n,--limit", m_limit, "At most so many")->capture_default_str()->check(CLI::Range(0, 1'000'000));
    m_list->add_flag("--json", m_json, "As the admin API says it: {\"traces\": […]}");
    m_show->add_option("--width", m_width, "Columns; 0: those of the terminal, else 80")->capture_default_str()->check(CLI::Range(0, 1000));
    m_show->add_flag("--ascii", m_ascii, "Without block characters");
    m_show->add_flag("--moments", m_moments, "A line for each moment instead");
    m_show->add_flag("--json", m_json, "Its record (docs/records.md) instead");
    m_show->add_option("--color", m_color, "auto: on a terminal")->type_name("WHEN")->capture_default_str()->check(CLI::IsMember({"auto", "always", "never"}));
    m_export->add_option("--format", m_format, "One of " + trace::exportFormats().join(u", "_s).toStdString())->capture_default_str();
    m_export->add_option("-o,--output", m_output, "Where to; default: standard output")->type_name("FILE");
    m_export->add_flag("--no-bodies", m_noBodies, "Without what was kept of bodies");
    m_tail->add_option("--count", m_count, "End after so many; 0: never")->capture_default_str()->check(CLI::Range(0, 1'000'000'000));
    m_tail->add_flag("--json", m_json, "A JSON object for each instead");
}

int TraceCommand::run(Streams &streams)
{
    if (const auto good = trace::Filter::parse(QString::fromStdString(m_filter)); !good) {
        printError(streams, u"--filter, column %1: %2"_s.arg(good.error().column + 1).arg(good.error().message));
        return ExitUsage;
    }
    if (const auto good = columns(); !good) {
        printError(streams, u"--columns: %1"_s.arg(good.error().message));
        return ExitUsage;
    }
    if (m_show->parsed())
        return show(streams);
    if (m_export->parsed())
        return exportAll(streams);
    if (m_diff->parsed())
        return diff(streams);
    if (m_tail->parsed())
        return tail(streams);
    if (m_list->parsed())
        return list(streams);
    printError(streams, u"what to do is missing: list, show, export, diff or tail; see pdlb trace --help"_s);
    return ExitUsage;
}

Result<TraceColumns> TraceCommand::columns() const
{
    return TraceColumns::parse(QString::fromStdString(m_columns), wantsColor(m_color));
}

int TraceCommand::list(Streams &streams)
{
    std::deque<QByteArray> newest; // as they are shown: whole records would be much more
    const int code = m_source.forEach(streams, QString::fromStdString(m_filter), m_limit, false, [&](const trace::Timeline &timeline) {
        newest.push_back(m_json ? trace::timelineJson(timeline, {.times = false, .bodies = false}) : trace::summaryJson(timeline));
        if (newest.size() > size_t(m_limit))
            newest.pop_front();
        return true;
    });
    if (code != ExitOk && newest.empty())
        return code;
    std::reverse(newest.begin(), newest.end());
    if (m_json) {
        streams.out << "{\"traces\":[";
        for (size_t i = 0; i < newest.size(); ++i)
            streams.out << (i > 0 ? "," : "") << QString::fromUtf8(newest[i]);
        streams.out << "]}\n";
    } else {
        const auto table = columns();
        streams.out << table->header();
        for (const QByteArray &summary : newest)
            streams.out << table->line(QJsonDocument::fromJson(summary).object());
    }
    streams.out.flush();
    return code;
}

int TraceCommand::show(Streams &streams)
{
    int code = ExitOk;
    const auto timeline = m_source.find(streams, QString::fromStdString(m_id), false, code);
    if (!timeline)
        return code;
    if (m_json)
        streams.out << QString::fromUtf8(trace::timelineJson(*timeline, {})) << '\n';
    else if (m_moments)
        streams.out << trace::describeTimeline(*timeline);
    else
        streams.out << trace::drawTimeline(*timeline, {m_width > 0 ? m_width : outputWidth(), !m_ascii && outputIsUnicode(), wantsColor(m_color)});
    streams.out.flush();
    return code;
}

int TraceCommand::diff(Streams &streams)
{
    int code = ExitOk, other = ExitOk;
    const auto a = m_source.find(streams, QString::fromStdString(m_id), false, code);
    const auto b = a ? m_source.find(streams, QString::fromStdString(m_otherId), true, other) : std::nullopt;
    if (!a || !b)
        return std::max(code, other);
    streams.out << trace::compareTimelines(*a, *b);
    streams.out.flush();
    return std::max(code, other);
}

int TraceCommand::writeExport(Streams &streams, trace::Exporter &exporter, const std::function<void(const QByteArray &)> &write)
{
    constexpr qint64 most = 1'000'000; // what a balancer may keep
    write(exporter.begin());
    const int code = m_source.forEach(streams, QString::fromStdString(m_filter), most, !m_noBodies, [&](const trace::Timeline &timeline) {
        write(exporter.write(timeline));
        return true;
    });
    for (QByteArray end = exporter.finish(); !end.isEmpty(); end = exporter.finish())
        write(end);
    return code;
}

int TraceCommand::exportAll(Streams &streams)
{
    const auto exporter = trace::makeExporter(QString::fromStdString(m_format), {.bodies = !m_noBodies});
    if (!exporter) {
        printError(streams, u"--format: %1"_s.arg(exporter.error().message));
        return ExitUsage;
    }
    if (m_output.empty()) {
        const int code = writeExport(streams, **exporter, [&](const QByteArray &bytes) { streams.out << QString::fromUtf8(bytes); });
        streams.out.flush();
        return code;
    }
    QSaveFile file(QString::fromStdString(m_output));
    if (!file.open(QIODevice::WriteOnly)) {
        printError(streams, u"cannot write %1: %2"_s.arg(file.fileName(), file.errorString()));
        return ExitFailed;
    }
    file.setPermissions(QFile::ReadOwner | QFile::WriteOwner);
    const int code = writeExport(streams, **exporter, [&](const QByteArray &bytes) { file.write(bytes); });
    // Broken lines of files were told; the rest is worth having. An answer that was cut off is not.
    if (code != ExitOk && !m_source.isFiles())
        return code;
    if (!file.commit()) {
        printError(streams, u"cannot write %1: %2"_s.arg(file.fileName(), file.errorString()));
        return ExitFailed;
    }
    return code;
}

int TraceCommand::tail(Streams &streams)
{
    TraceTail tail(streams, m_source.admin(), *columns(), {QString::fromStdString(m_filter), m_count, m_json});
    return tail.run();
}

} // namespace pdlb::cli
