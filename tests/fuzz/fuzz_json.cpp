// SPDX-License-Identifier: Apache-2.0
// The JSON scanner and the editing of request bodies: the scanner agrees with QJsonDocument, and each leg's body is the
// client's with our members in it and nothing else changed.
#include "fuzzing.h"

#include "pd/dialect.h"
#include "pd/json_edit.h"
#include "pd/json_scan.h"
#include "pd/json_value.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStringList>

#include <algorithm>

using namespace pdlb;
using namespace pdlb::fuzz;
using namespace pdlb::pd;

using namespace Qt::StringLiterals;

namespace {

constexpr quint64 maxRoom = quint64(std::numeric_limits<qint64>::max());

bool isBootstrap(QByteArrayView name)
{
    return name == "bootstrap_host" || name == "bootstrap_port" || name == "bootstrap_room";
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

/// What we refuse and QJsonDocument takes.
bool isStricter(const json::ScanError &error, const QByteArray &text)
{
    const QByteArrayView rest = QByteArrayView(text).sliced(error.offset);
    const char first = rest.isEmpty() ? '\0' : rest[0];
    const char second = rest.size() < 2 ? '\0' : rest[1];
    const bool isEscape = first == '\\' && !QByteArrayView("\"\\/bfnrtu").contains(second);
    // "-.5", ".5" and "1."
    const bool isPoint = (first == '-' && !isDigit(second)) || first == '.'
        || (error.offset > 0 && text.at(error.offset - 1) == '.' && !isDigit(first));
    return uchar(first) < 0x20 || isEscape || isPoint || rest.startsWith("\xef\xbb\xbf")
        || QByteArrayView(error.what) == "the object has more than 16384 members";
}

/// Names that Qt reads in another way: it keeps an escaped half of a surrogate pair, for which UTF-8 has no place, and
/// drops a byte order mark in front.
bool isLossy(QByteArrayView name)
{
    return name.contains("\xef\xbf\xbd") || name.startsWith("\xef\xbb\xbf");
}

/// Accepting and refusing, and that the members found are the text's.
void checkScan(const QByteArray &text)
{
    const auto document = json::scan(text);
    const auto lenient = json::scan(text, json::NonFinite::Accept);
    FUZZ_CHECK(!document || lenient);
    QJsonParseError qtError;
    const QJsonDocument qt = QJsonDocument::fromJson(text, &qtError);
    if (!document) {
        FUZZ_CHECK(document.error().offset >= 0 && document.error().offset <= text.size());
        FUZZ_CHECK(qtError.error != QJsonParseError::NoError || isStricter(document.error(), text));
        return;
    }
    const bool isContainer = document->type == json::Type::Object || document->type == json::Type::Array;
    // Qt has no place for 1e400 and, until 6.9, for a text that is no container.
    if (isContainer && qtError.error != QJsonParseError::IllegalNumber)
        FUZZ_CHECK(qtError.error == QJsonParseError::NoError);
    const json::Value root(document->value.in(text));
    json::Members walk(root);
    qsizetype behind = 0;
    for (const json::Member &member : document->members) {
        FUZZ_CHECK(member.key.begin > behind && member.key.size() >= 2 && member.value.begin > member.key.end);
        behind = member.value.end;
        FUZZ_CHECK(behind < text.size());
        FUZZ_CHECK(walk.next());
        FUZZ_CHECK(walk.isNamed(member.name(text)) && walk.value().bytes() == member.value.in(text));
        const json::Value value(member.value.in(text));
        FUZZ_CHECK(value.type() == member.type);
        qsizetype count = 0;
        for (json::Elements elements(value); elements.next();)
            ++count;
        for (json::Members members(value); members.next();)
            ++count;
        FUZZ_CHECK(count == member.count);
    }
    FUZZ_CHECK(!walk.next());
    if (!qt.isObject())
        return;
    QByteArrayList names;
    for (const QString &key : qt.object().keys())
        names += key.toUtf8();
    for (const json::Member &member : document->members)
        FUZZ_CHECK(isLossy(member.name(text)) || names.contains(member.name(text)));
}

/// The text's own tokens: every member that is not ours to cut.
std::vector<json::Member> keptMembers(const json::Document &document, const QByteArray &text, bool hasRid)
{
    std::vector<json::Member> kept;
    for (const json::Member &member : document.members) {
        const QByteArrayView name = member.name(text);
        if (!isBootstrap(name) && (hasRid || name != "rid"))
            kept.push_back(member);
    }
    return kept;
}

QJsonValue perPrompt(const RequestShape &shape, const QJsonValue &value)
{
    if (!shape.batch)
        return value;
    QJsonArray list;
    for (qsizetype i = 0; i < shape.batchSize; ++i)
        list.append(value);
    return list;
}

/// The rooms that a leg's body names.
void checkRooms(const json::Value &value, const RequestShape &shape, const RequestPlan &plan, int sample)
{
    std::vector<qint64> named;
    if (!shape.batch)
        named.push_back(value.integer().value_or(0));
    for (json::Elements rooms(value); rooms.next();)
        named.push_back(rooms.value().integer().value_or(0));
    FUZZ_CHECK(qsizetype(named.size()) == shape.batchSize);
    for (size_t i = 0; i < named.size(); ++i)
        FUZZ_CHECK(quint64(named[i]) == plan.rooms[size_t(sample) * size_t(shape.batchSize) + i]);
}

/// Member by member: what came is kept to the byte (`exact`: nothing in it had to be edited), ours follows once.
void checkMembers(const QByteArray &body, const QByteArray &sent, const RequestShape &shape, const RequestPlan &plan,
                  const LegPlan &leg, bool exact)
{
    const auto before = json::scan(body);
    const auto after = json::scan(sent);
    FUZZ_CHECK(before && after);
    const auto kept = keptMembers(*before, body, shape.hasRid);
    const size_t ours = shape.hasRid ? 3 : 4;
    FUZZ_CHECK(after->members.size() == kept.size() + ours);
    for (size_t i = 0; i < kept.size(); ++i) {
        const json::Member &member = after->members[i];
        FUZZ_CHECK(member.key.in(sent) == kept[i].key.in(body));
        FUZZ_CHECK(!exact || member.value.in(sent) == kept[i].value.in(body));
    }
    const json::Member *added = after->members.data() + kept.size();
    FUZZ_CHECK(added[0].name(sent) == "bootstrap_host" && added[1].name(sent) == "bootstrap_port");
    FUZZ_CHECK(added[2].name(sent) == "bootstrap_room");
    checkRooms(json::Value(added[2].value.in(sent)), shape, plan, leg.sample);
    if (!shape.hasRid) {
        FUZZ_CHECK(added[3].name(sent) == "rid");
        FUZZ_CHECK(json::Value(added[3].value.in(sent)).string() == leg.rid && leg.rid.size() == 32);
    }
}

/// Byte by byte: without what was inserted at one place the body is the client's without what was cut.
void checkBytes(const QByteArray &body, const QByteArray &sent, const RequestShape &shape)
{
    QByteArray left;
    qsizetype done = 0;
    qsizetype cutInFront = 0;
    for (const BodyEdit &edit : shape.edits) {
        FUZZ_CHECK(edit.kind == BodyEdit::Kind::Cut && edit.span.begin >= done && edit.span.end <= shape.insertAt);
        left += body.sliced(done, edit.span.begin - done);
        done = edit.span.end;
        cutInFront += edit.span.size();
    }
    left += body.sliced(done);
    const qsizetype inserted = sent.size() - left.size();
    const qsizetype at = shape.insertAt - cutInFront;
    FUZZ_CHECK(inserted > 0);
    FUZZ_CHECK(body.at(shape.insertAt) == '}');
    FUZZ_CHECK(QByteArrayView(sent).first(at) == QByteArrayView(left).first(at));
    FUZZ_CHECK(QByteArrayView(sent).sliced(at + inserted) == QByteArrayView(left).sliced(at));
}

/// As QJsonDocument reads it: the client's object, with ours set.
void checkObject(const QByteArray &body, const QByteArray &sent, const RequestShape &shape,
                 const BootstrapAddress &bootstrap, const LegPlan &leg)
{
    const QJsonDocument before = QJsonDocument::fromJson(body);
    if (!before.isObject())
        return; // a number that Qt cannot hold
    const QJsonDocument after = QJsonDocument::fromJson(sent);
    FUZZ_CHECK(after.isObject());
    QJsonObject expected = before.object();
    QJsonObject seen = after.object();
    FUZZ_CHECK(seen.contains("bootstrap_room"_L1));
    expected.remove("bootstrap_room"_L1);
    seen.remove("bootstrap_room"_L1);
    expected["bootstrap_host"_L1] = perPrompt(shape, QString::fromUtf8(bootstrap.host));
    expected["bootstrap_port"_L1] =
        perPrompt(shape, bootstrap.port ? QJsonValue(int(*bootstrap.port)) : QJsonValue(QJsonValue::Null));
    if (!shape.hasRid)
        expected["rid"_L1] = QString::fromLatin1(leg.rid);
    if (shape.samples == 1)
        FUZZ_CHECK(seen == expected);
    else
        FUZZ_CHECK(seen.keys() == expected.keys());
}

/// A fanned-out request asks for one sample in each of its bodies.
void checkSingle(Endpoint endpoint, const QByteArray &sent)
{
    const auto shape = sglangDialect().analyse(endpoint, sent);
    FUZZ_CHECK(shape);
    FUZZ_CHECK(shape->samples == 1);
}

void checkPlan(Endpoint endpoint, const QByteArray &body, const BootstrapAddress &bootstrap, uchar seed)
{
    const auto shape = sglangDialect().analyse(endpoint, body);
    if (!shape) {
        FUZZ_CHECK(shape.error().status == 400 && !shape.error().code.isEmpty());
        FUZZ_CHECK(QJsonDocument::fromJson(shape.error().toJson()).isObject());
        return;
    }
    SeededRandom random(seed);
    RoomSource source(random);
    const RequestPlan plan = sglangDialect().plan(*shape, body, bootstrap, source, random);
    FUZZ_CHECK(plan.legs.size() == size_t(shape->samples) * 2);
    FUZZ_CHECK(qsizetype(plan.rooms.size()) == shape->samples * shape->batchSize);
    std::vector<quint64> rooms = plan.rooms;
    std::sort(rooms.begin(), rooms.end());
    FUZZ_CHECK(std::adjacent_find(rooms.begin(), rooms.end()) == rooms.end());
    FUZZ_CHECK(rooms.front() > 0 && rooms.back() <= maxRoom);
    for (size_t i = 0; i < plan.legs.size(); i += 2) {
        const LegPlan &leg = plan.legs[i];
        FUZZ_CHECK(leg.role == LegRole::Prefill && plan.legs[i + 1].role == LegRole::Decode);
        FUZZ_CHECK(leg.sample == int(i / 2) && plan.legs[i + 1].sample == leg.sample);
        if (i > 2 && i + 2 < plan.legs.size())
            continue; // many samples: the first two and the last tell
        const QByteArray sent = leg.body.toByteArray();
        FUZZ_CHECK(sent == plan.legs[i + 1].body.toByteArray() && leg.rid == plan.legs[i + 1].rid);
        checkMembers(body, sent, *shape, plan, leg, shape->samples == 1);
        checkObject(body, sent, *shape, bootstrap, leg);
        if (shape->samples == 1)
            checkBytes(body, sent, *shape);
        else
            checkSingle(endpoint, sent);
    }
}

void checkQuoting(const QByteArray &text)
{
    QByteArray quoted;
    json::appendQuoted(quoted, text);
    const auto document = json::scan(quoted);
    if (document)
        FUZZ_CHECK(document->type == json::Type::String && json::Value(quoted).string() == text);
    else
        FUZZ_CHECK(QByteArrayView(document.error().what) == "a string holds bytes that are not UTF-8");
    const json::Value value(quoted);
    if (document)
        FUZZ_CHECK(text.startsWith(value.string(16)) && value.string(16).size() <= 16);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Input input(data, size);
    static constexpr Endpoint endpoints[] = {Endpoint::Generate, Endpoint::ChatCompletions, Endpoint::Completions};
    const QByteArray body(input.bytes.data(), input.bytes.size());
    BootstrapAddress bootstrap{input.options & 16 ? "[::1]" : "p0", std::nullopt};
    if (input.options & 32)
        bootstrap.port = 8998;
    checkScan(body);
    checkPlan(endpoints[(input.options & 15) % 3], body, bootstrap, input.cuts);
    if (input.options & 64)
        checkQuoting(body);
    return 0;
}
