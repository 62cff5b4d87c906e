// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/request_spec.h"

namespace pdlb::client {

/// A request as a curl command says it.
struct CurlRequest {
    QString url; ///< "http://HOST:PORT" and what stands before the endpoint, without a slash at its end
    RequestSpec spec; ///< endpoint, members of the body; what is no field of its own is in `extra`
    QStringList ignored; ///< options that mean nothing here
};

/// Reads "curl -X POST URL -H 'Name: value' -d '{…}'" as people copy it from documentation, browsers and pdlb itself. Errors: it
/// is none, it sends something else than JSON to a PD endpoint, it names a file.
Result<CurlRequest> parseCurl(const QString &command);

/// The fields of a request body, as far as RequestSpec has them; the rest goes to `extra`.
RequestSpec specOfBody(pd::Endpoint endpoint, const QJsonObject &body);

/// A curl command and a Python script that send the request. A key is written as $OPENAI_API_KEY of the environment.
QString toCurl(const QString &url, const RequestSpec &spec);
QString toPython(const QString &url, const RequestSpec &spec);

} // namespace pdlb::client
