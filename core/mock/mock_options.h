// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QJsonObject>
#include <QString>

#include <chrono>

namespace pdlb::mock {

/// What an engine was started as. Plain engines do both halves of the work themselves.
enum class Role { Prefill, Decode, Plain };

/// "prefill", "decode" or "null", as SGLang's disaggregation_mode.
QByteArray roleName(Role role);

/// How the head of a streamed answer reaches the wire. Clients have had bugs with either, so tests need both.
enum class HeadWrite {
    OwnWrite, ///< head in a segment of its own, the first event follows (MockOptions::headGap later)
    WithFirstEvent, ///< head and first event in one segment
};

/// One engine's behaviour. The defaults make a quick, faultless engine.
struct MockOptions {
    QString host = QStringLiteral("127.0.0.1");
    quint16 port = 0; ///< 0: any free port
    /// Prefill: where its bootstrap server listens (0: any free port). Decode: the port it uses for
    /// "bootstrap_port": null (SGLang's own --disaggregation-bootstrap-port).
    quint16 bootstrapPort = 0;

    QByteArray model = "mock-model";
    QByteArray text; ///< what is generated, word by word and over again; empty: a friendly sentence
    int defaultMaxTokens = 32; ///< when the request names no limit; finish_reason is then "stop"
    QByteArray apiKey; ///< not empty: requests need "Authorization: Bearer KEY", else 401

    double prefillTps = 8000; ///< prompt tokens a second; 0: no time at all
    double kvMs = 5; ///< duration of the KV transfer
    double decodeMs = 6; ///< between two tokens; 0: as fast as the client reads
    HeadWrite headWrite = HeadWrite::OwnWrite;
    std::chrono::milliseconds headGap{0}; ///< with OwnWrite: pause between head and first event of OpenAI streams

    std::chrono::milliseconds keepAlive{5000}; ///< idle connections are closed after it (uvicorn's default)
    std::chrono::milliseconds disconnectPoll{0}; ///< how late a vanished client is noticed (SGLang: up to 4 s)
    std::chrono::milliseconds lookupTime{100}; ///< until a wrong bootstrap address fails (SGLang: 15 tries, 1 s apart)
    std::chrono::milliseconds waitingTimeout{300000}; ///< decode waits for KV (SGLANG_DISAGGREGATION_WAITING_TIMEOUT)
    std::chrono::milliseconds bootstrapTimeout{300000}; ///< prefill waits for decode (…_BOOTSTRAP_TIMEOUT)

    int maxRunning = 0; ///< further requests wait; 0: no limit (SGLang's --max-running-requests)

    int tpSize = 1;
    int dpSize = 1;
    bool followBootstrapRoom = true; ///< prefill: room % dpSize is the DP rank, says /route
    int pageSize = 64;
    QByteArray kvCacheDtype = "auto";
    QByteArray transferBackend = "mooncake";
    QJsonObject info; ///< members that /server_info, and the bootstrap server where it has them, tell instead of the truth
    qint64 logBytes = qint64(64) * 1024 * 1024; ///< of the bodies that MockEngine::requests() remembers
    bool registered = true; ///< prefill: see MockBootstrap::setRegistered()
};

} // namespace pdlb::mock
