// SPDX-License-Identifier: Apache-2.0
#include "pd/request_shape.h"

namespace pdlb::pd {

QByteArray endpointPath(Endpoint endpoint)
{
    switch (endpoint) {
    case Endpoint::Generate:
        return QByteArrayLiteral("/generate");
    case Endpoint::ChatCompletions:
        return QByteArrayLiteral("/v1/chat/completions");
    case Endpoint::Completions:
        return QByteArrayLiteral("/v1/completions");
    }
    return {};
}

} // namespace pdlb::pd
