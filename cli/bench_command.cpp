// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_command.h"

#include "util/work_thread.h"
#include "cli/signals.h"
#include "client/bench_report.h"

#include <QCoreApplication>
#include <QElapsedTimer>
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
    Bench(Streams &streams, const TargetFlags::Target &target, const client::BenchOptions &options, const TerminationSignals &termination, bool quiet)
        : m_streams(streams), m_target(target), m_options(options), m_showsProgress(!quiet && ::isatty(STDERR_FILENO))
    {
        connect(&termination, &TerminationSignals::requested, this, [this] {
            m_thread.post([this] {
                if (m_run)
                    m_run->stop();
            });
        });
        connect(&m_progress, &QTimer::timeout, this, [this] {
            m_streams.err << u'\r' << progress() << "\x1b[K";
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
        m_since.start();
        if (m_showsProgress)
            m_progress.start(100);
        QCoreApplication::exec();
        if (m_showsProgress) {
            m_streams.err << "\r\x1b[K";
            m_streams.err.flush();
        }
        return m_report;
    }

private:
    QString progress() const
    {
        const double seconds = double(m_since.elapsed()) / 1000;
        const qint64 ended = m_ended;
        QString line = QString::number(ended);
        if (m_options.duration.count() == 0)
            line += u" of %1"_s.arg(m_options.requests + m_options.warmUp);
        line += u" ended, %1 failed, %2 running, %3 requests/s, %4 s"_s.arg(m_failed.load()).arg(m_running.load())
                    .arg(seconds > 0 ? double(ended) / seconds : 0, 0, 'f', 1).arg(seconds, 0, 'f', 0);
        if (m_options.duration.count() > 0)
            line += u" of %1"_s.arg(double(m_options.duration.count()) / 1000);
        return line;
    }

    /// In the thread, like what it sets up.
    void begin(std::unique_ptr<client::PromptSource> source)
    {
        m_transport = m_target.makeTransport();
        m_run = std::make_unique<client::BenchRun>(*m_transport, m_target.origin, std::move(source), m_options, SteadyClock::instance(), nullptr);
        auto *counter = new QTimer(m_run.get());
        connect(counter, &QTimer::timeout, m_run.get(), [this] {
            m_ended = m_run->ended();
            m_running = m_run->running();
            m_failed = m_run->failed();
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
    QTimer m_progress;
    WorkThread m_thread{QStringLiteral("pdlb-client")};
    std::unique_ptr<upstream::UpstreamTransport> m_transport; ///< used in the thread, like the next
    std::unique_ptr<client::BenchRun> m_run;
    client::BenchReport m_report;
    std::atomic<qint64> m_ended{0};
    std::atomic<int> m_running{0};
    std::atomic<qint64> m_failed{0};
    QElapsedTimer m_since;
    bool m_showsProgress;
};

/// Waits for findModel(). Errors: no model, or a signal came first.
Result<QString> waitForModel(const TargetFlags::Target &target, const TerminationSignals &termination)
{
    const auto transport = target.makeTransport();
    QObject context;
    Result<QString> found = failure(u"interrupted"_s);
    const auto quit = [] { QMetaObject::invokeMethod(qApp, &QCoreApplication::quit, Qt::QueuedConnection); };
    QObject::connect(&termination, &TerminationSignals::requested, &context, quit);
    findModel(*transport, target, &context, [&found, quit](const Result<QString> &model) {
        found = model;
        quit();
    });
    QCoreApplication::exec();
    return found;
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
    const UnblockedSignals whileReading;
    client::LoadedPrompts loaded = client::loadPrompts(file, base);
    for (const QString &problem : std::as_const(loaded.problems))
        printError(streams, u"--prompts %1, %2"_s.arg(file.fileName(), problem));
    if (loaded.skipped > loaded.problems.size())
        printError(streams, u"--prompts %1: %2 more could not be used"_s.arg(file.fileName()).arg(loaded.skipped - loaded.problems.size()));
    if (!loaded.source)
        return failure(u"--prompts %1 holds no request"_s.arg(file.fileName()));
    return std::move(loaded.source);
}

QJsonObject BenchCommand::promptsJson() const
{
    QJsonObject prompts{{u"endpoint"_s, QString::fromStdString(m_endpoint)}, {u"stream"_s, m_request.streams()}};
    if (!m_file.empty()) {
        prompts.insert(u"prompts"_s, QString::fromStdString(m_file));
        return prompts;
    }
    prompts.insert(u"input_tokens"_s, m_generator.inputTokens);
    prompts.insert(u"output_tokens"_s, m_generator.outputTokens);
    prompts.insert(u"spread"_s, m_generator.spread);
    prompts.insert(u"shared_prefix"_s, m_generator.sharedPrefix);
    return prompts;
}

int BenchCommand::run(Streams &streams)
{
    const auto fail = [&streams](const QString &message, int code) {
        printError(streams, message);
        return code;
    };
    auto base = m_request.spec();
    if (!base)
        return fail(base.error().message, ExitUsage);
    const auto target = m_target.target();
    if (!target)
        return fail(target.error().message, ExitConfig);
    base->apiKey = target->apiKey;
    // What would spoil the end of a long run is found now.
    QJsonObject before;
    if (!m_compare.empty()) {
        const auto text = readInput(m_compare, 64 * 1024 * 1024);
        const auto loaded = text ? client::readBenchReport(*text) : Result<QJsonObject>(tl::unexpected(text.error()));
        if (!loaded)
            return fail(u"--compare %1: %2"_s.arg(QString::fromStdString(m_compare), loaded.error().message), ExitUsage);
        before = *loaded;
    }
    QSaveFile output(QString::fromStdString(m_output));
    if (!m_output.empty() && !output.open(QIODevice::WriteOnly))
        return fail(u"--output %1: %2"_s.arg(output.fileName(), output.errorString()), ExitUsage);

    TerminationSignals termination;
    bool interrupted = false;
    QObject::connect(&termination, &TerminationSignals::requested, &termination, [&interrupted] { interrupted = true; });
    if (m_endpoint != "generate" && !RequestFlags::namesModel(*base)) {
        const auto model = waitForModel(*target, termination);
        if (interrupted)
            return ExitInterrupted;
        if (!model && m_file.empty()) // a file's requests may name their own
            return fail(model.error().message, ExitFailed);
        base->model = model.value_or(QString());
    }
    auto prompts = source(std::move(*base), streams);
    if (!prompts)
        return fail(prompts.error().message, ExitUsage);
    m_options.poisson = !m_constant;
    m_options.seed = m_generator.seed;
    m_options.timeout = m_target.timeout();
    m_options.duration = std::chrono::milliseconds(qint64(m_duration * 1000));
    m_options.prompts = promptsJson();
    if (m_duration > 0 && m_app->count("--requests") == 0)
        m_options.requests = 1'000'000'000;
    Bench bench(streams, *target, m_options, termination, m_quiet);
    const client::BenchReport measured = bench.run(std::move(*prompts));
    const int code = report(streams, measured, before, output);
    return interrupted ? int(ExitInterrupted) : code;
}

int BenchCommand::report(Streams &streams, const client::BenchReport &report, const QJsonObject &before, QSaveFile &output) const
{
    const QJsonObject json = client::benchJson(report, m_options);
    int code = report.all.good > 0 ? ExitOk : ExitFailed;
    if (m_json)
        streams.out << QJsonDocument(json).toJson(QJsonDocument::Compact) << '\n';
    else
        streams.out << client::benchText(report, m_options);
    if (m_explain && !m_json)
        streams.out << '\n' << client::metricDefinitions();
    if (output.isOpen() && (output.write(QJsonDocument(json).toJson()) < 0 || !output.commit())) {
        printError(streams, u"cannot write %1: %2"_s.arg(output.fileName(), output.errorString()));
        code = ExitFailed;
    }
    if (!before.isEmpty())
        (m_json ? streams.err : streams.out) << "\nSINCE " << QString::fromStdString(m_compare) << '\n' << client::compareBench(before, json);
    streams.out.flush();
    streams.err.flush();
    return code;
}

} // namespace pdlb::cli

#include "bench_command.moc"
