// SPDX-License-Identifier: Apache-2.0
#include "control/engine_call.h"

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

constexpr qsizetype maxBody = 64 * 1024 * 1024;

} // namespace

QString EngineReply::describe() const
{
    if (status == 0)
        return error;
    const QString text = QString::fromUtf8(body.left(200)).simplified();
    return text.isEmpty() ? u"status %1"_s.arg(status) : u"status %1: %2"_s.arg(status).arg(text);
}

EngineCall::EngineCall(upstream::UpstreamTransport &transport, const upstream::Origin &origin, EngineRequest request,
                       Callback callback, QObject *parent)
    : QObject(parent), m_callback(std::move(callback))
{
    upstream::LegRequest leg;
    leg.origin = origin;
    leg.method = request.method;
    leg.target = request.target;
    leg.headers = std::move(request.headers);
    leg.body = BytePieces(request.body);
    m_leg = transport.open(std::move(leg), this);
    auto *told = new upstream::LegSignals(m_leg);
    connect(told, &upstream::LegSignals::ready, m_leg, &upstream::Leg::send);
    connect(told, &upstream::LegSignals::head, this, [this](const http::ResponseHead &head) {
        m_reply.status = head.status;
        m_reply.headers = head.headers;
    });
    connect(told, &upstream::LegSignals::data, this, [this](QByteArrayView bytes) {
        m_reply.body.append(bytes);
        if (m_reply.body.size() > maxBody) {
            m_reply = {.error = u"the answer is larger than %1 bytes"_s.arg(maxBody)};
            finish();
        }
    });
    connect(told, &upstream::LegSignals::finished, this, [this](const upstream::LegEnd &end) {
        if (end.kind != upstream::LegEndKind::Complete && end.kind != upstream::LegEndKind::Unproven)
            m_reply = {.error = end.detail, .failure = end.kind};
        finish();
    });
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, [this, timeout = request.timeout] {
        m_reply = {.error = u"no answer within %1 ms"_s.arg(timeout.count())};
        finish();
    });
    m_timer.start(request.timeout);
    if (m_leg->isReady())
        m_leg->send();
}

void EngineCall::finish()
{
    if (std::exchange(m_over, true))
        return;
    m_timer.stop();
    m_leg->abort();
    deleteLater();
    m_callback(m_reply);
}

} // namespace pdlb::control
