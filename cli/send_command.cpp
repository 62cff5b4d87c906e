// SPDX-License-Identifier: Apache-2.0
#include "cli/send_command.h"

#include "cli/signals.h"
#include "client/bench_report.h"
#include "client/request_run.h"
#include "client/trace_lookup.h"
#include "util/escape.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QUuid>

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

constexpr qint64 longestBody = qint64(1024) * 1024 * 1024;

QString milliseconds(double value)
{
    return QString::number(value, 'f', value < 10 ? 2 : 1) + u" ms"_s;
}

/// Asks for a model where none is given, sends the request as often as wanted, prints.
class Sender final : public QObject
{
    Q_OBJECT

public:
    struct Options {
        int repeat = 1;
        bool raw = false;
        bool json = false;
        bool explain = false;
        std::chrono::milliseconds timeout{0};
    };

    Sender(Streams &streams, const TargetFlags::Target &target, client::RequestSpec spec, Options options)
        : m_streams(streams), m_target(target), m_spec(std::move(spec)), m_options(options), m_transport(target.makeTransport())
    {
        connect(&m_termination, &TerminationSignals::requested, this, [this] {
            m_interrupted = true;
            if (m_run)
                m_run->abort();
            else
                quit();
        });
    }

    void start()
    {
        if (m_spec.endpoint == pd::Endpoint::Generate || RequestFlags::namesModel(m_spec)) {
            next();
            return;
        }
        findModel(*m_transport, m_target, this, [this](const Result<QString> &model) {
            if (!model) {
                printError(m_streams, model.error().message);
                m_code = ExitFailed;
                quit();
                return;
            }
            m_spec.model = *model;
            next();
        });
    }
    int code() const { return m_interrupted ? ExitInterrupted : m_code; }

private:
    void quit() { QMetaObject::invokeMethod(qApp, &QCoreApplication::quit, Qt::QueuedConnection); }

    void next()
    {
        if (m_sent++ == m_options.repeat || m_interrupted) {
            finishAll();
            return;
        }
        client::RequestBytes request = m_spec.toBytes();
        if (!request.headers.contains("x-request-id")) // by which the balancer's record is found, also when no answer comes
            request.headers.add("X-Request-Id", QUuid::createUuid().toByteArray(QUuid::WithoutBraces));
        m_requestId = request.headers.value("x-request-id").toByteArray();
        m_run = new client::RequestRun(*m_transport, m_target.origin, std::move(request), SteadyClock::instance(), this,
                                       {.keepText = !m_options.raw && !m_options.json, .keepRaw = m_options.raw, .timeout = m_options.timeout});
        connect(m_run, &client::RequestRun::raw, this, [this](QByteArrayView bytes) {
            // Through the stream's device: these bytes need not be text.
            m_streams.out.flush();
            if (m_streams.out.device())
                m_streams.out.device()->write(bytes.data(), bytes.size());
            else
                m_streams.out << QString::fromUtf8(bytes);
            stopWithoutReader();
        });
        connect(m_run, &client::RequestRun::text, this, [this](const QByteArray &content, const QByteArray &reasoning) {
            if (!reasoning.isEmpty() && !std::exchange(m_reasoning, true))
                m_streams.out << "[reasoning] ";
            if (!content.isEmpty() && std::exchange(m_reasoning, false))
                m_streams.out << "\n[answer] ";
            // An engine must not be able to control the terminal.
            m_streams.out << escapeControls(QString::fromUtf8(reasoning + content), u"\n\t"_s);
            stopWithoutReader();
        });
        connect(m_run, &client::RequestRun::finished, this, &Sender::onFinished, Qt::QueuedConnection);
        m_run->start();
    }

    /// Who reads the output may have seen enough (`| head`).
    void stopWithoutReader()
    {
        if (flushed(m_streams.out) || std::exchange(m_interrupted, true))
            return;
        QMetaObject::invokeMethod(this, [this] {
            if (m_run)
                m_run->abort();
        }, Qt::QueuedConnection); // not from within its own signal
    }

