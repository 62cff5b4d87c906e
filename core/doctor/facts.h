// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/server_config.h"
#include "trace/explanation.h"

#include <QString>
#include <QStringList>

#include <chrono>
#include <optional>

namespace pdlb::doctor {

/// What became of one question.
struct Answer {
    enum class Kind {
        NotAsked,
        Answered, ///< see status
        Unreachable, ///< no connection: refused, no route, unknown name, TLS
        Silent, ///< connected, but nothing came in time; or not even the connection did
        Broken, ///< cut, or no HTTP
    };
    Kind kind = Kind::NotAsked;
    int status = 0;
    QString words; ///< the transport's reason, or the start of an answer that is not 2xx
    bool ok() const { return kind == Kind::Answered && status >= 200 && status < 300; }
};

/// What an engine says of itself at /server_info (SGLang's ServerArgs and more). Absent or null members stay empty.
struct EngineInfo {
    QString version;
    QString mode; ///< "prefill", "decode", "null"
    QString modelPath;
    QString servedModel;
    QString kvCacheDtype;
    QString transferBackend;
    std::optional<qint64> port; ///< HTTP
    std::optional<qint64> bootstrapPort;
    std::optional<qint64> pageSize;
    std::optional<qint64> tpSize;
    std::optional<qint64> dpSize;
    std::optional<qint64> ppSize;
    bool withoutTokenizer = false; ///< skip_tokenizer_init: takes token ids only
    bool mixedPageSizes = false; ///< enable_hisparse: a decode that takes other page sizes
    QStringList problems; ///< members that are not what they should be, a sentence each
};

/// What a prefill's bootstrap server says at /route with all ranks -1; the same for what it lacks.
struct RouteInfo {
    std::optional<qint64> tpSize;
    std::optional<qint64> dpSize;
    std::optional<qint64> ppSize;
    std::optional<qint64> pageSize;
    QString kvCacheDtype;
    std::optional<qint64> prefillHttpPort;
    QStringList problems;
};

/// How far an engine's clock is ahead of this machine's.
struct ClockOffset {
    std::optional<double> milliseconds;
    double plusMinus = 0; ///< milliseconds: half the round trip, and what the source rounds off
    QString source; ///< "/v1/loads", "Date"; when unknown: why
};

/// What became of one leg of a request.
struct LegFacts {
    enum class End {
        NotSent,
        Ok,
        Failed, ///< see status and message
        Unanswered, ///< still running when the time was over
        Cancelled, ///< ended because the other one failed
    };
    End end = End::NotSent;
    int status = 0; ///< 0: the connection failed
    QString message;
    double milliseconds = 0; ///< from sending to its end
};

/// A one-token request through a pair.
struct RequestFacts {
    LegFacts prefill;
    LegFacts decode;
    std::chrono::milliseconds timeout{0};
    /// Where the requests were when the time was over; empty when they did not say.
    std::optional<trace::LoadSample> prefillQueues;
    std::optional<trace::LoadSample> decodeQueues;
    bool ok() const { return prefill.end == LegFacts::End::Ok && decode.end == LegFacts::End::Ok; }
};

struct ServerFacts {
    Role role = Role::Prefill;
    QString name;
    QString url;
    QString host; ///< without brackets
    quint16 port = 0;
    bool local = false; ///< the host is this machine
    bool enabled = true;
    bool keyGiven = false; ///< an API key was sent
    QString sameAs; ///< the name of the server of the other role that has the same URL
    Answer info; ///< /server_info
    Answer health; ///< /health
    std::optional<EngineInfo> engine; ///< when the answer was a JSON object
    QString infoProblem; ///< why a 2xx answer is none, in words
    std::optional<trace::LoadSample> queues;
    ClockOffset clock;
    LegFacts alone; ///< a leg with the fake bootstrap host
    std::chrono::milliseconds timeout{0}; ///< of every question
    std::chrono::milliseconds slow{0}; ///< a leg alone that takes longer is slow
};

/// A prefill's bootstrap server.
struct BootstrapFacts {
    QString prefill; ///< name
    QString host;
    BootstrapPort::Kind source = BootstrapPort::Kind::Discover;
    std::optional<quint16> sent; ///< what the legs get as bootstrap_port; none: null
    std::optional<quint16> asked; ///< the port that was asked; none: it is unknown
    Answer health;
    Answer route;
    std::optional<RouteInfo> info;
    QString routeProblem; ///< why a 2xx answer is none
    QString rankIp; ///< where rank 0 offers its KV cache
    QString owner; ///< the other prefill that its prefill_http_port belongs to, when it is known
};

} // namespace pdlb::doctor
