// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness.h"

#include <QPointer>

namespace pdlb::test {

/// An engine whose answers the test writes by hand, step by step. Other endpoints are answered with 404, POST
/// /abort_request is counted.
class ScriptedEngine final
{
    Q_DISABLE_COPY_MOVE(ScriptedEngine)

public:
    ScriptedEngine();

    QString url() const;
    mock::MockHttpServer &http() { return m_server; }
    /// The newest generation request; null before it came and once its connection is gone.
    mock::MockExchange *request() const { return m_request; }
    qint64 requests() const { return m_requests; } ///< generation requests so far
    qint64 aborts() const { return m_aborts; }
    const QByteArray &body() const { return m_body; } ///< of the newest
    const http::HeaderList &headers() const { return m_headers; }
    /// Each generation request gets these bytes at once, then FIN.
    void answerRaw(const QByteArray &bytes) { m_raw = bytes; }
    void setHandler(mock::MockHttpServer::Handler handler) { m_handler = std::move(handler); }

private:
    void handle(mock::MockExchange &exchange);

    mock::MockHttpServer m_server;
    mock::MockHttpServer::Handler m_handler;
    QPointer<mock::MockExchange> m_request;
    QByteArray m_body;
    http::HeaderList m_headers;
    QByteArray m_raw;
    qint64 m_requests = 0;
    qint64 m_aborts = 0;
};

/// A rig whose only engines are these. They answer "{}" at first, for the warm-up: answerRaw({}) hands them to the test.
Setup scripted(ScriptedEngine &prefill, ScriptedEngine &decode);
/// The head of a stream of server-sent events.
http::HeaderList eventStream();
/// These bytes as an answer, then `how`.
mock::Fault rawFault(const QByteArray &bytes, mock::Cut::How how = mock::Cut::How::Fin);
/// The answer breaks off there.
mock::Fault breakFault(mock::Cut::Point point, mock::Cut::How how, qint64 amount = 0);
/// "HTTP/1.1 200 OK" with that body and Content-Length; `headers` are whole lines.
QByteArray rawAnswer(const QByteArray &body, const QByteArray &headers = {}, const QByteArray &status = "200 OK");
/// A chunked text/event-stream answer; each event in a chunk of its own. `end`: with the last chunk.
QByteArray rawStream(const QByteArrayList &events, bool end = true);

inline constexpr const char *generateBody = R"({"text":"hello world","sampling_params":{"max_new_tokens":4}})";
inline constexpr const char *generateStream = R"({"text":"hello world","sampling_params":{"max_new_tokens":4},"stream":true})";
inline constexpr const char *chatBody = R"({"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":4})";
inline constexpr const char *chatStream = R"({"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":4,"stream":true})";

} // namespace pdlb::test
