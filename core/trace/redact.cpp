// SPDX-License-Identifier: Apache-2.0
#include "trace/redact.h"

#include <algorithm>
#include <array>

namespace pdlb::trace {

namespace {

constexpr std::array<QByteArrayView, 8> secretFields{"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie", "set-cookie",
                                                     "x-auth-token", "x-pdlb-admin-key"};
constexpr std::array<QByteArrayView, 9> secretNames{"api_key", "apikey", "api-key", "key", "token", "access_token", "authorization",
                                                    "password", "secret"};

bool isSecret(QByteArrayView name, bool inBody)
{
    // "key" and "token" alone are words that bodies use for other things.
    if (inBody && (http::equalsIgnoreCase(name, "key") || http::equalsIgnoreCase(name, "token")))
        return false;
    return std::any_of(secretNames.begin(), secretNames.end(), [&](QByteArrayView secret) { return http::equalsIgnoreCase(name, secret); });
}

/// The end of the string that begins at `at` (behind its closing quote), or the text's end.
qsizetype endOfString(QByteArrayView text, qsizetype at)
{
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\')
            ++at;
        else if (text[at] == '"')
            return at + 1;
    }
    return text.size();
}

qsizetype skipSpace(QByteArrayView text, qsizetype at)
{
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
        ++at;
    return at;
}

} // namespace

http::HeaderList redactHeaders(const http::HeaderList &headers)
{
    http::HeaderList list;
    for (const http::Header &header : headers) {
        const bool secret = std::any_of(secretFields.begin(), secretFields.end(),
                                        [&](QByteArrayView name) { return http::equalsIgnoreCase(header.name, name); });
        list.add(header.name, secret ? redacted.toByteArray() : header.value);
    }
    return list;
}

QByteArray redactTarget(const QByteArray &target)
{
    const qsizetype question = target.indexOf('?');
    if (question < 0)
        return target;
    QByteArrayList parameters = target.sliced(question + 1).split('&');
    for (QByteArray &parameter : parameters) {
        const qsizetype equals = parameter.indexOf('=');
        if (equals > 0 && isSecret(QByteArray::fromPercentEncoding(parameter.first(equals)), false))
            parameter = parameter.first(equals + 1) + redacted.toByteArray();
    }
    return target.first(question + 1) + parameters.join('&');
}

QByteArray redactBody(const QByteArray &body)
{
    QByteArray out;
    qsizetype copied = 0;
    for (qsizetype at = 0; at < body.size(); ++at) {
        if (body[at] != '"')
            continue;
        const qsizetype end = endOfString(body, at);
        const qsizetype colon = skipSpace(body, end);
        const qsizetype value = skipSpace(body, colon + 1);
        const bool isKey = colon < body.size() && body[colon] == ':' && value < body.size() && body[value] == '"';
        if (isKey && isSecret(QByteArrayView(body).sliced(at + 1, end - at - 2), true)) {
            out += QByteArrayView(body).sliced(copied, value - copied);
            out += '"';
            out += redacted;
            out += '"';
            copied = endOfString(body, value);
            at = copied - 1;
        } else {
            at = end - 1;
        }
    }
    if (copied == 0)
        return body;
    out += QByteArrayView(body).sliced(copied);
    return out;
}

} // namespace pdlb::trace
