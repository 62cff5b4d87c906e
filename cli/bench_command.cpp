// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_command.h"

#include "cli/client_thread.h"
#include "cli/signals.h"
#include "client/bench_report.h"
#include "control/engine_call.h"

#include <QCoreApplication>
#include <QFile>
#include <QJsonDocument>
#include <QSaveFile>

#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

/// Runs the benchmark in a thread of its own, shows progress in this one.
class Bench final : public QObject
{
    Q_OBJECT

public:
    Bench(Streams &streams, const TargetFlags::Target &target, const client::BenchOptions &options, bool quiet)
        : m_streams(streams), m_target(target), m_options(options), m_showsProgress(!quiet && ::isatty(STDERR_FILENO))
    {
        connect(&m_termination, &TerminationSignals::requested, this, [this] {
            m_interrupted = true;
            m_thread.post([this] {
                if (m_run)
                    m_run->stop();
            });
        });
        connect(&m_progress, &QTimer::timeout, this, [this] {
            m_streams.err << u"\r%1 of %2 ended, %3 running  "_s.arg(m_ended.load()).arg(m_options.requests + m_options.warmUp).arg(m_running.load());
            m_streams.err.flush();
        });
    }
    ~Bench() override
    {
        m_thread.post([this] {
            m_run.reset();
            m_transport.reset();
        });
        m_thread.finish();
    }

    client::BenchReport run(std::unique_ptr<client::PromptSource> source)
    {
        auto shared = std::make_shared<std::unique_ptr<client::PromptSource>>(std::move(source));
        m_thread.begin();
        m_thread.post([this, shared] { begin(std::move(*shared)); });
        if (m_showsProgress)
            m_progress.start(100);
        QCoreApplication::exec();
        if (m_showsProgress) {
            m_streams.err << "\r\x1b[K";
            m_streams.err.flush();
        }
        return m_report;
    }
    bool interrupted() const { return m_interrupted; }

private:
    /// In the thread, like what it sets up.
    void begin(std::unique_ptr<client::PromptSource> source)
    {
        m_transport = m_target.makeTransport();
        m_run = std::make_unique<client::BenchRun>(*m_transport, m_target.origin, std::move(source), m_options, SteadyClock::instance(), nullptr);
        auto *counter = new QTimer(m_run.get());
        connect(counter, &QTimer::timeout, m_run.get(), [this] {
            m_ended = m_run->ended();
            m_running = m_run->running();
        });
        counter->start(50);
        connect(m_run.get(), &client::BenchRun::finished, m_run.get(), [this] {
            m_report = m_run->report();
            QMetaObject::invokeMethod(qApp, &QCoreApplication::quit, Qt::QueuedConnection);
        }, Qt::QueuedConnection);
        m_run->start();
    }

    Streams &m_streams;
    const TargetFlags::Target &m_target;
    client::BenchOptions m_options;
    TerminationSignals m_termination;
    QTimer m_progress;
    ClientThread m_thread;
    std::unique_ptr<upstream::UpstreamTransport> m_transport; ///< used in the thread, like the next
    std::unique_ptr<client::BenchRun> m_run;
    client::BenchReport m_report;
    std::atomic<qint64> m_ended{0};
    std::atomic<int> m_running{0};
    bool m_showsProgress;
    bool m_interrupted = false;
};

/// The first model that the server lists; empty: it does not.
QString firstModel(const TargetFlags::Target &target)
{
    const auto transport = target.makeTransport();
    control::EngineRequest request{.target = "/v1/models"};
    if (!target.apiKey.isEmpty())
        request.headers.add("Authorization", "Bearer " + target.apiKey);
    QString model;
    new control::EngineCall(*transport, target.origin, std::move(request), [&model](const control::EngineReply &reply) {
        model = QJsonDocument::fromJson(reply.body)["data"_L1][0]["id"_L1].toString();
        QMetaObject::invokeMethod(qApp, &QCoreApplication::quit, Qt::QueuedConnection);
    }, transport.get());
    QCoreApplication::exec();
    return model;
}

} // namespace

void BenchCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("bench", "Send many requests and say how long they took");
    constexpr const char *load = "Load";
    m_app->add_option("-n,--requests", m_options.requests, "Requests")->capture_default_str()->check(CLI::Range(qint64(1), qint64(1'000'000'000)))->group(load);
    m_app->add_option("-c,--concurrency", m_options.concurrency, "Closed loop: so many at a time")->capture_default_str()->check(CLI::Range(1, client::BenchRun::mostRunning))->group(load);
    m_app->add_option("--rate", m_options.rate, "Open loop: requests a second, however many are running; times count from when each should have begun")
        ->check(CLI::Range(0.001, 1e6))->group(load);
    m_app->add_flag("--constant", m_constant, "Open loop: the same time between all (else random, Poisson)")->group(load);
    m_app->add_option("--duration", m_duration, "No new request after it")->type_name("SECONDS")->check(CLI::Range(0.001, 1e6))->group(load);
    m_app->add_option("--warm-up", m_options.warmUp, "Requests before, which do not count")->capture_default_str()->check(CLI::Range(qint64(0), qint64(1'000'000)))->group(load);
    constexpr const char *prompts = "Prompts";
    m_app->add_option("--endpoint", m_endpoint, "chat, completions or generate")->capture_default_str()->check(CLI::IsMember({"chat", "completions", "generate"}))->group(prompts);
    m_app->add_option("--input-tokens", m_generator.inputTokens, "Words of a prompt, about a token each")->capture_default_str()->check(CLI::Range(1, 10'000'000))->group(prompts);
    m_app->add_option("--output-tokens", m_generator.outputTokens, "Tokens to ask for")->capture_default_str()->check(CLI::Range(1, 10'000'000))->group(prompts);
    m_app->add_option("--spread", m_generator.spread, "Share by which these lengths vary")->capture_default_str()->check(CLI::Range(0.0, 1.0))->group(prompts);
    m_app->add_option("--shared-prefix", m_generator.sharedPrefix, "Share of the prompt that all have in common")->capture_default_str()->check(CLI::Range(0.0, 1.0))->group(prompts);
    m_app->add_option("--prompts", m_file, "Requests of a file instead: bodies as JSON lines, or ShareGPT")->type_name("FILE")->group(prompts);
    m_app->add_option("--random-seed", m_generator.seed, "Of prompts and intervals: the same is the same")->capture_default_str()->group(prompts);
    constexpr const char *output = "Output";
    m_app->add_flag("--json", m_json, "The report as JSON")->group(output);
    m_app->add_option("-o,--output", m_output, "Also write the JSON report there, for --compare")->type_name("FILE")->group(output);
    m_app->add_option("--compare", m_compare, "Say what changed since that report")->type_name("FILE")->group(output);
    m_app->add_flag("--quiet", m_quiet, "No progress")->group(output);
    m_app->add_flag("--explain", m_explain, "Say what the figures mean")->group(output);
    m_request.addTo(*m_app);
    m_target.addTo(*m_app);
}

Result<std::unique_ptr<client::PromptSource>> BenchCommand::source(client::RequestSpec base, Streams &streams) const
{
    base.endpoint = m_endpoint == "chat" ? pd::Endpoint::ChatCompletions : m_endpoint == "completions" ? pd::Endpoint::Completions : pd::Endpoint::Generate;
    if (m_file.empty()) {
        client::GeneratorOptions options = m_generator;
        options.base = std::move(base);
        return client::makeGenerator(options);
    }
    QFile file(QString::fromStdString(m_file));
    if (!file.open(QIODevice::ReadOnly))
        return failure(u"--prompts %1: %2"_s.arg(file.fileName(), file.errorString()));
    if (!base.maxTokens && m_app->count("--output-tokens") > 0)
        base.maxTokens = m_generator.outputTokens;
    client::LoadedPrompts loaded = client::loadPrompts(file, base);
    for (const QString &problem : std::as_const(loaded.problems))
        printError(streams, u"--prompts %1, %2"_s.arg(file.fileName(), problem));
    if (loaded.skipped > loaded.problems.size())
        printError(streams, u"--prompts %1: %2 more could not be used"_s.arg(file.fileName()).arg(loaded.skipped - loaded.problems.size()));
    if (!loaded.source)
        return failure(u"--prompts %1 holds no request"_s.arg(file.fileName()));
    return std::move(loaded.source);
}

int BenchCommand::run(Streams &streams)
{
    auto base = m_request.spec();
    if (!base) {
        printError(streams, base.error().message);
        return ExitUsage;
    }
    const auto target = m_target.target();
    if (!target) {
        printError(streams, target.error().message);
        return ExitConfig;
    }
    base->apiKey = target->apiKey;
    if (m_endpoint != "generate" && !m_request.hasModel())
        base->model = firstModel(*target);
    auto prompts = source(std::move(*base), streams);
    if (!prompts) {
        printError(streams, prompts.error().message);
        return ExitUsage;
    }
    m_options.poisson = !m_constant;
    m_options.seed = m_generator.seed;
    m_options.timeout = m_target.timeout();
    m_options.duration = std::chrono::milliseconds(qint64(m_duration * 1000));
    if (m_duration > 0 && m_app->count("--requests") == 0)
        m_options.requests = 1'000'000'000;
    Bench bench(streams, *target, m_options, m_quiet);
    const client::BenchReport measured = bench.run(std::move(*prompts));
    const int code = report(streams, measured);
    return bench.interrupted() ? int(ExitInterrupted) : code;
}

int BenchCommand::report(Streams &streams, const client::BenchReport &report) const
{
    const QJsonObject json = client::benchJson(report, m_options);
    int code = report.all.good > 0 ? ExitOk : ExitFailed;
    if (m_json)
        streams.out << QJsonDocument(json).toJson(QJsonDocument::Compact) << '\n';
    else
        streams.out << client::benchText(report, m_options);
    if (m_explain && !m_json)
        streams.out << '\n' << client::metricDefinitions();
    if (!m_output.empty()) {
        QSaveFile file(QString::fromStdString(m_output));
        if (!file.open(QIODevice::WriteOnly) || file.write(QJsonDocument(json).toJson()) < 0 || !file.commit()) {
            printError(streams, u"cannot write %1: %2"_s.arg(file.fileName(), file.errorString()));
            code = ExitFailed;
        }
    }
    if (!m_compare.empty()) {
        QFile file(QString::fromStdString(m_compare));
        const bool opened = file.open(QIODevice::ReadOnly);
        const auto compared = opened ? client::compareBench(QJsonDocument::fromJson(file.read(64 * 1024 * 1024)).object(), json)
                                     : Result<QString>(failure(file.errorString()));
        if (compared) {
            (m_json ? streams.err : streams.out) << "\nSINCE " << file.fileName() << '\n' << *compared;
        } else {
            printError(streams, u"--compare %1: %2"_s.arg(file.fileName(), compared.error().message));
            code = ExitFailed;
        }
    }
    streams.out.flush();
    streams.err.flush();
    return code;
}

} // namespace pdlb::cli

#include "bench_command.moc"
