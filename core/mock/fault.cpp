// SPDX-License-Identifier: Apache-2.0
#include "mock/fault.h"

#include <QStringList>

namespace pdlb::mock {

namespace {

using Kind = Fault::Kind;
constexpr int midStreamEvents = 2;

Result<int> parseNumber(const QString &key, const QString &value, int least)
{
    bool ok = false;
    const int number = value.toInt(&ok);
    if (!ok || number < least) {
        return failure(QStringLiteral("%1 needs a whole number of at least %2, not \"%3\"")
                       .arg(key, QString::number(least), value));
    }
    return number;
}

QByteArray unescape(const QString &text)
{
    const QByteArray in = text.toUtf8();
    QByteArray out;
    for (qsizetype i = 0; i < in.size(); ++i) {
        if (in[i] != '\\' || i + 1 == in.size()) {
            out += in[i];
            continue;
        }
        const char c = in[++i];
        if (c == 'x' && i + 2 < in.size()) {
            out += char(in.mid(i + 1, 2).toInt(nullptr, 16));
            i += 2;
        } else {
            out += c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c == '0' ? '\0' : c;
        }
    }
    return out;
}

Result<void> readBreakPoint(const QString &value, Fault &fault)
{
    fault.kind = Kind::Break;
    if (value == QLatin1String("before-head")) {
        fault.cut.point = Cut::Point::BeforeHead;
    } else if (value == QLatin1String("after-head")) {
        fault.cut.point = Cut::Point::AfterHead;
    } else if (value.isEmpty() || value == QLatin1String("mid-stream")) {
        fault.cut.point = Cut::Point::AfterEvents;
        fault.cut.amount = midStreamEvents;
    } else {
        return failure(QStringLiteral("\"%1\" is no place to break an answer: write before-head, after-head or "
                                      "mid-stream")
                           .arg(value));
    }
    return {};
}

Result<void> readStall(const QString &value, Fault &fault)
{
    const QString prefix = QStringLiteral("after-");
    const QString number = value.startsWith(prefix) ? value.sliced(prefix.size()) : value;
    const auto events = parseNumber(QStringLiteral("stall"), number.isEmpty() ? QStringLiteral("1") : number, 0);
    if (!events)
        return tl::unexpected(events.error());
    fault.kind = Kind::Break;
    fault.cut = {Cut::Point::AfterEvents, Cut::How::Stall, *events};
    return {};
}

Result<void> readKey(const QString &key, const QString &value, Fault &fault)
{
    const auto number = [&](int least, auto &to) -> Result<void> {
        const auto result = parseNumber(key, value, least);
        if (!result)
            return tl::unexpected(result.error());
        to = *result;
        return {};
    };
    if (key == QLatin1String("count"))
        return number(1, fault.count);
    if (key == QLatin1String("retry_after"))
        return number(0, fault.retryAfter);
    if (key == QLatin1String("status"))
        return number(200, fault.status);
    if (key == QLatin1String("after")) {
        fault.cut.amount = 0;
        auto done = number(0, fault.after);
        if (fault.cut.point == Cut::Point::AfterEvents)
            fault.cut.amount = fault.after;
        return done;
    }
    if (key == QLatin1String("delay")) {
        const auto time = parseDuration(value);
        if (!time)
            return tl::unexpected(time.error());
        fault.delay = *time;
    } else if (key == QLatin1String("early")) {
        fault.early = true;
    } else if (key == QLatin1String("path")) {
        fault.path = value.toUtf8();
    } else if (key == QLatin1String("message")) {
        fault.message = value;
    } else if (key == QLatin1String("body")) {
        fault.body = unescape(value);
    } else if (key == QLatin1String("header")) {
        const QByteArray field = unescape(value);
        const qsizetype colon = field.indexOf(':');
        if (colon < 1)
            return failure(QStringLiteral("header is NAME: VALUE, not \"%1\"").arg(value));
        fault.headers.add(field.first(colon), field.sliced(colon + 1).trimmed());
    } else if (key == QLatin1String("how")) {
        if (value == QLatin1String("fin"))
            fault.cut.how = Cut::How::Fin;
        else if (value == QLatin1String("reset"))
            fault.cut.how = Cut::How::Reset;
        else if (value == QLatin1String("stall"))
            fault.cut.how = Cut::How::Stall;
        else
            return failure(QStringLiteral("how is fin, reset or stall, not \"%1\"").arg(value));
    } else if (key == QLatin1String("framing")) {
        if (value == QLatin1String("close"))
            fault.framing = http::Framing::UntilClose;
        else if (value == QLatin1String("chunked"))
            fault.framing = http::Framing::Chunked;
        else
            return failure(QStringLiteral("framing is close or chunked, not \"%1\"").arg(value));
    } else {
        return failure(QStringLiteral("\"%1\" is no key of a fault: write delay, count, path, status, retry_after, early, "
                                      "after, message, body, header, how or framing")
                       .arg(key));
    }
    return {};
}

Result<void> readKind(const QString &kind, const QString &value, Fault &fault)
{
    const auto assign = [](auto result, auto &to) -> Result<void> {
        if (!result)
            return tl::unexpected(result.error());
        to = *result;
        return {};
    };
    if (kind == QLatin1String("status")) {
        fault.kind = Kind::Status;
        return assign(parseNumber(kind, value, 200), fault.status);
    }
    if (kind == QLatin1String("delay"))
        return assign(parseDuration(value), fault.delay);
    if (kind == QLatin1String("stale")) {
        fault.kind = Kind::Stale;
        return assign(parseDuration(value), fault.stale);
    }
    if (kind == QLatin1String("truncate")) {
        fault.kind = Kind::Break;
        fault.cut.point = Cut::Point::AfterBytes;
        return assign(parseNumber(kind, value, 0), fault.cut.amount);
    }
    if (kind == QLatin1String("close"))
        return readBreakPoint(value, fault);
    if (kind == QLatin1String("reset")) {
        fault.cut.how = Cut::How::Reset;
        return readBreakPoint(value, fault);
    }
    if (kind == QLatin1String("stall"))
        return readStall(value, fault);
    if (kind == QLatin1String("raw")) {
        fault.kind = Kind::Raw;
        fault.raw = unescape(value);
        return {};
    }
    if (kind == QLatin1String("framing"))
        return readKey(kind, value, fault);
    const std::pair<const char *, Kind> plain[] = {
        {"abort", Kind::Abort}, {"kvfail", Kind::KvFail}, {"garbage", Kind::Garbage}, {"hang", Kind::Hang}, {"noread", Kind::NoRead}};
    for (const auto &[name, of] : plain) {
        if (kind == QLatin1String(name)) {
            fault.kind = of;
            return {};
        }
    }
    return failure(QStringLiteral("\"%1\" is no fault: write status, delay, close, reset, truncate, stall, abort, "
                                  "kvfail, garbage, raw, hang, noread, framing or stale")
                   .arg(kind));
}

std::pair<QString, QString> splitAtEquals(const QString &text)
{
    const qsizetype at = text.indexOf(u'=');
    return at < 0 ? std::pair(text, QString()) : std::pair(text.first(at), text.sliced(at + 1));
}

} // namespace

QByteArray roleName(Role role)
{
    return role == Role::Prefill ? "prefill" : role == Role::Decode ? "decode" : "null";
}

Result<std::chrono::milliseconds> parseDuration(QStringView text)
{
    const std::pair<QLatin1String, double> units[] = {
        {QLatin1String("ms"), 1}, {QLatin1String("s"), 1000}, {QLatin1String("m"), 60000}};
    for (const auto &[unit, factor] : units) {
        if (!text.endsWith(unit))
            continue;
        bool ok = false;
        const double value = text.chopped(unit.size()).toDouble(&ok);
        if (ok && value >= 0 && value * factor < 1e9)
            return std::chrono::milliseconds(qRound64(value * factor));
    }
    return failure(QStringLiteral("\"%1\" is no time: write a number with its unit, like 200ms, 2s or 1m").arg(text));
}

Result<void> readEngineName(const QString &text, std::optional<Role> &role, int &index)
{
    QString name = text;
    QString digits;
    while (!name.isEmpty() && name.back() >= u'0' && name.back() <= u'9') {
        digits.prepend(name.back());
        name.chop(1);
    }
    if (name == QLatin1String("prefill"))
        role = Role::Prefill;
    else if (name == QLatin1String("decode"))
        role = Role::Decode;
    else if (name == QLatin1String("plain"))
        role = Role::Plain;
    else if (name != QLatin1String("any"))
        return failure(QStringLiteral("\"%1\" is no engine: write prefill, decode or any, with an index if you like "
                                      "(decode0)")
                           .arg(text));
    if (digits.isEmpty())
        return {};
    const auto number = parseNumber(QStringLiteral("an engine's index"), digits, 0);
    if (!number)
        return tl::unexpected(number.error());
    index = *number;
    return {};
}

Result<Fault> parseFault(const QString &text)
{
    const qsizetype colon = text.indexOf(u':');
    if (colon < 0) {
        return failure(QStringLiteral("\"%1\" is no fault: write ROLE:KIND, like decode:status=503 or "
                                      "prefill0:delay=2s")
                           .arg(text));
    }
    Fault fault;
    const QStringList parts = text.sliced(colon + 1).split(u',');
    const auto [kind, value] = splitAtEquals(parts.front());
    Result<void> done = readEngineName(text.first(colon), fault.role, fault.index).and_then([&, &kind = kind, &value = value] {
        return readKind(kind, value, fault);
    });
    for (qsizetype i = 1; done && i < parts.size(); ++i) {
        const auto [key, keyValue] = splitAtEquals(parts[i]);
        done = readKey(key, keyValue, fault);
    }
    if (!done)
        return failure(QStringLiteral("fault \"%1\": %2").arg(text, done.error().message));
    return fault;
}

bool Fault::appliesTo(Role engineRole, int engineIndex) const
{
    return (!role || *role == engineRole) && (index < 0 || index == engineIndex);
}

bool Fault::matchesPath(const QByteArray &requestPath) const
{
    if (path.isEmpty()) {
        return requestPath == "/generate" || requestPath == "/v1/chat/completions"
               || requestPath == "/v1/completions";
    }
    return path == "*" || path == requestPath;
}

std::optional<Fault> FaultScript::take(const QByteArray &path, bool onHead)
{
    bool any = false;
    Fault hit;
    for (Fault &fault : m_faults) {
        if (fault.kind == Kind::Stale || fault.count == 0 || fault.actsOnHead() != onHead || !fault.matchesPath(path)
            || (fault.kind != Kind::None && hit.kind != Kind::None))
            continue;
        any = true;
        if (fault.count > 0)
            --fault.count;
        const auto delay = hit.delay + fault.delay;
        const auto framing = hit.framing ? hit.framing : fault.framing;
        if (fault.kind != Kind::None)
            hit = fault;
        hit.delay = delay;
        hit.framing = framing;
    }
    return any ? std::optional(hit) : std::nullopt;
}

} // namespace pdlb::mock
