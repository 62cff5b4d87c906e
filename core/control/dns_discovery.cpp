// SPDX-License-Identifier: Apache-2.0
#include "control/dns_discovery.h"

#include <QLoggingCategory>
#include <QTimer>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

Q_LOGGING_CATEGORY(lcDns, "pdlb.dns")

constexpr std::chrono::milliseconds shortestTime = std::chrono::seconds(1);
constexpr std::chrono::milliseconds longestTime = std::chrono::minutes(5);
constexpr std::chrono::milliseconds longestPause = std::chrono::seconds(30);
constexpr qsizetype mostAddresses = 1024; ///< of one name

/// What a configured server stands for.
ServerConfig makeServer(const ServerConfig &configured, const upstream::ServerUrl &url, const Resolution::Address &address)
{
    ServerConfig server = configured;
    upstream::Origin origin = url.origin;
    origin.host = address.address.toUtf8();
    origin.port = address.port;
    server.url = QString::fromUtf8(origin.url());
    server.hostName = QString::fromUtf8(url.origin.host);
    server.name = configured.name + u'-' + QString(address.address).replace(u':', u'_').replace(u'%', u'_');
    if (url.lookup == upstream::Lookup::Services)
        server.name += u'-' + QString::number(address.port);
    return server;
}

} // namespace

DnsDiscovery::DnsDiscovery(Resolver &resolver, QObject *parent) : QObject(parent), m_resolver(resolver) {}

Config DnsDiscovery::expand(const Config &given) const
{
    Config config = given;
    config.nameServers();
    QHash<QString, QStringList> namesOf; // what a configured name has become
    QSet<QString> taken;
    for (const QList<ServerConfig> *list : {&config.prefill, &config.decode}) {
        for (const ServerConfig &server : *list)
            taken += server.name;
    }
    for (QList<ServerConfig> *list : {&config.prefill, &config.decode}) {
        const auto lookupOf = [](const ServerConfig &server) { return *upstream::parseServerUrl(server.url); };
        QSet<QString> urls;
        for (const ServerConfig &server : std::as_const(*list)) {
            if (const upstream::ServerUrl url = lookupOf(server); url.lookup == upstream::Lookup::None)
                urls += QString::fromUtf8(url.origin.url());
        }
        QList<ServerConfig> expanded;
        for (const ServerConfig &server : std::as_const(*list)) {
            const upstream::ServerUrl url = lookupOf(server);
            if (url.lookup == upstream::Lookup::None) {
                expanded += server;
                continue;
            }
            QStringList &names = namesOf[server.name];
            for (const Resolution::Address &address : m_names.value(upstream::toString(url)).addresses) {
                const ServerConfig one = makeServer(server, url, address);
                if (urls.contains(one.url) || taken.contains(one.name))
                    continue;
                urls += one.url;
                taken += one.name;
                names += one.name;
                expanded += one;
            }
        }
        *list = expanded;
    }
    QList<PairConfig> pairs;
    for (const PairConfig &pair : std::as_const(config.pairs)) {
        for (const QString &prefill : namesOf.value(pair.prefill, {pair.prefill})) {
            for (const QString &decode : namesOf.value(pair.decode, {pair.decode})) {
                PairConfig one = pair;
                one.prefill = prefill;
                one.decode = decode;
                pairs += one;
            }
        }
    }
    config.pairs = pairs;
    return config;
}

void DnsDiscovery::configure(const Config &config)
{
    QHash<QByteArray, Name> names;
    QByteArrayList added;
    for (const QList<ServerConfig> *list : {&config.prefill, &config.decode}) {
        for (const ServerConfig &server : *list) {
            const auto url = upstream::parseServerUrl(server.url);
            if (!url || url->lookup == upstream::Lookup::None)
                continue;
            const QByteArray key = upstream::toString(*url);
            if (names.contains(key))
                continue;
            if (const auto known = m_names.constFind(key); known != m_names.cend()) {
                names.insert(key, *known);
            } else {
                names.insert(key, {.url = *url, .id = ++m_nextId});
                added += key;
            }
        }
    }
    m_names = std::move(names);
    for (const QByteArray &key : std::as_const(added))
        lookUp(key);
}

void DnsDiscovery::lookUp(const QByteArray &key)
{
    const Name &name = m_names[key];
    m_resolver.lookUp(name.url, this, [this, key, id = name.id](const Resolution &resolution) {
        if (m_names.value(key).id == id) // else it is not asked for any more
            answered(key, resolution);
    });
}

void DnsDiscovery::answered(const QByteArray &key, const Resolution &resolution)
{
    Name &name = m_names[key];
    if (!resolution.error.isEmpty() || resolution.addresses.isEmpty()) {
        const QString complaint = resolution.error.isEmpty() ? u"the name has no addresses"_s : resolution.error;
        if (std::exchange(name.complaint, complaint) != complaint)
            qCWarning(lcDns, "%s: %s; %lld known servers stay, it is asked again", key.constData(), qUtf8Printable(complaint),
                      static_cast<long long>(name.addresses.size()));
        lookUpAfter(key, name.pause);
        name.pause = std::min(name.pause * 2, longestPause);
        return;
    }
    name.complaint.clear();
    name.pause = shortestTime;
    lookUpAfter(key, std::clamp(std::chrono::milliseconds(resolution.ttl), shortestTime, longestTime));
    const QList<Resolution::Address> addresses = resolution.addresses.first(std::min(resolution.addresses.size(), mostAddresses));
    if (addresses == name.addresses)
        return;
    qCInfo(lcDns, "%s has %lld addresses, it had %lld", key.constData(), static_cast<long long>(addresses.size()),
           static_cast<long long>(name.addresses.size()));
    if (addresses.size() < resolution.addresses.size())
        qCWarning(lcDns, "%s: only the first %lld of %lld addresses are used", key.constData(), static_cast<long long>(mostAddresses),
                  static_cast<long long>(resolution.addresses.size()));
    name.addresses = addresses;
    Q_EMIT changed();
}

void DnsDiscovery::lookUpAfter(const QByteArray &key, std::chrono::milliseconds pause)
{
    QTimer::singleShot(pause, this, [this, key, id = m_names.value(key).id] {
        if (m_names.value(key).id == id)
            lookUp(key);
    });
}

} // namespace pdlb::control
