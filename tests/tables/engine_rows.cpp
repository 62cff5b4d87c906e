// SPDX-License-Identifier: Apache-2.0
#include "tables/engine_rows.h"

#include <QLibraryInfo>
#include <QVersionNumber>

namespace pdlb::tables {

namespace {

const char *const unjudged = "it does not judge framing (reference N3, N4)";
const char *const swallowed = "it drops such a head and waits for ever (reference N5)";
const char *const unproven = "with \"no error\" it may report a cut body, and with an error a whole one (reference N2)";
const char *const leftOut = "from Qt 6.7 on it leaves out such a field, with a warning, and the rest looks good";
const char *const unlimited = "it has no limit for heads: a deadline ends the request";

const QByteArray ok = "HTTP/1.1 200 OK\r\n";
const QByteArray okLength = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";
const QByteArray okChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

class Maker
{
public:
    explicit Maker(std::vector<EngineRow> &rows) : m_rows(rows) {}

    /// An answer on a connection that stays open.
    EngineRow &answer(const char *id, const char *name, const QByteArray &bytes, const QByteArray &body, int status = 200)
    {
        return m_rows.emplace_back(EngineRow{id, name, bytes, Ending::Open, Wanted::Answer, status, body, true});
    }
    EngineRow &refuse(const char *id, const char *name, const QByteArray &bytes, const char *beyondQnam)
    {
        EngineRow row{id, name, bytes, Ending::Fin, Wanted::Refusal};
        row.beyondQnam = beyondQnam;
        return m_rows.emplace_back(row);
    }
    /// May as well be taken for an answer with the body {}.
    EngineRow &either(const char *id, const char *name, const QByteArray &bytes, const char *beyondQnam)
    {
        EngineRow &row = refuse(id, name, bytes, beyondQnam);
        row.wanted = Wanted::AnswerOrRefusal;
        row.body = "{}";
        return row;
    }
    /// `body`: what can have been delivered before it is clear that more is missing.
    EngineRow &abort(const char *id, const char *name, const QByteArray &bytes, const QByteArray &body, Ending ending,
                     const char *beyondQnam)
    {
        EngineRow row{id, name, bytes, ending, Wanted::Abort, 200, body};
        row.beyondQnam = beyondQnam;
        return m_rows.emplace_back(row);
    }

private:
    std::vector<EngineRow> &m_rows;
};

void addLengthRows(Maker &rows)
{
    rows.answer("U1", "ok CL", okLength + "\r\n{}", "{}");
    rows.answer("U2", "ok chunked", okChunked + "2\r\n{}\r\n0\r\n\r\n", "{}");
    EngineRow &close = rows.answer("U3", "ok close-delimited", ok + "\r\n{}", "{}");
    close.ending = Ending::Fin;
    close.reusable = false;
    close.beyondQnam = unproven;
    rows.abort("U4", "CL short FIN", ok + "Content-Length: 5\r\n\r\n{}", "{}", Ending::Fin, nullptr);
    rows.answer("U5", "CL long (extra bytes)", okLength + "\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "{}").reusable =
        false;
    rows.either("U6", "CL+TE", okLength + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", nullptr);
    rows.refuse("U7", "two CL differ", okLength + "Content-Length: 5\r\n\r\n{}abc", nullptr);
    rows.refuse("U8", "CL negative", ok + "Content-Length: -2\r\n\r\n{}", nullptr);
    rows.refuse("U9", "CL junk", ok + "Content-Length: 2x\r\n\r\n{}", nullptr);
}

void addChunkRows(Maker &rows)
{
    rows.abort("U10", "chunk size zz", okChunked + "3\r\nabc\r\nzz\r\nabc\r\n0\r\n\r\n", "abc", Ending::Open, unjudged);
    rows.refuse("U11", "chunk size 0x3", okChunked + "0x3\r\nabc\r\n0\r\n\r\n", unjudged);
    rows.refuse("U12", "chunk size -3", okChunked + "-3\r\nabc\r\n0\r\n\r\n", unjudged);
    rows.refuse("U13", "chunk size overflow", okChunked + "10000000000000003\r\nabc\r\n0\r\n\r\n", unjudged);
    // The data comes before what is wrong: it may have been delivered, and with a split behind it, it always has.
    rows.abort("U14", "chunk missing CRLF", okChunked + "3\r\nabcX\r\n0\r\n\r\n", "abc", Ending::Open, unjudged);
    rows.abort("U15", "chunk truncated FIN", okChunked + "5\r\nab", "ab", Ending::Fin, unproven);
    rows.abort("U16", "chunk no terminator FIN", okChunked + "3\r\nabc\r\n", "abc", Ending::Fin, unproven);
    rows.abort("U17", "chunk RST", okChunked + "3\r\nabc\r\n", "abc", Ending::Reset, unproven);
    rows.answer("U18", "chunk with trailer", okChunked + "3\r\nabc\r\n0\r\nX-Trailer: HTTP/1.1 200 OK\r\n\r\n", "abc");
    rows.refuse("U19", "TE gzip", ok + "Transfer-Encoding: gzip\r\n\r\nabc", nullptr);
    rows.refuse("U20", "TE xchunked", ok + "Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", nullptr);
}

void addStatusLineRows(Maker &rows)
{
    const QByteArray rest = "Content-Length: 2\r\n\r\n{}";
    rows.refuse("U21", "status 99", "HTTP/1.1 99 X\r\n" + rest, nullptr);
    rows.refuse("U21", "status 099", "HTTP/1.1 099 X\r\n" + rest, nullptr);
    rows.refuse("U22", "status 2000", "HTTP/1.1 2000 X\r\n" + rest, nullptr);
    rows.answer("U23", "no reason", "HTTP/1.1 200\r\n" + rest, "{}");
    rows.answer("U24", "HTTP/1.0 resp", "HTTP/1.0 200 OK\r\n" + rest, "{}").reusable = false;
    rows.refuse("U25", "HTTP/2.0 text", "HTTP/2.0 200 OK\r\n" + rest, unjudged);
    rows.refuse("U26", "garbage", "SSH-2.0-OpenSSH_9\r\n", nullptr);
    rows.refuse("U27", "garbage keep", "SSH-2.0-OpenSSH_9\r\n", swallowed).ending = Ending::Open;
    rows.refuse("U28", "empty FIN", {}, nullptr);
    rows.answer("U29", "100 then 200", "HTTP/1.1 100 Continue\r\n\r\n" + okLength + "\r\n{}", "{}");
    rows.answer("U30", "103 then 200", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okLength + "\r\n{}", "{}").beyondQnam =
        "Qt 6.4 takes 103 for the final answer (reference N6)";
    rows.refuse("U31", "101 unsolicited", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc", nullptr);
    rows.answer("U32", "204 with CL body", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}", {}, 204).reusable = false;
}

void addFieldRows(Maker &rows)
{
    const QByteArray end = "Content-Length: 2\r\n\r\n{}";
    rows.either("U33", "header no colon", ok + "Oops\r\n" + end, swallowed);
    rows.refuse("U34", "header space colon", ok + "Content-Length : 2\r\n\r\n{}", swallowed);
    rows.either("U35", "obs-fold", ok + "A: b\r\n c\r\n" + end, nullptr);
    rows.either("U36", "bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", nullptr);
    const char *const field = QLibraryInfo::version() < QVersionNumber(6, 7) ? nullptr : leftOut;
    rows.refuse("U37", "NUL in value", ok + QByteArray("A: b\0c\r\n", 8) + end, field);
    rows.refuse("U38", "CR in value", ok + "A: b\rc\r\n" + end, field);
    rows.either("U39", "101 headers", ok + QByteArray("A: b\r\n").repeated(100) + end, swallowed);
    rows.either("U40", "header 70KB", ok + "A: " + QByteArray(70000, 'b') + "\r\n" + end, nullptr);
    rows.refuse("U41", "endless header", ok + QByteArray("A: " + QByteArray(1000, 'b') + "\r\n").repeated(100), unlimited).ending =
        Ending::Open;
}

void addPassedRows(Maker &rows)
{
    const QByteArray location = "Location: http://" + QByteArray(trapAddress) + "/generate\r\nContent-Length: 0\r\n\r\n";
    const WantedField toTrap{"Location", "http://" + QByteArray(trapAddress) + "/generate"};
    const QByteArray gzip = QByteArray::fromHex("1f8b08000000000002ffabae050043bfa6a302000000");
    rows.answer("U42", "gzip unsolicited",
                ok + "Content-Encoding: gzip\r\nContent-Length: " + QByteArray::number(gzip.size()) + "\r\n\r\n" + gzip, gzip)
        .fields = {{"Content-Encoding", "gzip"}};
    rows.answer("U43", "302 to evil", "HTTP/1.1 302 F\r\n" + location, {}, 302).fields = {toTrap};
    EngineRow &self = rows.answer("U44", "307 to self", "HTTP/1.1 307 T\r\nLocation: /generate\r\nContent-Length: 0\r\n\r\n", {}, 307);
    self.fields = {{"Location", "/generate"}};
    rows.answer("U45", "401 basic", "HTTP/1.1 401 U\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\n{}", "{}", 401)
        .fields = {{"WWW-Authenticate", "Basic realm=\"x\""}};
    rows.answer("U46", "503 Retry-After", "HTTP/1.1 503 S\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}", "{}", 503).fields =
        {{"Retry-After", "7"}};
}

} // namespace

const std::vector<EngineRow> &engineRows()
{
    static const std::vector<EngineRow> rows = [] {
        std::vector<EngineRow> list;
        list.reserve(64);
        Maker maker(list);
        addLengthRows(maker);
        addChunkRows(maker);
        addStatusLineRows(maker);
        addFieldRows(maker);
        addPassedRows(maker);
        return list;
    }();
    return rows;
}

} // namespace pdlb::tables
