// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "control/resolver.h"

#include <QHash>
#include <QSet>

namespace pdlb::control {

/// Keeps the addresses of servers whose URL is a name to look up (dns+http, srv+http), and makes a server of each. Looked
/// up again when the answer's time is over (at least 1 s, at most 5 min); an empty answer or none leaves what is known as
/// it is. One thread.
class DnsDiscovery final : public QObject
{
    Q_OBJECT

public:
    DnsDiscovery(Resolver &resolver, QObject *parent);

    /// `config` with a server for each known address in place of those with names to look up, and pairs likewise. Such a
    /// server is named NAME-ADDRESS (":" as "_"; with SRV -PORT behind) and has all else from the one in the file. A URL
    /// that is there already is left out.
    Config expand(const Config &config) const;
    /// From now on that configuration's names are looked up, and no others.
    void configure(const Config &config);

Q_SIGNALS:
    /// expand() says something else now.
    void changed();

private:
    struct Name {
        upstream::ServerUrl url;
        QList<Resolution::Address> addresses;
        std::chrono::milliseconds pause = std::chrono::seconds(1); ///< after the next failure
        QString complaint; ///< what was logged last; not said again
        quint64 id = 0; ///< of another name by the same text later
    };
    void lookUp(const QByteArray &key);
    void answered(const QByteArray &key, const Resolution &resolution);
    void lookUpAfter(const QByteArray &key, std::chrono::milliseconds pause);

    Resolver &m_resolver;
    QHash<QByteArray, Name> m_names; ///< by the URL's text
    quint64 m_nextId = 0;
};

} // namespace pdlb::control
