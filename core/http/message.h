// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/header_list.h"

namespace pdlb::http {

/// Where a message's body ends (RFC 9112 §6).
enum class Framing { None, Length, Chunked, UntilClose };

struct RequestHead {
    QByteArray method; ///< any token; case kept
    QByteArray target; ///< origin-form ("/path?query"), or "*" of OPTIONS
    int minorVersion = 1; ///< 0 or 1
    HeaderList headers;
    Framing framing = Framing::None;
    qint64 contentLength = 0; ///< with Framing::Length
    bool keepAlive = true;
    bool expectContinue = false;

    QByteArray path() const; ///< target up to '?'
    QByteArray query() const; ///< behind '?', without it; empty when there is none
};

struct ResponseHead {
    int status = 0; ///< 100 … 599
    QByteArray reason;
    int minorVersion = 1;
    HeaderList headers;
    Framing framing = Framing::None;
    qint64 contentLength = 0; ///< with Framing::Length
    bool keepAlive = true;
};

/// What is wrong with a message. `status` is the answer for a client (400, 413, 414, 417, 431, 501, 505);
/// bytes of an engine that fail to parse become 502 whatever it says.
struct ProtocolError {
    int status = 400;
    const char *what = "";
};

/// Limits of one head; a head beyond them is refused as soon as that is known.
struct HeadLimits {
    qsizetype requestLine = 8 * 1024; ///< also an engine's status line
    qsizetype field = 16 * 1024;
    qsizetype block = 32 * 1024; ///< all field lines
    int fields = 100;
};

} // namespace pdlb::http
