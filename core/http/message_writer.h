// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message.h"

namespace pdlb::http {

/// The standard reason phrase, or "Status" for an unknown code.
const char *reasonPhrase(int status);

/// "METHOD target HTTP/1.1" with the given fields as they are. Values must have passed isFieldValue(): a field with an
/// illegal name or value is left out rather than let it split the message.
QByteArray writeRequestHead(QByteArrayView method, QByteArrayView target, const HeaderList &headers);
/// The same to basePath + target, with a Host in front, which must be an authority.
QByteArray writeRequestHead(QByteArrayView method, QByteArrayView basePath, QByteArrayView target, QByteArrayView host, const HeaderList &headers);

/// Status line and fields, likewise.
QByteArray writeResponseHead(int status, QByteArrayView reason, const HeaderList &headers, int minorVersion = 1);

/// Appends one chunk; nothing for empty data, because that would end the body.
void appendChunk(QByteArray &out, QByteArrayView data);
/// What a chunk has beside its data, at most.
inline constexpr size_t chunkFrameSize = 20;
/// Writes one chunk of not empty data to where there is room for chunkFrameSize more bytes; the place behind it.
char *writeChunk(char *to, QByteArrayView data);
/// The chunk that ends a chunked body.
inline constexpr QByteArrayView lastChunk = "0\r\n\r\n";

} // namespace pdlb::http
