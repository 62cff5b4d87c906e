// SPDX-License-Identifier: Apache-2.0
#include "util/api_error.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace pdlb {

QByteArray ApiError::type() const
{
    if (status >= 400 && status < 500)
        return "invalid_request_error";
    if (status >= 502 && status <= 504)
        return "upstream_error";
    return "internal_error";
}

QByteArray ApiError::toJson() const
{
    const QJsonObject error{
        {QStringLiteral("message"), message},
        {QStringLiteral("type"), QString::fromLatin1(type())},
        {QStringLiteral("code"), QString::fromLatin1(code)},
        {QStringLiteral("param"), param.isEmpty() ? QJsonValue() : QJsonValue(QString::fromUtf8(param))},
    };
    return QJsonDocument(QJsonObject{{QStringLiteral("error"), error}}).toJson(QJsonDocument::Compact);
}

QByteArray ApiError::retryAfterField() const
{
    if (status != 429 && status != 503)
        return {};
    // Rounded up: who comes back then must not be too early.
    return QByteArray::number(std::max<qint64>(1, std::chrono::ceil<std::chrono::seconds>(retryAfter).count()));
}

} // namespace pdlb
