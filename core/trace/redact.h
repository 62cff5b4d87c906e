// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/header_list.h"

namespace pdlb::trace {

/// What stands in a secret's place.
inline constexpr QByteArrayView redacted = "[redacted]";

/// Authorization, X-API-Key, Cookie, Set-Cookie and their like keep their names and lose their values.
http::HeaderList redactHeaders(const http::HeaderList &headers);
/// A request target whose query holds api_key, key, token, … loses those values.
QByteArray redactTarget(const QByteArray &target);
/// A JSON text whose members api_key, authorization, … are strings loses those strings, at any depth and also when the
/// text is cut off; every other byte stays. Linear time.
QByteArray redactBody(const QByteArray &body);

} // namespace pdlb::trace
