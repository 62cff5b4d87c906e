// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/request_spec.h"
#include "cli/command.h"
#include "upstream/upstream_transport.h"
#include "util/tls_files.h"

#include <functional>

namespace pdlb::cli {

/// Whom `pdlb send`, `bench` and `replay` talk to, and how.
class TargetFlags
{
public:
    void addTo(CLI::App &app);

    struct Target {
        upstream::Origin origin;
        ClientTls tls;
        QByteArray apiKey;
        QByteArray adminKey;
        upstream::Origin admin; ///< where the admin API is; the same unless told otherwise
        /// Direct for http://, QNetworkAccessManager for https://. To be called in the thread that uses it.
        std::unique_ptr<upstream::UpstreamTransport> makeTransport() const;
    };
    /// The error is one sentence; reads the key files.
    Result<Target> target() const;
    std::chrono::milliseconds timeout() const { return std::chrono::milliseconds(qint64(m_timeout * 1000)); }

private:
    std::string m_url = "http://127.0.0.1:30000";
    std::string m_adminUrl;
    std::string m_keyFile;
    std::string m_adminKeyFile;
    std::string m_caFile;
    double m_timeout = 600;
    bool m_insecure = false;
};

/// A whole file; "-": standard input. Signals end the process meanwhile. Errors: it cannot be read, or is longer than `most` bytes.
Result<QByteArray> readInput(const std::string &path, qint64 most);

/// Asks for the first model that the server lists. Calls back once; an error says why there is none.
void findModel(upstream::UpstreamTransport &transport, const TargetFlags::Target &target, QObject *owner,
               const std::function<void(const Result<QString> &)> &then);

/// A pair as people pin one: "p1/d2", "p1/*". Errors: it is none.
Result<QByteArray> readPair(const std::string &text);

/// What a request of `send` and `bench` is made of.
class RequestFlags
{
public:
    void addTo(CLI::App &app);
    /// The parameters; errors: extra JSON or a header that is none.
    Result<client::RequestSpec> spec() const;
    bool streams() const { return m_stream; }
    /// Whether the body will name a model.
    static bool namesModel(const client::RequestSpec &spec);

private:
    std::string m_model;
    std::string m_pair;
    std::string m_extra;
    std::vector<std::string> m_headers;
    std::vector<std::string> m_stop;
    std::optional<int> m_maxTokens;
    std::optional<double> m_temperature;
    std::optional<double> m_topP;
    std::optional<qint64> m_seed;
    std::optional<int> m_samples;
    bool m_stream = true;
};

} // namespace pdlb::cli
