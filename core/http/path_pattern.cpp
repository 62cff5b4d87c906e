// SPDX-License-Identifier: Apache-2.0
#include "http/path_pattern.h"

namespace pdlb::http {

bool hasParameters(const QByteArray &pattern)
{
    return pattern.contains("/{");
}

std::optional<QByteArrayList> matchPath(const QByteArray &pattern, const QByteArray &path)
{
    const QByteArrayList wanted = pattern.split('/');
    const QByteArrayList given = path.split('/');
    if (wanted.size() != given.size())
        return {};
    QByteArrayList parameters;
    for (qsizetype i = 0; i < wanted.size(); ++i) {
        if (wanted[i].startsWith('{') && !given[i].isEmpty())
            parameters += QByteArray::fromPercentEncoding(given[i]);
        else if (wanted[i] != given[i])
            return {};
    }
    return parameters;
}

} // namespace pdlb::http
