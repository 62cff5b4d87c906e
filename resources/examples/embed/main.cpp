// SPDX-License-Identifier: Apache-2.0
#include <balancer.h>

#include <QCoreApplication>
#include <QSocketNotifier>

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);

    pdlb::Config config;
    config.host = "127.0.0.1";
    config.port = 30000; // 0: any free port
    config.prefill = {{"http://127.0.0.1:30001", pdlb::BootstrapPort::fixed(8998)}}; // {url, {}}: the engine is asked
    config.decode = {{"http://127.0.0.1:30002"}};
    config.requestTimeout = std::chrono::seconds(1800);

    pdlb::Balancer balancer;
    if (const auto started = balancer.start(config); !started)
        qFatal("%s", qUtf8Printable(started.error().message));
    qInfo("listens on %s, Enter stops it", qUtf8Printable(balancer.url().toString()));

    QSocketNotifier enter(0, QSocketNotifier::Read);
    QObject::connect(&enter, &QSocketNotifier::activated, &balancer, [&] {
        enter.setEnabled(false);
        balancer.drain(); // running requests may end; stop() would end them now
    });
    QObject::connect(&balancer, &pdlb::Balancer::stopped, &app, &QCoreApplication::quit);
    return app.exec();
}
