// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin.h"

#include <QHostAddress>
#include <QUrl>

using namespace Qt::StringLiterals;

namespace pdlb::upstream {

QByteArray Origin::bracketedHost() const
{
    return host.contains(':') ? '[' + host + ']' : host;
}

QByteArray Origin::authority() const
{
    return bracketedHost() + ':' + QByteArray::number(port);
}

QByteArray Origin::url() const
{
    return (tls ? "https://" : "http://") + authority() + basePath;
}

Result<Origin> parseOrigin(const QString &text)
{
    const QString trimmed = text.trimmed();
    const auto wrong = [&](const QString &why) {
        // What stands before an @ may be a password, what stands behind a ? a key.
        QString shown = trimmed.contains(u'@') ? u"…"_s + trimmed.sliced(trimmed.lastIndexOf(u'@')) : trimmed;
        if (const qsizetype query = shown.indexOf(u'?'); query >= 0)
            shown = shown.first(query + 1) + u"…"_s;
        return failure(u"engine URL \"%1\": %2; expected http://HOST:PORT"_s.arg(shown.left(200), why));
    };
    if (trimmed.isEmpty())
        return failure(u"an engine URL is empty; expected http://HOST:PORT"_s);
    const QUrl url(trimmed.contains(u"://"_s) ? trimmed : u"http://"_s + trimmed, QUrl::StrictMode);
    if (!url.isValid())
        return wrong(u"not a valid URL"_s);
    if (url.scheme() != "http"_L1 && url.scheme() != "https"_L1)
        return wrong(u"the scheme \"%1\" is not http or https"_s.arg(url.scheme()));
    if (!url.userInfo().isEmpty())
        return wrong(u"user info does not belong in it"_s);
    if (url.hasQuery() || url.hasFragment())
        return wrong(u"a query or fragment does not belong in it"_s);
    if (url.host().isEmpty())
        return wrong(u"there is no host"_s);
    if (url.port() == 0)
        return wrong(u"port 0 cannot be connected to"_s);
    Origin origin;
    origin.tls = url.scheme() == "https"_L1;
    origin.host = url.host(QUrl::FullyEncoded).toUtf8();
    if (origin.host.startsWith('['))
        origin.host = origin.host.sliced(1, origin.host.size() - 2);
    origin.port = quint16(url.port(origin.tls ? 443 : 80));
    origin.basePath = url.path(QUrl::FullyEncoded).toUtf8();
    while (origin.basePath.endsWith('/'))
        origin.basePath.chop(1);
    return origin;
}

Result<ServerUrl> parseServerUrl(const QString &text)
{
    const QString trimmed = text.trimmed();
    ServerUrl url;
    if (trimmed.startsWith("dns+"_L1, Qt::CaseInsensitive))
        url.lookup = Lookup::Addresses;
    else if (trimmed.startsWith("srv+"_L1, Qt::CaseInsensitive))
        url.lookup = Lookup::Services;
    auto origin = parseOrigin(url.lookup == Lookup::None ? trimmed : trimmed.sliced(4));
    if (!origin)
        return tl::unexpected(origin.error());
    url.origin = *origin;
    if (url.lookup != Lookup::None && !QHostAddress(QString::fromUtf8(origin->host)).isNull())
        return failure(u"engine URL \"%1\": dns+ and srv+ look up a name, this is an address; write it without"_s.arg(trimmed.left(200)));
    if (url.lookup == Lookup::Services && QUrl(trimmed).port() > 0)
        return failure(u"engine URL \"%1\": the port comes from the SRV records; leave it out"_s.arg(trimmed.left(200)));
    return url;
}

QByteArray toString(const ServerUrl &url)
{
    switch (url.lookup) {
    case Lookup::None: break;
    case Lookup::Addresses: return "dns+" + url.origin.url();
    case Lookup::Services: return (url.origin.tls ? "srv+https://" : "srv+http://") + url.origin.bracketedHost() + url.origin.basePath;
    }
    return url.origin.url();
}

} // namespace pdlb::upstream
