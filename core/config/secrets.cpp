// SPDX-License-Identifier: Apache-2.0
#include "config/secrets.h"

#include "config/secret_file.h"

#include <algorithm>
#include <tuple>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

constexpr QLatin1StringView filePrefix = "file:"_L1;
constexpr QLatin1StringView envPrefix = "env:"_L1;

bool isVariable(QStringView name)
{
    return !name.isEmpty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), [](QChar c) {
        return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z') || (c >= u'0' && c <= u'9') || c == u'_';
    });
}

} // namespace

Result<void> checkSecretRef(const QString &ref)
{
    const bool file = ref.startsWith(filePrefix) && ref.size() > filePrefix.size() && !ref.contains(QChar(u'\0'));
    const bool variable = ref.startsWith(envPrefix) && isVariable(QStringView(ref).sliced(envPrefix.size()));
    if (!file && !variable) // it may be a key that somebody put here: not shown
        return failure(u"a reference to a key must be \"file:PATH\" or \"env:NAME\"; the key itself does not belong here"_s);
    return {};
}

Result<QByteArrayList> readSecretRef(const QString &ref)
{
    if (const auto good = checkSecretRef(ref); !good)
        return tl::unexpected(good.error());
    if (ref.startsWith(filePrefix))
        return readSecretFile(ref.sliced(filePrefix.size()));
    const QString name = ref.sliced(envPrefix.size());
    const QByteArray value = qgetenv(name.toLatin1().constData());
    if (value.isEmpty())
        return failure(u"the environment variable %1 is not set or empty; put a key there or drop the reference"_s.arg(name));
    return QByteArrayList{value};
}

tl::expected<void, ConfigProblem> resolveSecrets(Config &config)
{
    const auto wrong = [](const QString &path, const Error &error) { return tl::unexpected(ConfigProblem{path, error.message}); };
    Config resolved = config;
    const std::tuple<const QStringList &, const QByteArrayList &, QByteArrayList &, QString> lists[] = {
        {config.apiKeyRefs, config.givenApiKeys, resolved.apiKeys, u"$.access.api_key_refs[%1]"_s},
        {config.adminKeyRefs, config.givenAdminKeys, resolved.adminKeys, u"$.admin.key_refs[%1]"_s},
    };
    for (const auto &[refs, given, to, path] : lists) {
        to = given;
        for (qsizetype i = 0; i < refs.size(); ++i) {
            const auto keys = readSecretRef(refs[i]);
            if (!keys)
                return wrong(path.arg(i), keys.error());
            to += *keys;
        }
    }
    if (!config.engineApiKeyRef.isEmpty()) {
        const auto keys = readSecretRef(config.engineApiKeyRef);
        if (!keys)
            return wrong(u"$.access.engine_api_key_ref"_s, keys.error());
        resolved.engineApiKey = keys->first();
    }
    if (!config.otlp.headersRef.isEmpty()) {
        const auto headers = readSecretRef(config.otlp.headersRef);
        if (!headers)
            return wrong(u"$.otlp.headers_ref"_s, headers.error());
        resolved.otlp.headers = *headers;
    }
    for (const Role role : {Role::Prefill, Role::Decode}) {
        QList<ServerConfig> &servers = role == Role::Prefill ? resolved.prefill : resolved.decode;
        for (qsizetype i = 0; i < servers.size(); ++i) {
            if (servers[i].apiKeyRef.isEmpty())
                continue;
            const auto keys = readSecretRef(servers[i].apiKeyRef);
            if (!keys)
                return wrong(u"$.%1[%2].api_key_ref"_s.arg(QLatin1StringView(roleName(role))).arg(i), keys.error());
            servers[i].apiKey = keys->first();
        }
    }
    config = std::move(resolved);
    return {};
}

void keepGivenSecrets(Config &config, const Config &running)
{
    // Whoever has no references was given every key directly.
    config.givenApiKeys = running.apiKeyRefs.isEmpty() ? running.apiKeys : running.givenApiKeys;
    config.givenAdminKeys = running.adminKeyRefs.isEmpty() ? running.adminKeys : running.givenAdminKeys;
    if (config.engineApiKeyRef.isEmpty() && running.engineApiKeyRef.isEmpty())
        config.engineApiKey = running.engineApiKey;
    for (const auto &[servers, before] : {std::pair{&config.prefill, &running.prefill}, {&config.decode, &running.decode}}) {
        for (ServerConfig &server : *servers) {
            const auto same = std::find_if(before->begin(), before->end(), [&](const ServerConfig &s) { return s.name == server.name && s.url == server.url; });
            if (same != before->end() && same->apiKeyRef.isEmpty() && server.apiKeyRef.isEmpty())
                server.apiKey = same->apiKey;
        }
    }
}

} // namespace pdlb
