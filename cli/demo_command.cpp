// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_command.h"

#include "balancer.h"
#include "cli/logging.h"
#include "cli/signals.h"
#include "client/request_run.h"
#include "mock/mock_fleet.h"
#include "upstream/direct_transport.h"

#include <QCoreApplication>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

/// Brings the timelines of finished requests to the main thread.
class TimelineRelay final : public QObject, public trace::TraceSink
{
    Q_OBJECT

public:
    void record(const trace::TimelinePtr &timeline) override { Q_EMIT recorded(timeline); }

Q_SIGNALS:
    void recorded(const pdlb::trace::TimelinePtr &timeline);
};

/// The demonstration: sends the request once the balancer listens, prints what comes.
class Demo final : public QObject
{
    Q_OBJECT

public:
    Demo(Streams &streams, bool once) : m_streams(streams), m_once(once)
    {
        qRegisterMetaType<trace::TimelinePtr>();
        connect(&m_balancer, &Balancer::stopped, this, [this](bool) { QCoreApplication::exit(m_code); });
        connect(&m_timelines, &TimelineRelay::recorded, this, &Demo::onTimeline, Qt::QueuedConnection);
        connect(&m_termination, &TerminationSignals::requested, this, [this] {
            m_code = ExitInterrupted;
            m_balancer.drain();
        });
    }

    Result<void> start(const QString &host, quint16 port, const QString &prompt)
    {
        if (auto started = m_engines.start(); !started)
            return started;
        Config config;
        config.host = host;
        config.port = port;
        config.workers = 1;
        config.drainTimeout = std::chrono::seconds(2);
        for (const QUrl &url : m_engines.prefillUrls())
            config.prefill += {url.toString(), {}};
        for (const QUrl &url : m_engines.decodeUrls())
            config.decode += {url.toString()};
        connect(&m_balancer, &Balancer::listening, this, [this, prompt] {
            m_streams.out << "prefill engine (mock)  " << m_engines.prefillUrls().first().toString() << "\n"
                          << "decode engine (mock)   " << m_engines.decodeUrls().first().toString() << "\n"
                          << "balancer               " << m_balancer.url().toString() << "\n\n> " << prompt << "\n";
            m_streams.out.flush();
            send(prompt);
        });
        m_balancer.setTraceSink(&m_timelines);
        return m_balancer.start(config);
    }

private:
    void send(const QString &prompt)
    {
        client::RequestSpec spec;
        spec.model = u"mock-model"_s;
        spec.messages = {{u"user"_s, prompt}};
        spec.maxTokens = 24;
        const auto origin = upstream::parseOrigin(m_balancer.url().toString());
        auto *run = new client::RequestRun(m_transport, *origin, spec.toBytes(), SteadyClock::instance(), this, {.keepText = true});
        connect(run, &client::RequestRun::text, this, [this](const QByteArray &content) {
            m_streams.out << QString::fromUtf8(content);
            m_streams.out.flush();
        });
        connect(run, &client::RequestRun::finished, this, [this, run] { onAnswered(run->result().error); }, Qt::QueuedConnection);
        run->start();
    }

    void onAnswered(const QString &error)
    {
        m_streams.out << "\n";
        m_answered = true;
        if (!error.isEmpty()) {
            printError(m_streams, u"the request failed: %1"_s.arg(error));
            m_code = ExitFailed;
        }
        showWhenComplete();
    }

    void onTimeline(const trace::TimelinePtr &timeline)
    {
        if (m_shown)
            return; // the user's own requests
        m_text = trace::describeTimeline(*timeline);
        if (timeline->end != trace::EndReason::Ok)
            m_code = ExitFailed;
        showWhenComplete();
    }

    void showWhenComplete()
    {
        if (!m_answered || m_text.isEmpty() || std::exchange(m_shown, true))
            return;
        m_streams.out << "\nWhat happened:\n" << m_text;
        if (m_once) {
            m_streams.out.flush();
            m_balancer.drain();
            return;
        }
        m_streams.out << "\nStill serving. Try:\n  curl -N " << m_balancer.url().toString()
                      << "/v1/chat/completions -H 'Content-Type: application/json' \\\n"
                         "    -d '{\"model\":\"mock-model\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"stream\":true}'\n"
                         "Ctrl-C ends it.\n";
        m_streams.out.flush();
    }

    Streams &m_streams;
    mock::MockFleet m_engines;
    TimelineRelay m_timelines; // outlives the balancer
    Balancer m_balancer;
    upstream::DirectTransport m_transport;
    TerminationSignals m_termination;
    QString m_text;
    int m_code = ExitOk;
    bool m_once;
    bool m_answered = false;
    bool m_shown = false;
};

} // namespace

void DemoCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("demo", "Show it at work: two mock engines, the balancer and one request in one process");
    m_app->add_flag("--once", m_once, "End after the first answer");
    m_app->add_option("--host", m_host, "Address to listen on")->capture_default_str();
    m_app->add_option("--port", m_port, "Port to listen on; 0: any free one")->capture_default_str()->check(CLI::Range(0, 65535));
    m_app->add_option("--prompt", m_prompt, "What to ask")->capture_default_str();
}

int DemoCommand::run(Streams &streams)
{
    if (const auto logging = setUpLogging(u"warn"_s, false); !logging)
        return ExitFailed;
    Demo demo(streams, m_once);
    if (auto started = demo.start(QString::fromStdString(m_host), quint16(m_port), QString::fromStdString(m_prompt)); !started) {
        printError(streams, started.error().message);
        return ExitFailed;
    }
    return QCoreApplication::exec();
}

} // namespace pdlb::cli

#include "demo_command.moc"
