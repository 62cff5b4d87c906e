// SPDX-License-Identifier: Apache-2.0
#include "control/resolver.h"

#include <QDnsLookup>
#include <QHostAddress>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

constexpr qsizetype mostTargets = 256;

/// One question after the other's answers, until everything is known; then it calls back and deletes itself.
class Question final : public QObject
{
    Q_OBJECT

public:
    Question(const upstream::ServerUrl &url, QObject *context, Resolver::Callback callback) : QObject(context), m_callback(std::move(callback))
    {
        const QString name = QString::fromUtf8(url.origin.host);
        if (url.lookup == upstream::Lookup::Services)
            ask(QDnsLookup::SRV, name, {});
        else
            askAddresses(name, url.origin.port);
    }

private:
    /// One with addresses of both kinds is one engine, not two.
    struct Host {
        quint16 port = 0;
        QList<Resolution::Address> v4;
        QList<Resolution::Address> v6;
    };

    void askAddresses(const QString &name, quint16 port)
    {
        const auto host = std::make_shared<Host>();
        host->port = port;
        m_hosts.push_back(host);
        ask(QDnsLookup::A, name, host);
        ask(QDnsLookup::AAAA, name, host);
    }

    void ask(QDnsLookup::Type type, const QString &name, const std::shared_ptr<Host> &host)
    {
        ++m_pending;
        auto *lookup = new QDnsLookup(type, name, this);
        connect(lookup, &QDnsLookup::finished, this, [this, lookup, host] { answered(*lookup, host.get()); });
        lookup->lookup();
    }

    void answered(const QDnsLookup &lookup, Host *host)
    {
        // A name without records of one type is told as one that is not found.
        if (lookup.error() != QDnsLookup::NoError && lookup.error() != QDnsLookup::NotFoundError)
            m_result.error = u"%1: %2"_s.arg(lookup.name(), lookup.errorString());
        for (const QDnsHostAddressRecord &record : lookup.hostAddressRecords()) {
            (lookup.type() == QDnsLookup::A ? host->v4 : host->v6).append({record.value().toString(), host->port});
            m_ttl = std::min(m_ttl, record.timeToLive());
        }
        const QList<QDnsServiceRecord> services = lookup.serviceRecords(); // sorted by priority
        for (const QDnsServiceRecord &record : services.first(std::min(services.size(), mostTargets))) {
            // The others are for when these are gone; a target "." says that there is no such service.
            if (record.priority() != services.first().priority() || record.target().isEmpty() || record.target() == "."_L1 || record.port() == 0)
                continue;
            m_ttl = std::min(m_ttl, record.timeToLive());
            askAddresses(record.target(), record.port());
        }
        if (--m_pending > 0)
            return;
        for (const std::shared_ptr<Host> &each : m_hosts)
            m_result.addresses += each->v4.isEmpty() ? each->v6 : each->v4;
        std::sort(m_result.addresses.begin(), m_result.addresses.end());
        m_result.addresses.erase(std::unique(m_result.addresses.begin(), m_result.addresses.end()), m_result.addresses.end());
        m_result.ttl = std::chrono::seconds(m_result.addresses.isEmpty() ? 0 : m_ttl);
        deleteLater();
        m_callback(m_result);
    }

    Resolver::Callback m_callback;
    std::vector<std::shared_ptr<Host>> m_hosts;
    Resolution m_result;
    quint32 m_ttl = std::numeric_limits<quint32>::max();
    int m_pending = 0;
};

} // namespace

void DnsResolver::lookUp(const upstream::ServerUrl &url, QObject *context, const Callback &callback)
{
    new Question(url, context, callback);
}

} // namespace pdlb::control

#include "resolver.moc"
