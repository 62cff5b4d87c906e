// SPDX-License-Identifier: Apache-2.0
#include "tables/client_rows_p.h"

namespace pdlb::tables {

namespace {

void addSizeRows(ClientRowMaker &rows)
{
    const auto uri = [](int size) {
        return "POST /generate?" + QByteArray(size, 'a') + " HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n" + plainBody;
    };
    rows.refuse("C88", "URI 9KB", uri(9000), {414}).fate = Fate::Either;
    rows.refuse("C89", "URI 70KB", uri(70000), {414});
    rows.accept("C90", "header 9KB", postWith("X-Long: " + QByteArray(9000, 'b') + "\r\n")).fields =
        {{"X-Long", QByteArray(9000, 'b')}};
    rows.refuse("C91", "header 70KB", postWith("X-Long: " + QByteArray(70000, 'b') + "\r\n"), {431});
    ClientRow &many = rows.accept("C92", "101 headers", postWith(QByteArray("A: b\r\n").repeated(99)));
    many.answers = {{431, 200}};
    many.fate = Fate::Either;
    rows.refuse("C93", "1000 headers", postWith(QByteArray("A: b\r\n").repeated(998)), {431});
    rows.accept("C94", "leading CRLFs x2", "\r\n\r\n" + postWith({}));
    rows.refuse("C95", "leading CRLF x 1000", QByteArray("\r\n").repeated(1000) + postWith({}));
}

void addMeaningRows(ClientRowMaker &rows)
{
    ClientRow &expect = rows.accept("C96", "Expect 100", postWith("Expect: 100-continue\r\n"));
    expect.interim = 1;
    expect.droppedFields = {"Expect"};
    rows.refuse("C97", "Expect other", postWith("Expect: 200-maybe\r\n"), {417}).fate = Fate::Either;
    rows.add({"C98", "GET with CL body", "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n" + plainBody, {{200}},
              Fate::Kept, {{"GET", "/health", plainBody}}});
    rows.decline("C99", "POST no CL no TE, JSON endpoint", post({}, {}), {400}, {"POST", "/generate", {}});
    rows.add({"C99", "POST no CL no TE, control endpoint", "POST /flush_cache HTTP/1.1\r\nHost: x\r\n\r\n", {{200}}, Fate::Kept,
              {{"POST", "/flush_cache", {}}}});
    rows.add({"C100", "HEAD", "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n", {{200}}, Fate::Kept, {{"HEAD", "/health", {}}}});
}

void addPersistenceRows(ClientRowMaker &rows)
{
    ClientRow &two = rows.accept("C101", "pipelined x2", postWith({}) + post("Content-Length: 13\r\n", R"({"text":"bb"})"));
    two.answers = {{200}, {200}};
    two.requests.append({"POST", "/generate", R"({"text":"bb"})"});
    rows.accept("C102", "Connection: close", postWith("Connection: close\r\n")).fate = Fate::Closed;
    const QByteArray old = "POST /generate HTTP/1.0\r\nHost: x\r\n";
    rows.accept("C103", "HTTP/1.0 no KA", old + "Content-Length: 12\r\n\r\n" + plainBody).fate = Fate::Closed;
    rows.accept("C104", "HTTP/1.0 keep-alive",
                old + "Connection: keep-alive\r\nContent-Length: 12\r\n\r\n" + plainBody).fate = Fate::Either;
}

void addHopRows(ClientRowMaker &rows)
{
    ClientRow &socket = rows.accept("C105", "Upgrade websocket",
                                    postWith("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    socket.answers = {{200, 400}};
    socket.fate = Fate::Either;
    socket.droppedFields = {"Upgrade"};
    rows.accept("C106", "Upgrade h2c", postWith("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n"))
        .droppedFields = {"Upgrade", "HTTP2-Settings"};
    rows.accept("C107", "hop-by-hop nominated",
                postWith("Connection: X-Secret, keep-alive\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n"
                         "Proxy-Connection: keep-alive\r\n"))
        .droppedFields = {"X-Secret", "Keep-Alive", "TE", "Proxy-Connection"};
    rows.accept("C108", "Connection: nominates Authorization",
                postWith("Connection: Authorization, Content-Type\r\nAuthorization: Bearer key\r\nContent-Type: application/json\r\n"))
        .fields = {{"Authorization", "Bearer key"}, {"Content-Type", "application/json"}};
    rows.accept("C109", "XFF spoof", postWith("X-Forwarded-For: 1.2.3.4\r\n")).fields =
        {{"X-Forwarded-For", "1.2.3.4, 127.0.0.1"}};
}

void addUnfinishedRows(ClientRowMaker &rows)
{
    rows.refuse("C110", "incomplete headers (slow)", "POST /generate HTTP/1.1\r\nHost: x\r\nContent-Le", {408}).waits = true;
    rows.refuse("C111", "incomplete body (slow)", post("Content-Length: 12\r\n", plainBody.first(6)), {408}).waits = true;
    ClientRow &cut = rows.refuse("C112", "body short + FIN", post("Content-Length: 13\r\n", plainBody));
    cut.answers = {};
    cut.halfClosed = true;
}

} // namespace

void addLimitRows(ClientRowMaker &rows)
{
    addSizeRows(rows);
    addMeaningRows(rows);
    addPersistenceRows(rows);
    addHopRows(rows);
    addUnfinishedRows(rows);
}

} // namespace pdlb::tables
