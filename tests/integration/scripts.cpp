// SPDX-License-Identifier: Apache-2.0
#include "scripts.h"

#include "http/message_writer.h"

namespace pdlb::test {

ScriptedEngine::ScriptedEngine()
{
    m_server.setHandler([this](mock::MockExchange &exchange) { handle(exchange); });
    if (const auto done = m_server.listen(QHostAddress(QHostAddress::LocalHost), 0); !done)
        qFatal("%s", qPrintable(done.error().message));
}

QString ScriptedEngine::url() const
{
    return QStringLiteral("http://127.0.0.1:%1").arg(m_server.port());
}

void ScriptedEngine::handle(mock::MockExchange &exchange)
{
    const QByteArray path = exchange.head().path();
    if (path == "/abort_request") {
        ++m_aborts;
        exchange.respond(200, "text/plain", {});
        return;
    }
    if ((path != "/generate" && !path.startsWith("/v1/")) || path == "/v1/loads") {
        exchange.respond(404, "application/json", "{}");
        return;
    }
    ++m_requests;
    m_request = &exchange;
    m_body = exchange.body();
    m_headers = exchange.head().headers;
    if (m_handler) {
        m_handler(exchange);
    } else if (!m_raw.isEmpty()) {
        exchange.writeRaw(m_raw);
        exchange.close();
    }
}

Setup scripted(ScriptedEngine &prefill, ScriptedEngine &decode)
{
    Setup setup;
    for (ScriptedEngine *engine : {&prefill, &decode}) {
        engine->answerRaw(rawAnswer("{}", "Connection: close\r\n")); // which it does: QNAM would begin on it again
        setup.servers.append(&engine->http());
    }
    setup.change = [&](Config &config) {
        config.prefill = {{prefill.url(), BootstrapPort::none()}};
        config.decode = {{decode.url()}};
    };
    return setup;
}

http::HeaderList eventStream()
{
    http::HeaderList headers;
    headers.add("content-type", "text/event-stream; charset=utf-8");
    return headers;
}

mock::Fault rawFault(const QByteArray &bytes, mock::Cut::How how)
{
    mock::Fault fault;
    fault.kind = mock::Fault::Kind::Raw;
    fault.raw = bytes;
    fault.cut.how = how;
    return fault;
}

mock::Fault breakFault(mock::Cut::Point point, mock::Cut::How how, qint64 amount)
{
    mock::Fault fault;
    fault.kind = mock::Fault::Kind::Break;
    fault.cut = {point, how, amount};
    return fault;
}

QByteArray rawAnswer(const QByteArray &body, const QByteArray &headers, const QByteArray &status)
{
    return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\n" + headers + "Content-Length: "
        + QByteArray::number(body.size()) + "\r\n\r\n" + body;
}

QByteArray rawStream(const QByteArrayList &events, bool end)
{
    QByteArray bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const QByteArray &event : events)
        http::appendChunk(bytes, event);
    return end ? bytes + http::lastChunk.toByteArray() : bytes;
}

} // namespace pdlb::test