    void onFinished()
    {
        client::RequestResult result = m_run->result();
        if (result.requestId.isEmpty())
            result.requestId = m_requestId;
        m_run->deleteLater();
        m_run = nullptr;
        m_reasoning = false;
        if (!result.isGood())
            m_code = ExitFailed;
        if (!m_options.json && !m_options.raw)
            m_streams.out << '\n';
        m_streams.out.flush();
        m_total.add(result);
        new client::TraceLookup(*m_transport, m_target.admin, m_target.adminKey, result.requestId,
                                [this, result](const client::ServerView &view) { show(result, view); }, this);
    }

    void show(const client::RequestResult &result, const client::ServerView &server)
    {
        if (m_options.json)
            showJson(result, server);
        else
            showText(result, server);
        next();
    }

    void showText(const client::RequestResult &result, const client::ServerView &server)
    {
        QTextStream &out = m_options.raw ? m_streams.err : m_streams.out; // raw output is the answer and nothing else
        const auto line = [&out](const QString &name, const QString &value) { out << name.leftJustified(16) << value << '\n'; };
        const auto time = [&line](const QString &name, const std::optional<double> &value) {
            if (value)
                line(name, milliseconds(*value));
        };
        if (result.aborted) {
            out << abortText(server);
        } else if (!result.error.isEmpty()) {
            out.flush();
            printError(m_streams, escapeControls(result.error));
        }
        if (result.status > 0)
            line(u"status"_s, QString::number(result.status) + (server.end.isEmpty() ? QString() : u", end: "_s + escapeControls(server.end)));
        time(u"TTFT"_s, result.ttft());
        if (result.ttfo() && result.ttfo() != result.ttft())
            time(u"TTFO"_s, result.ttfo());
        time(u"ITL"_s, result.itl());
        if (!result.gaps.isEmpty()) {
            const client::Distribution &gaps = result.gaps;
            line(u"ICL"_s, u"mean %1, p50 %2, p99 %3, max %4"_s.arg(milliseconds(gaps.mean()), milliseconds(gaps.quantile(0.5)),
                                                                   gaps.count() >= 100 ? milliseconds(gaps.quantile(0.99)) : u"- (under 100 gaps)"_s,
                                                                   milliseconds(gaps.most())));
        }
        line(u"E2E"_s, milliseconds(result.duration()));
        if (const auto rate = result.tokensPerSecond())
            line(u"tokens/s"_s, QString::number(*rate, 'f', 1));
        showFacts(result, line);
        const QString pair = result.prefill.isEmpty() ? server.pair : QString::fromUtf8(result.pair() + ", room " + result.room);
        if (!pair.isEmpty())
            line(u"pair"_s, escapeControls(pair));
        time(u"until picked"_s, server.queue);
        time(u"prefill + KV"_s, server.prefill);
        time(u"decode's first"_s, server.decodeFirst);
        if (!server.problem.isEmpty() && !result.aborted)
            line(u"prefill + KV"_s, u"not known: "_s + escapeControls(server.problem));
        if (!result.requestId.isEmpty())
            line(u"request id"_s, escapeControls(QString::fromUtf8(result.requestId)));
        out.flush();
    }

    /// What became of both legs, as far as the balancer tells.
    static QString abortText(const client::ServerView &server)
    {
        if (!server.problem.isEmpty())
            return u"Aborted: the connection was closed; what the balancer did is not known: %1\n"_s.arg(escapeControls(server.problem));
        QStringList parts;
        if (!server.cancelled.isEmpty())
            parts += u"cancelled %1"_s.arg(server.cancelled.join(u" and "_s));
        if (!server.told.isEmpty())
            parts += u"told %1 to forget the request"_s.arg(server.told.join(u" and "_s));
        if (!server.finished.isEmpty())
            parts += u"%1 had already finished"_s.arg(server.finished.join(u" and "_s));
        if (parts.isEmpty())
            return u"Aborted: the connection was closed before the balancer had sent anything to a server\n"_s;
        return escapeControls(u"Aborted: the connection was closed; the balancer ended both legs: %1"_s.arg(parts.join(u", "_s))) + u'\n';
    }

