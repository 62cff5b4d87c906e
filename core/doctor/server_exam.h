// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "doctor/options.h"
#include "doctor/probe_request.h"
#include "doctor/report.h"

namespace pdlb::doctor {

/// What all parts of one examination work with; outlives them.
struct ExamContext {
    Transports &transports;
    const Config &config; ///< addresses, names and secrets complete
    const Options &options;
    const Quoter &quote;
    pd::RoomSource &rooms;
    Random &random;

    /// What that server gets to see as credentials.
    http::HeaderList credentials(const ServerConfig &server) const;
    /// The one-token request, in the form that suits these engines.
    static QByteArray requestBody(const ServerFacts &server);
};

/// Finds out everything about one server: /server_info, /health and /v1/loads at once, a prefill's bootstrap server as soon
/// as its port is known, then, unless something is wrong already, a leg alone. Every step ends within the timeout.
class ServerExam final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(ServerExam)

public:
    ServerExam(ExamContext &context, const upstream::Origin &origin, const ServerConfig &config, ServerReport report, QObject *parent);
    void start();

    const ServerReport &report() const { return m_report; }
    const upstream::Origin &origin() const { return m_origin; }
    const ServerConfig &config() const { return m_config; }
    /// No request needs to be sent through it.
    bool isHopeless() const { return hasErrors(m_report.findings) || hasErrors(m_report.bootstrapFindings); }

Q_SIGNALS:
    void finished();

private:
    using Then = std::function<void(const control::EngineReply &)>;
    void ask(const upstream::Origin &origin, const QByteArray &target, bool withKey, const Then &then);
    void askInfo(const QByteArray &target);
    void infoAnswered(const control::EngineReply &reply);
    void askBootstrap(quint16 port);
    void routeAnswered(const upstream::Origin &origin, const control::EngineReply &reply);
    void engineKnown();
    void askAlone();
    void stepEnded();
    void judge();

    ExamContext &m_context;
    upstream::Origin m_origin;
    ServerConfig m_config;
    ServerReport m_report;
    int m_engineQuestions = 0; ///< of the engine itself, under way
    int m_questions = 0; ///< all under way
    std::unique_ptr<ProbeRequest> m_alone;
};

} // namespace pdlb::doctor
