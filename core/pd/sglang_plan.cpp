// SPDX-License-Identifier: Apache-2.0
#include "pd/json_edit.h"
#include "pd/sglang_request.h"
#include "util/decimal.h"
#include "util/hex.h"

#include <charconv>

namespace pdlb::pd::sglang {

namespace {

/// 128 random bits as 32 lower-case hexadecimal digits. The fixed length matters: engines abort by prefix.
QByteArray makeRid(Random &random)
{
    QByteArray rid(32, Qt::Uninitialized);
    char *half = writeHex64(rid.data(), random.next64());
    writeHex64(half, random.next64());
    return rid;
}

/// The value alone, or as many of them as there are prompts in a list.
template <typename Append> void appendPerPrompt(QByteArray &out, const RequestShape &shape, Append append)
{
    if (!shape.batch)
        return append();
    out += '[';
    for (qsizetype i = 0; i < shape.batchSize; ++i) {
        if (i > 0)
            out += ',';
        append();
    }
    out += ']';
}

/// The members that go before the closing brace of both bodies. `nextRoom` is called once for each prompt.
template <typename NextRoom>
QByteArray bootstrapMembers(const RequestShape &shape, const BootstrapAddress &bootstrap, NextRoom nextRoom)
{
    QByteArray out;
    QByteArray host;
    json::appendQuoted(host, bootstrap.host);
    const QByteArray port = bootstrap.port ? decimal(*bootstrap.port) : QByteArrayLiteral("null");
    const auto appendRoom = [&out](quint64 room) {
        char digits[20];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, room).ptr - digits);
    };
    out.reserve(160 + (host.size() + port.size() + 22) * shape.batchSize);
    if (shape.hasMembers)
        out += ',';
    out += "\"bootstrap_host\":";
    appendPerPrompt(out, shape, [&] { out += host; });
    out += ",\"bootstrap_port\":";
    appendPerPrompt(out, shape, [&] { out += port; });
    out += ",\"bootstrap_room\":";
    appendPerPrompt(out, shape, [&] { appendRoom(nextRoom()); });
    return out;
}

/// The client's body with the edits made and `members` before its closing brace, as slices of the one buffer.
BytePieces assemble(const RequestShape &shape, const QByteArray &body, int sample, const QByteArray &rid,
                    const QByteArray &members)
{
    BytePieces pieces;
    pieces.reserve(2 * shape.edits.size() + 3);
    qsizetype done = 0;
    for (const BodyEdit &edit : shape.edits) {
        pieces.append(body, done, edit.span.begin - done);
        done = edit.span.end;
        switch (edit.kind) {
        case BodyEdit::Kind::Cut:
            break;
        case BodyEdit::Kind::One:
            pieces.append(QByteArrayLiteral("1"));
            break;
        case BodyEdit::Kind::Seed:
            pieces.append(QByteArray::number(edit.seed + sample));
            break;
        case BodyEdit::Kind::Rid:
            pieces.append('"' + rid + '"');
            break;
        }
    }
    pieces.append(body, done, shape.insertAt - done);
    pieces.append(members);
    pieces.append(body, shape.insertAt, body.size() - shape.insertAt);
    return pieces;
}

} // namespace

RequestPlan plan(const RequestShape &shape, const QByteArray &body, const BootstrapAddress &bootstrap,
                 RoomSource &rooms, Random &random)
{
    RequestPlan plan;
    plan.legs.reserve(size_t(shape.samples) * 2);
    plan.rooms.reserve(size_t(shape.samples * shape.batchSize));
    for (int sample = 0; sample < shape.samples; ++sample) {
        QByteArray members = bootstrapMembers(shape, bootstrap, [&] {
            plan.rooms.push_back(rooms.next(bootstrap.steering, plan.rooms.size()));
            return plan.rooms.back();
        });
        QByteArray rid;
        if (!shape.hasRid || shape.samples > 1)
            rid = makeRid(random);
        if (!shape.hasRid)
            members += ",\"rid\":\"" + rid + '"';
        else if (shape.samples == 1 && shape.clientRid.size() >= 32)
            rid = shape.clientRid;
        BytePieces pieces = assemble(shape, body, sample, rid, members);
        plan.legs.push_back({LegRole::Prefill, sample, pieces, rid});
        plan.legs.push_back({LegRole::Decode, sample, std::move(pieces), rid});
    }
    return plan;
}

LegPlan planAlone(LegRole role, const RequestShape &shape, const QByteArray &body, Random &random)
{
    QByteArray members = bootstrapMembers(shape, {.host = "2.2.2.2", .port = {}}, [] { return quint64(0); });
    QByteArray rid = makeRid(random);
    if (!shape.hasRid)
        members += ",\"rid\":\"" + rid + '"';
    else
        rid = shape.clientRid;
    return {role, 0, assemble(shape, body, 0, rid, members), rid};
}

} // namespace pdlb::pd::sglang
