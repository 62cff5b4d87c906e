// SPDX-License-Identifier: Apache-2.0
#include "tables/client_rows_p.h"

namespace pdlb::tables {

namespace {

/// What follows Host in a good request.
QByteArray rest()
{
    return "Content-Length: 12\r\n\r\n" + plainBody;
}

/// POST /generate with another first line.
QByteArray withLine(const QByteArray &line, const QByteArray &host = "Host: x\r\n")
{
    return line + "\r\n" + host + rest();
}

QByteArray withNul(QByteArray bytes)
{
    return bytes.replace('@', '\0');
}

void addFieldRows(ClientRowMaker &rows)
{
    rows.refuse("C48", "obs-fold", postWith("A: b\r\n c\r\n"));
    rows.refuse("C49", "leading ws first header", "POST /generate HTTP/1.1\r\n A: b\r\nHost: x\r\n" + rest());
    rows.refuse("C50", "bare LF lines", "POST /generate HTTP/1.1\nHost: x\nContent-Length: 12\n\n" + plainBody);
    rows.refuse("C51", "bare CR in value", postWith("A: b\rc\r\n"));
    rows.refuse("C52", "NUL in value", postWith(withNul("A: b@c\r\n")));
    rows.refuse("C53", "NUL in name", postWith(withNul("A@: b\r\n")));
    rows.refuse("C54", "ctl \\x01 in value", postWith("A: b\x01\r\n"));
    rows.accept("C55", "obs-text in value", postWith("X-Obs: b\xe9\r\n")).fields = {{"X-Obs", "b\xe9"}};
    rows.refuse("C56", "non-ascii in name", postWith("\xc3\xa9: b\r\n"));
    rows.refuse("C57", "empty header name", postWith(": b\r\n"));
    rows.refuse("C58", "header no colon", postWith("Oops\r\n"));
    rows.refuse("C59", "header name with (", postWith("a(b: c\r\n"));
    rows.accept("C60", "header name underscore", postWith("a_b: c\r\n"));
}

void addHostRows(ClientRowMaker &rows)
{
    rows.refuse("C61", "no Host 1.1", withLine("POST /generate HTTP/1.1", {}));
    rows.refuse("C62", "two Host", withLine("POST /generate HTTP/1.1", "Host: x\r\nHost: x\r\n"));
    rows.refuse("C63", "Host with @/", withLine("POST /generate HTTP/1.1", "Host: a@b/c\r\n"));
    ClientRow &empty = rows.accept("C64", "empty Host", withLine("POST /generate HTTP/1.1", "Host:\r\n"));
    empty.answers = {{400, 200}};
    empty.fate = Fate::Either;
    rows.refuse("C65", "absolute-form mismatch", withLine("POST http://y/generate HTTP/1.1")).fate = Fate::Either;
    rows.refuse("C65", "absolute-form of a longer host", withLine("POST http://xy/generate HTTP/1.1")).fate = Fate::Either;
    rows.refuse("C66", "authority-form CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", {405}).fate = Fate::Either;
    rows.decline("C67", "asterisk OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", {204, 405}, {"OPTIONS", "*", {}});
}

void addVersionRows(ClientRowMaker &rows)
{
    ClientRow &minor = rows.accept("C68", "HTTP/1.2", withLine("POST /generate HTTP/1.2"));
    minor.answers = {{200, 505}};
    minor.fate = Fate::Either;
    rows.refuse("C69", "HTTP/2.0 text", withLine("POST /generate HTTP/2.0"), {505}).fate = Fate::Either;
    rows.refuse("C70", "HTTP/9.9", withLine("POST /generate HTTP/9.9"), {505}).fate = Fate::Either;
    rows.refuse("C71", "HTTPx1y1", withLine("POST /generate HTTPx1y1"));
    rows.refuse("C72", "lowercase http/1.1", withLine("POST /generate http/1.1"));
    rows.refuse("C73", "HTTP/0.9", "GET /health\r\n\r\n");
    rows.refuse("C74", "h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505, 400});
    rows.refuse("C75", "TLS hello",
                QByteArray::fromHex("16030100a5010000a10303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
}

void addRequestLineRows(ClientRowMaker &rows)
{
    rows.decline("C76", "method FOO", withLine("FOO /generate HTTP/1.1"), {405, 501}, {"FOO", "/generate", plainBody});
    rows.decline("C77", "method lower get", "get /health HTTP/1.1\r\nHost: x\r\n\r\n", {405, 501}, {"get", "/health", {}});
    rows.refuse("C78", "method with ctl", withLine("PO\x01ST /generate HTTP/1.1"));
    rows.refuse("C79", "two spaces in request line", withLine("POST  /generate HTTP/1.1"));
    rows.refuse("C80", "tab in request line", withLine("POST\t/generate HTTP/1.1"));
    rows.refuse("C81", "trailing token in request line", withLine("POST /generate HTTP/1.1 x"));
    rows.refuse("C82", "space in path", withLine("POST /generate x HTTP/1.1"));
    rows.refuse("C83", "raw utf8 path", withLine("POST /generate\xc3\xa9 HTTP/1.1"), {400, 404}).fate = Fate::Either;
    rows.refuse("C84", "NUL in path", withLine(withNul("POST /generate@ HTTP/1.1")));
    rows.decline("C85", "pct-NUL in path", withLine("POST /generate%00 HTTP/1.1"), {400, 404}, {"POST", "/generate%00", plainBody});
    rows.refuse("C86", "fragment in target", withLine("POST /generate#a HTTP/1.1"), {400, 404}).fate = Fate::Either;
    rows.decline("C87", "path traversal", withLine("POST /v1/../generate HTTP/1.1"), {404, 400},
                 {"POST", "/v1/../generate", plainBody});
}

} // namespace

void addHeadRows(ClientRowMaker &rows)
{
    addFieldRows(rows);
    addHostRows(rows);
    addVersionRows(rows);
    addRequestLineRows(rows);
}

} // namespace pdlb::tables
