// SPDX-License-Identifier: Apache-2.0
#include "cli/client_flags.h"

#include "cli/signals.h"
#include "config/secret_file.h"
#include "control/engine_call.h"
#include "upstream/direct_transport.h"
#include "upstream/qnam_transport.h"
#include "util/escape.h"
#include "util/tls_files.h"

#include <QFile>
#include <QJsonDocument>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

/// Of a file, else of the environment; may be none.
Result<QByteArray> readKey(const std::string &file, const char *variable)
{
    if (file.empty())
        return qgetenv(variable);
    const auto keys = readSecretFile(QString::fromStdString(file));
    if (!keys)
        return tl::unexpected(keys.error());
    return keys->first();
}

} // namespace

void TargetFlags::addTo(CLI::App &app)
{
    app.add_option("--url", m_url, "The balancer, or any engine with the same API")->type_name("URL")->capture_default_str()->group("Target");
    app.add_option("--admin-url", m_adminUrl, "The balancer's --admin-port, where it has one; it tells prefill's times")->type_name("URL")->group("Target");
    app.add_option("--api-key-file", m_keyFile, "Key to send (or PDLB_API_KEY)")->type_name("FILE")->group("Target");
    app.add_option("--admin-key-file", m_adminKeyFile, "The balancer's admin key, where it has one (or PDLB_ADMIN_KEY)")->type_name("FILE")->group("Target");
    app.add_option("--timeout", m_timeout, "For one request")->type_name("SECONDS")->capture_default_str()->check(CLI::Range(0.001, 86'400.0))->group("Target");
    app.add_option("--ca-file", m_caFile, "Authorities to trust for https://, beside the system's (PEM)")->type_name("FILE")->group("Target");
    app.add_flag("--insecure", m_insecure, "Do not check certificates")->group("Target");
}

Result<TargetFlags::Target> TargetFlags::target() const
{
    auto origin = upstream::parseOrigin(QString::fromStdString(m_url));
    if (!origin)
        return failure(u"--url: %1"_s.arg(origin.error().message));
    if (origin->basePath.endsWith("/v1")) // as OpenAI's clients want it; every path we ask for has it
        origin->basePath.chop(3);
    const auto admin = m_adminUrl.empty() ? origin : upstream::parseOrigin(QString::fromStdString(m_adminUrl));
    if (!admin)
        return failure(u"--admin-url: %1"_s.arg(admin.error().message));
    const auto apiKey = readKey(m_keyFile, "PDLB_API_KEY");
    if (!apiKey)
        return tl::unexpected(apiKey.error());
    const auto adminKey = readKey(m_adminKeyFile, "PDLB_ADMIN_KEY");
    if (!adminKey)
        return tl::unexpected(adminKey.error());
    const auto tls = loadClientTls(QString::fromStdString(m_caFile), !m_insecure);
    if (!tls)
        return tl::unexpected(tls.error());
    return Target{*origin, *tls, *apiKey, *adminKey, *admin};
}

std::unique_ptr<upstream::UpstreamTransport> TargetFlags::Target::makeTransport() const
{
    if (origin.tls || admin.tls)
        return std::make_unique<upstream::QnamTransport>(tls);
    return std::make_unique<upstream::DirectTransport>();
}

Result<QByteArray> readInput(const std::string &path, qint64 most)
{
    QFile file;
    if (path == "-") {
        if (!file.open(stdin, QIODevice::ReadOnly))
            return failure(u"standard input cannot be read"_s);
    } else {
        file.setFileName(QString::fromStdString(path));
        if (!file.open(QIODevice::ReadOnly))
            return failure(u"%1: %2"_s.arg(file.fileName(), file.errorString()));
    }
    const UnblockedSignals whileReading; // it may be a terminal, on which nobody types
    QByteArray text = file.read(most + 1);
    if (text.size() > most)
        return failure(u"%1 is longer than %2 MiB"_s.arg(QString::fromStdString(path)).arg(most / (1024 * 1024)));
    if (file.error() != QFileDevice::NoError)
        return failure(u"%1: %2"_s.arg(QString::fromStdString(path), file.errorString()));
    return text;
}

void findModel(upstream::UpstreamTransport &transport, const TargetFlags::Target &target, QObject *owner,
               const std::function<void(const Result<QString> &)> &then)
{
    control::EngineRequest request{.target = "/v1/models"};
    if (!target.apiKey.isEmpty())
        request.headers.add("Authorization", "Bearer " + target.apiKey);
    new control::EngineCall(transport, target.origin, std::move(request), [then, url = target.origin.url()](const control::EngineReply &reply) {
        const QString model = QJsonDocument::fromJson(reply.body)["data"_L1][0]["id"_L1].toString();
        if (!model.isEmpty())
            then(model);
        else
            then(failure(u"no --model was given and %1 does not list any: %2"_s
                             .arg(QString::fromUtf8(url), reply.ok() ? u"its /v1/models names none"_s : escapeControls(reply.describe()))));
    }, owner);
}

Result<QByteArray> readPair(const std::string &text)
{
    const QByteArray pair = QByteArray::fromStdString(text);
    if (!pair.isEmpty() && (!http::isFieldValue(pair) || pair.count('/') != 1))
        return failure(u"--pair \"%1\": expected PREFILL/DECODE"_s.arg(escapeControls(QString::fromUtf8(pair.left(100)))));
    return pair;
}

bool RequestFlags::namesModel(const client::RequestSpec &spec)
{
    return !spec.model.isEmpty() || !spec.rawBody.isEmpty() || spec.extra.contains("model"_L1);
}

void RequestFlags::addTo(CLI::App &app)
{
    constexpr const char *group = "Request";
    app.add_option("--model", m_model, "Model; not given: the first that the server lists")->type_name("NAME")->group(group);
    app.add_option("--pair", m_pair, "Servers that must serve it: p1/d2, p1/*")->type_name("PREFILL/DECODE")->group(group);
    app.add_option("--max-tokens", m_maxTokens, "At most so many tokens")->check(CLI::Range(1, 100'000'000))->group(group);
    app.add_option("--temperature", m_temperature, "Sampling temperature")->group(group);
    app.add_option("--top-p", m_topP, "Nucleus sampling")->group(group);
    app.add_option("--seed", m_seed, "Seed of the sampling")->group(group);
    app.add_option("--samples", m_samples, "Answers to one request (n)")->check(CLI::Range(1, 1000))->group(group);
    app.add_option("--stop", m_stop, "Ends the answer (repeatable)")->type_name("TEXT")->expected(1)->take_all()->group(group);
    app.add_option("--extra", m_extra, "Members merged into the body last")->type_name("JSON")->group(group);
    app.add_option("--header", m_headers, "Further header (repeatable)")->type_name("NAME: VALUE")->expected(1)->take_all()->group(group);
    app.add_flag("--stream,!--no-stream", m_stream, "Ask for a stream of tokens (default), or for the answer as a whole")->group(group);
}

Result<client::RequestSpec> RequestFlags::spec() const
{
    client::RequestSpec spec;
    spec.model = QString::fromStdString(m_model);
    spec.maxTokens = m_maxTokens;
    spec.temperature = m_temperature;
    spec.topP = m_topP;
    spec.seed = m_seed;
    spec.samples = m_samples;
    spec.stream = m_stream;
    for (const std::string &text : m_stop)
        spec.stop += QString::fromStdString(text);
    for (const std::string &field : m_headers) {
        const QByteArray line = QByteArray::fromStdString(field);
        const qsizetype colon = line.indexOf(':');
        const QByteArray name = line.left(std::max<qsizetype>(colon, 0)).trimmed();
        const QByteArray value = line.mid(colon + 1).trimmed();
        if (colon < 1 || !http::isToken(name) || !http::isFieldValue(value))
            return failure(u"--header \"%1\": expected NAME: VALUE"_s.arg(QString::fromUtf8(line.left(100))));
        spec.headers.add(name, value);
    }
    const auto pair = readPair(m_pair);
    if (!pair)
        return tl::unexpected(pair.error());
    spec.pair = *pair;
    if (!m_extra.empty()) {
        QJsonParseError error;
        const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromStdString(m_extra), &error);
        if (!document.isObject())
            return failure(u"--extra: expected a JSON object%1"_s.arg(error.error == QJsonParseError::NoError ? QString() : u", "_s + error.errorString()));
        spec.extra = document.object();
    }
    return spec;
}

} // namespace pdlb::cli
