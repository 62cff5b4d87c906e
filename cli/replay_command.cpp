// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_command.h"

#include "util/work_thread.h"
#include "cli/signals.h"
#include "util/escape.h"

#include <QCoreApplication>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

QJsonObject sideJson(int status, const std::optional<double> &ttft, const std::optional<double> &duration, const std::optional<qint64> &tokens,
                     const QByteArray &pair)
{
    QJsonObject side{{u"status"_s, status}};
    if (ttft)
        side.insert(u"ttft_ms"_s, *ttft);
    if (duration)
        side.insert(u"total_ms"_s, *duration);
    if (tokens)
        side.insert(u"completion_tokens"_s, *tokens);
    if (!pair.isEmpty())
        side.insert(u"pair"_s, QString::fromUtf8(pair));
    return side;
}

QByteArray jsonLine(const client::RecordedRequest &recorded, const client::RequestResult &result)
{
    QJsonObject object{
        {u"request_id"_s, QString::fromUtf8(recorded.id)},
        {u"then"_s, sideJson(recorded.status, recorded.ttft, recorded.duration, recorded.tokens, recorded.pair)},
        {u"now"_s, sideJson(result.status, result.ttft(), result.duration(), result.facts.completionTokens, result.pair())},
    };
    if (!result.error.isEmpty())
        object.insert(u"error"_s, result.error);
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

/// Replays in a thread of its own, so that printing holds nothing up, and prints in this one.
class Replay final : public QObject
{
    Q_OBJECT

public:
    Replay(Streams &streams, const TargetFlags::Target &target, const client::Recording &recording, const client::ReplayOptions &options, bool json,
           bool quiet)
        : m_streams(streams), m_target(target), m_recording(recording), m_options(options), m_json(json), m_quiet(quiet)
    {
        qRegisterMetaType<client::ReplayRun::Replayed>();
        connect(&m_termination, &TerminationSignals::requested, this, [this] {
            m_interrupted = true;
            m_thread.post([this] { m_run->stop(); });
        });
    }
    ~Replay() override
    {
        m_thread.post([this] {
            m_run.reset();
            m_transport.reset();
        });
        m_thread.finish();
    }

    int run()
    {
        if (!m_json && !m_quiet) {
            const double seconds = std::chrono::duration<double>(m_recording.requests.back().at).count();
            m_streams.out << u"%1 requests, recorded within %2 s"_s.arg(m_recording.requests.size()).arg(seconds, 0, 'f', 1)
                          << (m_options.speed > 0 ? u"; begun within %1 s\n"_s.arg(seconds / m_options.speed, 0, 'f', 1) : u"\n"_s) << client::replayHeader();
            m_streams.out.flush();
        }
        m_thread.begin();
        m_thread.post([this] { begin(); });
        QCoreApplication::exec();
        (m_json ? m_streams.err : m_streams.out) << m_summary.text();
        if (const qint64 left = qint64(m_recording.requests.size()) - m_ended; left > 0)
            (m_json ? m_streams.err : m_streams.out) << u"%1 were not sent\n"_s.arg(left);
        m_streams.out.flush();
        m_streams.err.flush();
        if (m_interrupted)
            return ExitInterrupted;
        return m_summary.worseNow > 0 ? ExitFailed : ExitOk;
    }

private:
    void begin()
    {
        m_transport = m_target.makeTransport();
        m_run = std::make_unique<client::ReplayRun>(*m_transport, m_target.origin, m_recording, m_options, SteadyClock::instance(), nullptr);
        connect(m_run.get(), &client::ReplayRun::replayed, this, &Replay::show);
        connect(m_run.get(), &client::ReplayRun::finished, qApp, &QCoreApplication::quit, Qt::QueuedConnection);
        m_run->start();
    }

    void show(const client::ReplayRun::Replayed &replayed)
    {
        const client::RecordedRequest &recorded = m_recording.requests[replayed.index];
        m_summary.add(recorded, replayed.result);
        ++m_ended;
        if (m_json)
            m_streams.out << jsonLine(recorded, replayed.result);
        else if (!m_quiet)
            m_streams.out << client::replayLine(recorded, replayed.result);
        if (!flushed(m_streams.out) && !std::exchange(m_interrupted, true)) // its reader has seen enough (`| head`)
            m_thread.post([this] { m_run->stop(); });
    }

    Streams &m_streams;
    const TargetFlags::Target &m_target;
    const client::Recording &m_recording;
    client::ReplayOptions m_options;
    TerminationSignals m_termination;
    WorkThread m_thread{QStringLiteral("pdlb-client")};
    std::unique_ptr<upstream::UpstreamTransport> m_transport; ///< used in the thread, like the next
    std::unique_ptr<client::ReplayRun> m_run;
    client::ReplaySummary m_summary;
    qint64 m_ended = 0;
    bool m_json;
    bool m_quiet;
    bool m_interrupted = false;
};

} // namespace

void ReplayCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("replay", "Send recorded requests once more and say what is different");
    m_app->add_option("file", m_file, "Records as JSON lines (trace export, --trace-file) or a HAR")->required()->type_name("FILE");
    m_app->add_option("--speed", m_options.speed, "1: as recorded, 2: twice as fast; 0: without pauses")->capture_default_str()->check(CLI::Range(0.0, 1e6));
    m_app->add_option("-c,--concurrency", m_options.concurrency, "With --speed 0: so many at a time")->capture_default_str()->check(CLI::Range(1, 20'000));
    m_app->add_option("--pair", m_pair, "Servers that must serve them: p1/d2, p1/*")->type_name("PREFILL/DECODE");
    m_app->add_flag("--json", m_json, "A JSON object a line for each request; the summary goes to standard error");
    m_app->add_flag("--quiet", m_quiet, "Only the summary");
    m_target.addTo(*m_app);
}

int ReplayCommand::run(Streams &streams)
{
    const auto pair = readPair(m_pair);
    if (!pair) {
        printError(streams, pair.error().message);
        return ExitUsage;
    }
    const auto target = m_target.target();
    if (!target) {
        printError(streams, target.error().message);
        return ExitConfig;
    }
    QFile file(QString::fromStdString(m_file));
    if (!file.open(QIODevice::ReadOnly)) {
        printError(streams, u"%1: %2"_s.arg(file.fileName(), file.errorString()));
        return ExitFailed;
    }
    const client::Recording recording = [&file] {
        const UnblockedSignals whileReading;
        return client::readRecording(file);
    }();
    for (const QString &problem : recording.problems)
        printError(streams, u"%1, %2"_s.arg(file.fileName(), escapeControls(problem)));
    if (recording.skipped > recording.problems.size())
        printError(streams, u"%1: %2 more could not be used"_s.arg(file.fileName()).arg(recording.skipped - recording.problems.size()));
    if (recording.requests.empty()) {
        printError(streams, u"%1 holds no request that can be sent again"_s.arg(file.fileName()));
        return ExitFailed;
    }
    m_options.pair = *pair;
    m_options.apiKey = target->apiKey;
    m_options.timeout = m_target.timeout();
    Replay replay(streams, *target, recording, m_options, m_json, m_quiet);
    return replay.run();
}

} // namespace pdlb::cli

#include "replay_command.moc"
