// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"
#include "config/config_fields.h"
#include "config/secrets.h"
#include "edge/listen_socket.h"
#include "fleet/hash_key.h"
#include "fleet/policy_registry.h"
#include "inject/fault_rule.h"
#include "trace/otlp_sender.h"
#include "upstream/origin.h"

#include <QHash>
#include <QNetworkInterface>
#include <QUrl>

#include <algorithm>
#include <functional>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

constexpr qsizetype longestName = 64;
constexpr qsizetype longestText = 1024;

bool isName(const QString &text)
{
    return !text.isEmpty() && text.size() <= longestName && std::all_of(text.begin(), text.end(), [](QChar c) {
        return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z') || (c >= u'0' && c <= u'9') || c == u'.' || c == u'_' || c == u'-';
    });
}

bool isUsableKey(const QByteArray &key)
{
    return !key.isEmpty() && std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool isOrigin(const QByteArray &text)
{
    const QUrl url(QString::fromUtf8(text), QUrl::StrictMode);
    return url.isValid() && (url.scheme() == "http"_L1 || url.scheme() == "https"_L1) && !url.host().isEmpty()
        && url.path().isEmpty() && url.userInfo().isEmpty() && !url.hasQuery() && !url.hasFragment();
}

/// Collects what is wrong with one configuration.
class Check
{
public:
    /// `config`: with names.
    explicit Check(const Config &config) : m_config(config) {}

    ConfigProblems run()
    {
        if (const auto address = edge::parseListenAddress(m_config.host); !address)
            add(u"$.host"_s, address.error().message);
        checkServers(Role::Prefill, m_config.prefill);
        checkServers(Role::Decode, m_config.decode);
        checkPairs();
        checkPolicies();
        checkRanges(u"$"_s, u""_s, configFields(), m_config);
        if (m_config.health.path.isEmpty() || !m_config.health.path.startsWith(u'/')
            || !std::all_of(m_config.health.path.begin(), m_config.health.path.end(), [](QChar c) { return c > u' ' && c < u'\x7f'; }))
            add(u"$.health.path"_s, u"the probes' path \"%1\": expected one that begins with /"_s.arg(m_config.health.path.left(200)));
        checkAccess();
        checkFaults();
        checkOtlp();
        checkMetrics();
        return std::move(m_problems);
    }

private:
    void add(const QString &path, const QString &message) { m_problems.append({path, message}); }

    /// `what`: of whom the settings are, for messages.
    template <typename Owner>
    void checkRanges(const QString &path, const QString &what, std::span<const Field<Owner>> fields, const Owner &owner)
    {
        for (const Field<Owner> &field : fields) {
            const QString problem = outOfRange(field, owner);
            if (problem.isEmpty())
                continue;
            const QString key = QString::fromLatin1(field.key);
            const QString flag = field.flags ? u" (%1)"_s.arg(QString::fromLatin1(field.flags).section(u',', 0, 0)) : u""_s;
            add(path + u'.' + key, what + key + flag + u' ' + problem);
        }
    }

    void checkServers(Role role, const QList<ServerConfig> &servers)
    {
        const QString roleText = QString::fromLatin1(roleName(role));
        if (servers.isEmpty())
            add(u"$."_s + roleText, role == Role::Prefill ? u"at least one prefill server is required (--prefill URL [PORT|none])"_s
                                                          : u"at least one decode server is required (--decode URL)"_s);
        QHash<QByteArray, QString> urls;
        for (qsizetype i = 0; i < servers.size(); ++i) {
            const ServerConfig &server = servers[i];
            const QString path = u"$.%1[%2]"_s.arg(roleText).arg(i);
            const QString label = u"%1 server %2: "_s.arg(roleText, server.name.left(longestName));
            checkName(server.name, path);
            checkUrl(server, path, urls);
            checkRanges(path, label, serverFields(), server);
            if (role == Role::Decode && server.bootstrapPort != BootstrapPort{})
                add(path + u".bootstrap_port"_s, label + u"only a prefill has a bootstrap port"_s);
            if (server.bootstrapPort.kind == BootstrapPort::Kind::Fixed && server.bootstrapPort.port == 0)
                add(path + u".bootstrap_port"_s, label + u"bootstrap port 0: expected a number from 1 to 65535, \"none\" or \"auto\""_s);
            if (!server.group.isEmpty() && !isName(server.group))
                add(path + u".group"_s, label + u"group \"%1\": expected up to %2 letters, digits, . _ -"_s.arg(server.group.left(200)).arg(longestName));
            for (auto it = server.labels.cbegin(); it != server.labels.cend(); ++it) {
                if (it.key().size() > longestName || it.value().size() > longestText)
                    add(path + u".labels"_s, label + u"label \"%1\" is too long"_s.arg(it.key().left(longestName)));
            }
            checkRef(server.apiKeyRef, path + u".api_key_ref"_s);
            if (!server.apiKey.isNull() && !isUsableKey(server.apiKey))
                add(path + u".api_key_ref"_s, label + u"its API key is empty or holds other characters than visible ASCII; check %1"_s.arg(server.apiKeyRef));
        }
    }

    void checkName(const QString &name, const QString &path)
    {
        if (!isName(name))
            add(path + u".name"_s, u"server name \"%1\": expected 1 to %2 letters, digits, . _ -"_s.arg(name.left(200)).arg(longestName));
        else if (const auto before = m_names.constFind(name); before != m_names.cend())
            add(path + u".name"_s, u"the server name \"%1\" is taken by %2; servers without a name are called p1, d1, … by their place"_s.arg(name, *before));
        else
            m_names.insert(name, path);
    }

    void checkUrl(const ServerConfig &server, const QString &path, QHash<QByteArray, QString> &urls)
    {
        const auto url = upstream::parseServerUrl(server.url);
        const QString where = path + u".url"_s;
        if (!url) {
            add(where, url.error().message);
            return;
        }
        const QByteArray text = upstream::toString(*url);
        const QString shown = QString::fromUtf8(text);
        if (url->origin.tls && m_config.transport == TransportKind::Direct)
            add(where, u"engine URL \"%1\": --transport direct speaks http:// only; use auto or qnam"_s.arg(shown));
        if (const auto before = urls.constFind(text); before != urls.cend())
            add(where, u"engine URL \"%1\" is there already, as %2"_s.arg(shown, *before));
        else
            urls.insert(text, path);
        if (url->lookup == upstream::Lookup::None && isOwnAddress(url->origin))
            add(where, u"engine URL \"%1\" is the balancer's own address: requests would go round in circles"_s.arg(shown));
    }

    bool isOwnAddress(const upstream::Origin &origin) const
    {
        const auto listen = edge::parseListenAddress(m_config.host);
        if (!listen || m_config.port == 0 || origin.port != m_config.port)
            return false;
        const QString host = QString::fromUtf8(origin.host);
        const QHostAddress address = host.compare("localhost"_L1, Qt::CaseInsensitive) == 0 ? QHostAddress(QHostAddress::LocalHost) : QHostAddress(host);
        if (address.isNull())
            return false; // a name: only its lookup would tell
        const bool any = *listen == QHostAddress(QHostAddress::AnyIPv4) || *listen == QHostAddress(QHostAddress::AnyIPv6)
            || *listen == QHostAddress(QHostAddress::Any);
        if (!any)
            return address == *listen || (address == QHostAddress(QHostAddress::AnyIPv4) && listen->isLoopback());
        return address.isLoopback() || QNetworkInterface::allAddresses().contains(address);
    }

    void checkPairs()
    {
        if (m_config.pairing == Pairing::Listed && m_config.pairs.isEmpty())
            add(u"$.pairs"_s, u"pairing is \"listed\" but no pair is listed"_s);
        const auto known = [](const QList<ServerConfig> &servers, const QString &name) {
            return std::any_of(servers.begin(), servers.end(), [&](const ServerConfig &s) { return s.name == name; });
        };
        QHash<std::pair<QString, QString>, qsizetype> seen;
        for (qsizetype i = 0; i < m_config.pairs.size(); ++i) {
            const PairConfig &pair = m_config.pairs[i];
            const QString path = u"$.pairs[%1]"_s.arg(i);
            if (!known(m_config.prefill, pair.prefill))
                add(path + u".prefill"_s, u"pair %1: no prefill server is named \"%2\""_s.arg(i).arg(pair.prefill.left(200)));
            if (!known(m_config.decode, pair.decode))
                add(path + u".decode"_s, u"pair %1: no decode server is named \"%2\""_s.arg(i).arg(pair.decode.left(200)));
            if (const auto before = seen.constFind({pair.prefill, pair.decode}); before != seen.cend())
                add(path, u"pair %1/%2 is listed twice"_s.arg(pair.prefill.left(200), pair.decode.left(200)));
            seen.insert({pair.prefill, pair.decode}, i);
            checkRanges(path, u"pair %1: "_s.arg(i), pairFields(), pair);
        }
    }

    void checkPolicies()
    {
        const std::pair<const char *, const QString &> names[] = {{"$.policy", m_config.policy},
                                                                 {"$.policies.prefill", m_config.policies.prefill},
                                                                 {"$.policies.decode", m_config.policies.decode}};
        for (const auto &[path, name] : names) {
            if (name.isEmpty() && &name != &m_config.policy)
                continue;
            if (const auto good = fleet::checkPolicy(name); !good)
                add(QString::fromLatin1(path), good.error().message);
        }
        if (const auto key = fleet::HashKey::parse(m_config.policies.hashKey); !key)
            add(u"$.policies.hash_key"_s, key.error().message);
    }

    void checkRef(const QString &ref, const QString &path)
    {
        if (ref.isEmpty())
            return;
        if (const auto good = checkSecretRef(ref); !good)
            add(path, good.error().message);
    }

    void checkAccess()
    {
        // An empty key would let everybody in who sends none. What is wrong is said without showing the key.
        if (!std::all_of(m_config.apiKeys.begin(), m_config.apiKeys.end(), isUsableKey))
            add(u"$.access.api_key_refs"_s, u"an API key is empty or holds other characters than visible ASCII; check --api-key and --api-key-file"_s);
        if (!m_config.engineApiKey.isNull() && !isUsableKey(m_config.engineApiKey))
            add(u"$.access.engine_api_key_ref"_s, u"the engines' API key is empty or holds other characters than visible ASCII; check --engine-api-key"_s);
        for (qsizetype i = 0; i < m_config.apiKeyRefs.size(); ++i) {
            if (const auto good = checkSecretRef(m_config.apiKeyRefs[i]); !good)
                add(u"$.access.api_key_refs[%1]"_s.arg(i), good.error().message);
        }
        checkRef(m_config.engineApiKeyRef, u"$.access.engine_api_key_ref"_s);
        checkAdmin();
        for (qsizetype i = 0; i < m_config.corsOrigins.size(); ++i) {
            if (!isOrigin(m_config.corsOrigins[i]))
                add(u"$.access.cors_origins[%1]"_s.arg(i), u"CORS origin \"%1\": expected http(s)://HOST[:PORT], as browsers send it"_s
                                                               .arg(QString::fromUtf8(m_config.corsOrigins[i].left(200))));
        }
        if (m_config.tlsCertFile.isEmpty() != m_config.tlsKeyFile.isEmpty())
            add(m_config.tlsKeyFile.isEmpty() ? u"$.access.tls_key"_s : u"$.access.tls_cert"_s,
                u"TLS needs both a certificate (--tls-cert) and its key (--tls-key)"_s);
    }

    void checkOtlp()
    {
        const OtlpRules &otlp = m_config.otlp;
        const QUrl url(otlp.endpoint, QUrl::StrictMode);
        const bool isHttp = url.scheme() == "http"_L1 || url.scheme() == "https"_L1;
        if (!otlp.endpoint.isEmpty() && (!url.isValid() || !isHttp || url.host().isEmpty() || url.port(1) == 0 || !url.userInfo().isEmpty() || url.hasFragment()))
            add(u"$.otlp.endpoint"_s, u"OTLP endpoint: expected http(s)://HOST:PORT, without a user or password"_s);
        checkRef(otlp.headersRef, u"$.otlp.headers_ref"_s);
        if (const auto headers = trace::OtlpSender::parseHeaders(otlp.headers); !headers)
            add(u"$.otlp.headers_ref"_s, headers.error().message);
    }

    void checkFaults()
    {
        const QStringList &rules = m_config.faults.rules;
        if (!rules.isEmpty() && !m_config.faults.allow)
            add(u"$.faults.rules"_s, u"faults are only injected with --allow-faults; leave the rules out or give that flag"_s);
        constexpr qsizetype mostRules = 100;
        if (rules.size() > mostRules)
            add(u"$.faults.rules"_s, u"there are %1 rules, at most %2 are allowed"_s.arg(rules.size()).arg(mostRules));
        for (qsizetype i = 0; i < rules.size(); ++i) {
            if (const auto rule = inject::parseFaultRule(rules[i]); !rule)
                add(u"$.faults.rules[%1]"_s.arg(i), u"fault rule: %1"_s.arg(rule.error().message));
        }
    }

    void checkMetrics()
    {
        constexpr qsizetype mostBuckets = 50;
        const QList<double> &buckets = m_config.metricsBuckets;
        if (!edge::parseListenAddress(m_config.metricsHost))
            add(u"$.metrics.host"_s, u"metrics host \"%1\": expected an IP address, \"localhost\" or \"*\""_s.arg(m_config.metricsHost.left(200)));
        if (m_config.metricsPort.value_or(0) != 0 && m_config.metricsPort == m_config.port)
            add(u"$.metrics.port"_s, u"the metrics' own port is that of the clients (%1), which has /metrics anyway; leave --metrics-port out or choose another"_s
                .arg(m_config.port));
        if (buckets.size() > mostBuckets || std::adjacent_find(buckets.begin(), buckets.end(), std::greater_equal<double>()) != buckets.end()
            || !std::all_of(buckets.begin(), buckets.end(), [](double bound) { return bound > 0 && bound <= 1e6; }))
            add(u"$.metrics.buckets"_s, u"--metrics-buckets: expected at most %1 numbers of seconds, ascending, above 0 and up to 1000000"_s.arg(mostBuckets));
    }

    void checkAdmin()
    {
        if (!std::all_of(m_config.adminKeys.begin(), m_config.adminKeys.end(), isUsableKey))
            add(u"$.admin.key_refs"_s, u"an admin key is empty or holds other characters than visible ASCII; check --admin-key and --admin-key-file"_s);
        for (qsizetype i = 0; i < m_config.adminKeyRefs.size(); ++i)
            checkRef(m_config.adminKeyRefs[i], u"$.admin.key_refs[%1]"_s.arg(i));
        if (!edge::parseListenAddress(m_config.adminHost))
            add(u"$.admin.host"_s, u"admin host \"%1\": expected an IP address, \"localhost\" or \"*\""_s.arg(m_config.adminHost.left(200)));
        for (qsizetype i = 0; i < m_config.adminHostNames.size(); ++i) {
            const QByteArray &name = m_config.adminHostNames[i];
            if (!isUsableKey(name) || name.contains('/') || (name.contains(':') && !name.startsWith('[')))
                add(u"$.admin.host_names[%1]"_s.arg(i), u"admin host name \"%1\": expected a name without scheme and port"_s.arg(QString::fromUtf8(name.left(200))));
        }
    }

    const Config &m_config;
    ConfigProblems m_problems;
    QHash<QString, QString> m_names;
};

} // namespace

ConfigProblems Config::problems() const
{
    Config named = *this;
    named.nameServers();
    return Check(named).run();
}

Result<void> Config::validate() const
{
    const ConfigProblems found = problems();
    if (!found.isEmpty())
        return failure(found.first().message);
    return {};
}

} // namespace pdlb
