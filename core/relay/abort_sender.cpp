// SPDX-License-Identifier: Apache-2.0
#include "relay/abort_sender.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>
#include <QTimer>

namespace pdlb::relay {

namespace {

Q_LOGGING_CATEGORY(lcAbort, "pdlb.abort")

constexpr int answerMilliseconds = 5000;

} // namespace

void AbortSender::send(upstream::UpstreamTransport &transport, const upstream::Origin &origin, const QByteArray &rid,
                       const http::HeaderList &headers, Answered answered)
{
    upstream::LegRequest request;
    request.origin = origin;
    request.target = "/abort_request";
    for (const char *name : {"authorization", "x-api-key", "x-request-id"}) {
        if (headers.contains(name))
            request.headers.add(name, headers.value(name).toByteArray());
    }
    request.headers.add("Content-Type", "application/json");
    request.body = BytePieces(QJsonDocument(QJsonObject{{QStringLiteral("rid"), QString::fromUtf8(rid)}}).toJson(QJsonDocument::Compact));
    upstream::Leg *leg = transport.open(std::move(request), this);
    ++m_inFlight;
    connect(leg, &QObject::destroyed, this, [this] {
        if (--m_inFlight == 0)
            Q_EMIT idle();
    });
    auto *told = new upstream::LegSignals(leg);
    connect(told, &upstream::LegSignals::ready, leg, &upstream::Leg::send);
    const auto status = std::make_shared<int>(0);
    connect(told, &upstream::LegSignals::head, leg, [status](const http::ResponseHead &head) { *status = head.status; });
    connect(told, &upstream::LegSignals::finished, leg, [leg, url = origin.url(), status, answered](const upstream::LegEnd &end) {
        if (end.kind != upstream::LegEndKind::Complete)
            qCDebug(lcAbort, "abort_request to %s: %s", url.constData(), qPrintable(end.detail));
        answered(*status, *status == 0 ? end.detail : QString());
        leg->deleteLater();
    });
    QTimer::singleShot(answerMilliseconds, leg, [leg, status, answered] {
        answered(*status, *status == 0 ? QStringLiteral("no answer within 5 s") : QString());
        leg->abort();
        leg->deleteLater();
    });
    if (leg->isReady())
        leg->send();
}

} // namespace pdlb::relay
