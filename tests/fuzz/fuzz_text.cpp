// SPDX-License-Identifier: Apache-2.0
// What people type: engine URLs, listen addresses, bootstrap ports, faults, durations, filters and fault rules. What is accepted can be
// written and read again, and cannot break a request or a log line.
#include "fuzzing.h"
#include "second_parser.h"

#include "config/config.h"
#include "edge/listen_socket.h"
#include "http/message_writer.h"
#include "inject/fault_rule.h"
#include "mock/fault.h"
#include "upstream/origin.h"
#include "util/escape.h"
#include "util/socket_address.h"

#include <QRegularExpression>

#include <algorithm>

using namespace pdlb;
using namespace pdlb::fuzz;

namespace {

void checkMessage(const Error &error)
{
    FUZZ_CHECK(!error.message.isEmpty());
    const QString shown = escapeControls(error.message);
    FUZZ_CHECK(std::none_of(shown.begin(), shown.end(),
                            [](QChar c) { return c.category() == QChar::Other_Control; }));
}

void checkOrigin(const QString &text)
{
    const auto origin = upstream::parseOrigin(text);
    if (!origin)
        return checkMessage(origin.error());
    FUZZ_CHECK(!origin->host.isEmpty() && origin->port != 0);
    FUZZ_CHECK(origin->basePath.isEmpty() || (origin->basePath.startsWith('/') && !origin->basePath.endsWith('/')));
    const auto again = upstream::parseOrigin(QString::fromUtf8(origin->url()));
    FUZZ_CHECK(again && *again == *origin);

    http::HeaderList headers;
    headers.add("Host", origin->authority());
    const QByteArray head = http::writeRequestHead("GET", origin->basePath + "/health", headers);
    const auto seen = parseRequest({head.data(), size_t(head.size())});
    FUZZ_CHECK(seen && seen->used == size_t(head.size()));
    FUZZ_CHECK(seen->target == (origin->basePath + "/health").toStdString());
    FUZZ_CHECK(seen->values("host") == std::vector{origin->authority().toStdString()});
}

void checkListenAddress(const QString &text)
{
    const auto address = edge::parseListenAddress(text);
    if (!address)
        return checkMessage(address.error());
    FUZZ_CHECK(!address->isNull());
    const SocketAddress native = toSocketAddress(*address, 8000);
    FUZZ_CHECK(native.length > 0 && native.storage.ss_family != AF_UNSPEC);
}

void checkBootstrapPort(const QString &text)
{
    const auto port = BootstrapPort::parse(text);
    if (!port)
        return checkMessage(port.error());
    const bool isFixed = port->kind == BootstrapPort::Kind::Fixed;
    FUZZ_CHECK(isFixed == (port->port != 0));
    if (isFixed)
        FUZZ_CHECK(text.trimmed().endsWith(QString::number(port->port)));
}

void checkFault(const QString &text)
{
    const auto fault = mock::parseFault(text);
    if (!fault)
        return checkMessage(fault.error());
    FUZZ_CHECK(fault->count == -1 || fault->count > 0);
    FUZZ_CHECK(fault->delay.count() >= 0 && fault->stale.count() >= 0);
    FUZZ_CHECK(fault->after >= 0 && fault->cut.amount >= 0 && fault->status >= 200);
    // The engine that was meant, not another one.
    const QString target = text.first(text.indexOf(u':'));
    const QString digits = target.sliced(target.lastIndexOf(QRegularExpression(QStringLiteral("[^0-9]"))) + 1);
    FUZZ_CHECK(fault->index == (digits.isEmpty() ? -1 : digits.toInt()));

    mock::FaultScript script;
    script.add(*fault);
    const bool mayHit = fault->kind != mock::Fault::Kind::Stale && fault->matchesPath("/generate");
    FUZZ_CHECK(script.take("/generate", fault->actsOnHead()).has_value() == mayHit);
}

void checkDuration(const QString &text)
{
    const auto duration = mock::parseDuration(text);
    if (!duration)
        return checkMessage(duration.error());
    FUZZ_CHECK(duration->count() >= 0 && duration->count() <= 1'000'000'000);
}

void checkFilter(const QString &text)
{
    const auto filter = trace::Filter::parse(text);
    const trace::Timeline timeline;
    if (filter) {
        const bool matches = filter->matches(timeline, Monotonic(0));
        if (!filter->isEmpty()) {
            const auto negated = trace::Filter::parse(QStringLiteral("not (") + text + u')');
            FUZZ_CHECK(!negated || negated->matches(timeline, Monotonic(0)) != matches); // deeper nesting may be refused
        }
    } else {
        FUZZ_CHECK(!filter.error().message.isEmpty());
        FUZZ_CHECK(filter.error().column >= 0 && filter.error().length >= 0);
        FUZZ_CHECK(filter.error().column + filter.error().length <= text.size());
    }
    for (const trace::FilterCompletion &completion : trace::completeFilter(text, text.size()))
        FUZZ_CHECK(!completion.text.isEmpty() && completion.from >= 0 && completion.from + completion.length <= text.size());
}

void checkFaultRule(const QString &text)
{
    const auto rule = inject::parseFaultRule(text);
    if (!rule)
        return checkMessage(rule.error());
    FUZZ_CHECK(rule->probability >= 0 && rule->probability <= 1 && rule->delay.count() >= 0 && rule->events >= 0);
    FUZZ_CHECK(!rule->count || *rule->count > 0);
    const auto again = inject::parseFaultRule(rule->text);
    FUZZ_CHECK(again && again->kind == rule->kind && again->prefill == rule->prefill && again->events == rule->events);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Input input(data, size);
    const QString text = QString::fromUtf8(input.bytes);
    // '0' is the last one: the seeds begin with a digit.
    static constexpr void (*checks[])(const QString &) = {checkDuration, checkOrigin, checkListenAddress, checkBootstrapPort,
                                                          checkFilter, checkFaultRule, checkFault};
    checks[input.options % std::size(checks)](text);
    return 0;
}
