// SPDX-License-Identifier: Apache-2.0
#include "client/trace_lookup.h"

#include "control/engine_call.h"

#include <QJsonArray>
#include <QJsonDocument>

using namespace Qt::StringLiterals;

namespace pdlb::client {

namespace {

std::optional<double> numberOf(const QJsonValue &value)
{
    return value.isDouble() ? std::optional(value.toDouble()) : std::nullopt;
}

} // namespace

ServerView serverView(const QJsonObject &trace)
{
    ServerView view;
    view.end = trace["end"_L1].toString();
    view.queue = numberOf(trace["picked_ms"_L1]);
    const QString prefill = trace["prefill"_L1].toString();
    if (!prefill.isEmpty())
        view.pair = prefill + u'/' + trace["decode"_L1].toString();
    std::optional<double> prefillEnd, firstByte;
    const QJsonArray legs = trace["legs"_L1].toArray();
    for (const QJsonValue &leg : legs) {
        const QString server = leg["server"_L1].toString();
        const bool cancelled = leg["cancelled"_L1].toBool() || leg["abort_sent"_L1].toBool();
        (cancelled ? view.cancelled : view.finished) += server;
        if (leg["abort_sent"_L1].toBool())
            view.told += server;
        const auto sent = numberOf(leg["sent_ms"_L1]);
        if (leg["role"_L1] == "prefill"_L1 && sent && !cancelled) {
            prefillEnd = numberOf(leg["ended_ms"_L1]);
            if (prefillEnd)
                view.prefill = *prefillEnd - *sent;
        } else if (leg["role"_L1] == "decode"_L1) {
            firstByte = numberOf(leg["first_byte_ms"_L1]);
        }
    }
    if (prefillEnd && firstByte && *firstByte >= *prefillEnd)
        view.decodeFirst = *firstByte - *prefillEnd;
    return view;
}

TraceLookup::TraceLookup(upstream::UpstreamTransport &transport, const upstream::Origin &origin, QByteArray adminKey, const QByteArray &requestId,
                         Callback callback, QObject *parent)
    : QObject(parent), m_transport(transport), m_origin(origin), m_key(std::move(adminKey)),
      m_target("/admin/v1/traces/" + requestId.toPercentEncoding()), m_callback(std::move(callback))
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &TraceLookup::ask);
    ask();
}

void TraceLookup::ask()
{
    control::EngineRequest request{.target = m_target};
    if (m_sendsKey)
        request.headers.add("Authorization", "Bearer " + m_key);
    new control::EngineCall(m_transport, m_origin, std::move(request), [this](const control::EngineReply &reply) {
        const QJsonDocument document = QJsonDocument::fromJson(reply.body);
        if (reply.ok() && document["legs"_L1].isArray()) {
            const ServerView view = serverView(document.object());
            if (document["ended_ms"_L1].isDouble())
                tell(view);
            else
                again(view); // it still runs there
            return;
        }
        ServerView view;
        if (document["error"_L1]["code"_L1] == "unknown_trace"_L1) {
            // It may just not have noticed yet that the request has ended.
            view.problem = u"the balancer does not remember the request"_s;
            again(view);
        } else if (reply.status == 401 && !m_key.isEmpty() && !m_sendsKey) {
            m_sendsKey = true;
            ask();
        } else if (reply.status == 401) {
            view.problem = u"%1 wants another admin key (--admin-key-file)"_s.arg(QString::fromUtf8(m_origin.url()));
            tell(view);
        } else {
            view.problem = reply.status == 404 ? u"%1 has no admin API of pdlb (--admin-url)"_s.arg(QString::fromUtf8(m_origin.url())) : reply.describe();
            tell(view);
        }
    }, this);
}

void TraceLookup::again(const ServerView &otherwise)
{
    if (++m_tries == mostTries)
        tell(otherwise);
    else
        m_timer.start(pause);
}

void TraceLookup::tell(const ServerView &view)
{
    deleteLater();
    m_callback(view);
}

} // namespace pdlb::client
