// SPDX-License-Identifier: Apache-2.0
#include "control/endpoint.h"

#include <QJsonDocument>

namespace pdlb::control {

ControlReply jsonReply(int status, const QByteArray &json)
{
    ControlReply reply{.status = status, .body = json};
    reply.headers.add("Content-Type", "application/json");
    return reply;
}

ControlReply jsonReply(int status, const QJsonObject &json)
{
    return jsonReply(status, QJsonDocument(json).toJson(QJsonDocument::Compact));
}

ControlReply errorReply(const ApiError &error)
{
    return jsonReply(error.status, error.toJson());
}

} // namespace pdlb::control