    template <typename Line> void showFacts(const client::RequestResult &result, const Line &line) const
    {
        const pd::AnswerFacts &facts = result.facts;
        if (facts.completionTokens) {
            QString usage = u"%1 in, %2 out"_s.arg(facts.promptTokens.value_or(0)).arg(*facts.completionTokens);
            if (facts.cachedTokens)
                usage += u", %1 of the input from cache"_s.arg(*facts.cachedTokens);
            line(u"tokens"_s, usage);
        } else if (result.status == 200) {
            line(u"tokens"_s, u"not known: the answer has no usage block"_s);
        }
        if (!facts.finishReason.isEmpty())
            line(u"finish reason"_s, escapeControls(QString::fromUtf8(facts.finishReason)));
    }

    void showJson(const client::RequestResult &result, const client::ServerView &server)
    {
        QJsonObject object{{u"status"_s, result.status}, {u"e2e_ms"_s, result.duration()}, {u"events"_s, result.events}, {u"bytes"_s, result.bytes},
                           {u"aborted"_s, result.aborted}, {u"request_id"_s, QString::fromUtf8(result.requestId)}, {u"pair"_s, result.prefill.isEmpty() ? server.pair : QString::fromUtf8(result.pair())},
                           {u"finish_reason"_s, QString::fromUtf8(result.facts.finishReason)}};
        const auto put = [&object](const QString &name, const auto &value) {
            if (value)
                object.insert(name, *value);
        };
        put(u"ttft_ms"_s, result.ttft());
        put(u"ttfo_ms"_s, result.ttfo());
        put(u"itl_ms"_s, result.itl());
        put(u"tokens_per_second"_s, result.tokensPerSecond());
        put(u"prompt_tokens"_s, result.facts.promptTokens);
        put(u"completion_tokens"_s, result.facts.completionTokens);
        put(u"cached_tokens"_s, result.facts.cachedTokens);
        put(u"queue_ms"_s, server.queue);
        put(u"prefill_and_kv_ms"_s, server.prefill);
        if (!result.error.isEmpty())
            object.insert(u"error"_s, result.error);
        if (!server.problem.isEmpty())
            object.insert(u"trace_problem"_s, server.problem);
        m_streams.out << QJsonDocument(object).toJson(QJsonDocument::Compact) << '\n';
        m_streams.out.flush();
    }

    void finishAll()
    {
        if (m_options.repeat > 1 && !m_options.json && m_total.all.good > 0) {
            m_streams.out << "\nALL\n" << client::benchText(m_total, {.concurrency = 1});
        }
        if (m_options.explain)
            m_streams.out << '\n' << client::metricDefinitions();
        m_streams.out.flush();
        quit();
    }

    /// The repetitions together.
    struct Total : client::BenchReport {
        void add(const client::RequestResult &result)
        {
            if (result.isGood())
                all.add(result);
            else
                ++all.failed;
            seconds += result.duration() / 1000;
        }
    };

    Streams &m_streams;
    TargetFlags::Target m_target;
    client::RequestSpec m_spec;
    Options m_options;
    std::unique_ptr<upstream::UpstreamTransport> m_transport;
    TerminationSignals m_termination;
    client::RequestRun *m_run = nullptr;
    QByteArray m_requestId;
    Total m_total;
    int m_sent = 0;
    int m_code = ExitOk;
    bool m_reasoning = false;
    bool m_interrupted = false;
};

} // namespace

void SendCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("send", "Send a request, print the answer as it comes and what was measured");
    m_app->add_option("--chat", m_chat, "A user's message, to /v1/chat/completions")->type_name("TEXT");
    m_app->add_option("--system", m_system, "System message before it")->type_name("TEXT");
    m_app->add_option("--completion", m_completion, "A prompt, to /v1/completions")->type_name("TEXT");
    m_app->add_option("--generate", m_generate, "A prompt, to /generate")->type_name("TEXT");
    m_app->add_option("--file", m_file, "A whole request body, sent as it is; - is standard input")->type_name("FILE");
    m_app->add_option("--repeat", m_repeat, "So often, one after another")->capture_default_str()->check(CLI::Range(1, 1'000'000));
    m_app->add_flag("--raw", m_raw, "Print the answer's bytes; figures go to standard error");
    m_app->add_flag("--json", m_json, "Print the figures as JSON, a line for each request")->excludes("--raw");
    m_app->add_flag("--explain", m_explain, "Say what the figures mean");
    m_request.addTo(*m_app);
    m_target.addTo(*m_app);
}

qsizetype SendCommand::sourcesGiven() const
{
    return std::ranges::count_if(std::array{"--chat", "--completion", "--generate", "--file"}, [this](const char *flag) { return m_app->count(flag) > 0; });
}

Result<client::RequestSpec> SendCommand::spec() const
{
    auto spec = m_request.spec();
    if (!spec)
        return spec;
    const auto isGiven = [this](const char *flag) { return m_app->count(flag) > 0; };
    if (const qsizetype given = sourcesGiven(); given != 1)
        return failure(given == 0 ? u"what to send is missing: --chat TEXT, --completion TEXT, --generate TEXT or --file FILE"_s
                                  : u"--chat, --completion, --generate and --file exclude one another"_s);
    if (isGiven("--system") && !isGiven("--chat"))
        return failure(u"--system goes with --chat"_s);
    if (isGiven("--file")) {
        for (const char *flag : {"--model", "--max-tokens", "--temperature", "--top-p", "--seed", "--samples", "--stop", "--extra", "--stream"}) {
            if (isGiven(flag))
                return failure(u"--file sends the body as it is: %1 cannot change it"_s.arg(QLatin1StringView(flag)));
        }
        const auto body = readInput(m_file, longestBody);
        if (!body)
            return tl::unexpected(body.error());
        const auto endpoint = client::guessEndpoint(*body);
        if (!endpoint)
            return failure(u"--file: %1"_s.arg(endpoint.error().message));
        spec->endpoint = *endpoint;
        spec->rawBody = *body;
    } else if (isGiven("--chat")) {
        if (isGiven("--system"))
            spec->messages += {u"system"_s, QString::fromStdString(m_system)};
        spec->messages += {u"user"_s, QString::fromStdString(m_chat)};
    } else {
        spec->endpoint = isGiven("--generate") ? pd::Endpoint::Generate : pd::Endpoint::Completions;
        spec->prompt = QString::fromStdString(isGiven("--generate") ? m_generate : m_completion);
    }
    return spec;
}

int SendCommand::run(Streams &streams)
{
    if (m_explain && sourcesGiven() == 0) {
        streams.out << client::metricDefinitions();
        streams.out.flush();
        return ExitOk;
    }
    auto request = spec();
    if (!request) {
        printError(streams, request.error().message);
        return ExitUsage;
    }
    const auto target = m_target.target();
    if (!target) {
        printError(streams, target.error().message);
        return ExitConfig;
    }
    request->apiKey = target->apiKey;
    Sender sender(streams, *target, std::move(*request), {m_repeat, m_raw, m_json, m_explain, m_target.timeout()});
    QMetaObject::invokeMethod(&sender, &Sender::start, Qt::QueuedConnection);
    QCoreApplication::exec();
    return sender.code();
}

} // namespace pdlb::cli

#include "send_command.moc"
