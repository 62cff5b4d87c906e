// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/engine_call.h"
#include "doctor/facts.h"

#include <QDateTime>

namespace pdlb::doctor {

/// Quotes what engines say: one line, at most 400 characters, without the given secrets.
class Quoter
{
public:
    explicit Quoter(QByteArrayList secrets) : m_secrets(std::move(secrets)) {}
    QString operator()(const QByteArray &text) const;
    QString operator()(const QString &text) const { return (*this)(text.toUtf8()); }

private:
    QByteArrayList m_secrets;
};

/// How the question went; `words` quoted.
Answer readAnswer(const control::EngineReply &reply, const Quoter &quote);

/// The answer as a JSON object, or what it is instead.
Result<QJsonObject> readObject(const control::EngineReply &reply, const Quoter &quote);

/// Members of the wrong type are named in `problems` and left empty. Source: SGLang's ServerArgs, see the reference of
/// /server_info; `disaggregation_mode` "null" is an engine that does both halves.
EngineInfo readEngineInfo(const QJsonObject &info, const Quoter &quote);
/// Source: GET /route of SGLang's disaggregation/common/conn.py.
RouteInfo readRouteInfo(const QJsonObject &info, const Quoter &quote);

/// The engine's clock against this machine's, from an answer that was asked for and came at these times: the "timestamp"
/// of /v1/loads when there is one, else the Date field, which counts whole seconds.
ClockOffset readClock(const control::EngineReply &reply, const QDateTime &askedAt, const QDateTime &answeredAt);

} // namespace pdlb::doctor
