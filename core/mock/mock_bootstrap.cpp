// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_bootstrap.h"

#include "mock/mock_info.h"

#include <QUrlQuery>

namespace pdlb::mock {

namespace {
constexpr const char *plainText = "text/plain; charset=utf-8";
constexpr int rankPort = 17000;
} // namespace

MockBootstrap::MockBootstrap(MockOptions options, QObject *parent)
    : QObject(parent), m_options(std::move(options)), m_registered(m_options.registered)
{
    m_http.setHandler([this](MockExchange &exchange) { handle(exchange); });
}

void MockBootstrap::handle(MockExchange &exchange)
{
    const QByteArray path = exchange.head().path();
    const QByteArray &method = exchange.head().method;
    const bool get = method == "GET" || method == "HEAD";
    if ((path == "/health" && get) || (path == "/route" && method == "PUT"))
        exchange.respond(200, plainText, "OK");
    else if (path == "/route" && get)
        route(exchange);
    else if (path == "/health" || path == "/route")
        exchange.respond(405, plainText, "405: Method Not Allowed");
    else
        exchange.respond(404, plainText, "404: Not Found");
}

void MockBootstrap::route(MockExchange &exchange)
{
    const QUrlQuery query(QString::fromUtf8(exchange.head().query()));
    const char *const names[] = {"prefill_dp_rank", "prefill_cp_rank", "target_tp_rank", "target_pp_rank"};
    bool all = true;
    int ranks[4] = {};
    for (int i = 0; i < 4; ++i) {
        bool ok = false;
        ranks[i] = query.queryItemValue(QString::fromLatin1(names[i])).toInt(&ok);
        if (!ok) {
            exchange.respond(400, plainText, "Missing inputs for bootstrap server.");
            return;
        }
        all = all && ranks[i] == -1;
    }
    if (!m_registered) {
        exchange.respond(503, plainText, "Prefill server not fully registered yet (0 workers registered).");
    } else if (all) {
        exchange.respond(200, "application/json", bootstrapInfo(m_options, m_httpPort));
    } else if (ranks[0] >= m_options.dpSize || ranks[1] > 0 || ranks[2] >= m_options.tpSize || ranks[3] > 0) {
        const QString text = QStringLiteral("Bootstrap info not found for dp_rank=%1 cp_rank=%2 tp_rank=%3 pp_rank=%4")
                                 .arg(ranks[0])
                                 .arg(ranks[1])
                                 .arg(ranks[2])
                                 .arg(ranks[3]);
        exchange.respond(404, plainText, text.toUtf8());
    } else {
        exchange.respond(200, "application/json",
                         toJson(QJsonObject{{QStringLiteral("rank_ip"), m_options.host},
                                            {QStringLiteral("rank_port"), rankPort + qMax(0, ranks[2])}}));
    }
}

} // namespace pdlb::mock
