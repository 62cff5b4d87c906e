// SPDX-License-Identifier: Apache-2.0
#include "pd/fanout_events.h"

#include "http/sse.h"
#include "pd/fanout_body.h"
#include "pd/usage_sum.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::pd {

using json::Elements;
using json::Type;
using json::Value;

namespace {

bool isLineEnd(char c)
{
    return c == '\n' || c == '\r';
}

/// A cut stream's last event lacks the empty line that ends events: another stream's must not run into it.
QByteArray ended(const QByteArray &event)
{
    QByteArrayView lines = event;
    if (!lines.isEmpty() && isLineEnd(lines.back()))
        lines.chop(lines.endsWith("\r\n") ? 2 : 1);
    else
        return event + "\n\n";
    return lines.isEmpty() || isLineEnd(lines.back()) ? event : lines.toByteArray() + "\n\n";
}

} // namespace

FanOutEvents::FanOutEvents(Endpoint endpoint, int samples)
    : m_endpoint(endpoint), m_samples(samples), m_done(size_t(samples)), m_usage(size_t(samples))
{
}

Result<QByteArray> FanOutEvents::take(int sample, const QByteArray &given)
{
    const QByteArray event = ended(given);
    if (m_done[size_t(sample)])
        return QByteArray();
    if (http::SseSplitter::isDone(event)) {
        m_done[size_t(sample)] = true;
        return ++m_doneCount == m_samples ? takeUsage() + event : QByteArray();
    }
    const auto data = findData(event);
    if (!data || !data->view().trimmed().startsWith('{'))
        return event;
    const auto document = json::scan(data->view(), json::NonFinite::Accept);
    if (!document) {
        return failure(
            u"An event of the %1th decode request of this fan-out is not valid JSON (at byte %2, %3)."_s.arg(sample + 1)
                .arg(document.error().offset)
                .arg(QLatin1String(document.error().what)));
    }
    const Value answer(document->value.in(data->view()));
    std::vector<json::Replacement> edits;
    const bool known = m_endpoint == Endpoint::Generate ? rewriteGenerate(sample, *data, answer, edits)
                                                        : rewriteOpenAi(sample, *data, answer, edits);
    if (!known)
        return event;
    QByteArray rewritten = withReplacements(*data, std::move(edits));
    const bool isUsage = m_endpoint != Endpoint::Generate && !answer.member("choices").first().exists() &&
                         answer.member("usage").is(Type::Object);
    if (!isUsage)
        return rewritten;
    m_usage[size_t(sample)] = std::move(rewritten);
    return QByteArray();
}

bool FanOutEvents::rewriteGenerate(int sample, const EventData &data, Value answer,
                                   std::vector<json::Replacement> &edits) const
{
    if (!answer.member("meta_info").exists())
        return false;
    edits.push_back(renumbered(data, answer, 0, sample));
    return true;
}

bool FanOutEvents::rewriteOpenAi(int sample, const EventData &data, Value answer, std::vector<json::Replacement> &edits)
{
    const Value choices = answer.member("choices");
    if (!choices.is(Type::Array))
        return false;
    if (const Value id = answer.member("id"); id.is(Type::String)) {
        if (m_id.isNull())
            m_id = id.bytes().toByteArray();
        edits.push_back({id.spanIn(data.view()), m_id});
    }
    qint64 place = 0;
    for (Elements list(choices); list.next(); ++place) {
        if (list.value().is(Type::Object))
            edits.push_back(renumbered(data, list.value(), place, sample));
    }
    return true;
}

json::Replacement FanOutEvents::renumbered(const EventData &data, Value answer, qint64 place, int sample) const
{
    const qint64 number = answerNumber(answer.member("index"), place, sample, m_samples);
    return json::setMember(data.view(), answer, "index", QByteArray::number(number));
}

/// The usage events of all samples as one.
QByteArray FanOutEvents::takeUsage()
{
    const auto events = std::exchange(m_usage, std::vector<QByteArray>(size_t(m_samples)));
    const auto base =
        std::find_if(events.begin(), events.end(), [](const QByteArray &event) { return !event.isEmpty(); });
    if (base == events.end())
        return {};
    const auto usageOf = [](const EventData &data) { return Value(data.view().trimmed()).member("usage"); };
    std::vector<EventData> kept; // owns what the values point into
    kept.reserve(events.size());
    std::vector<Value> usages;
    for (const QByteArray &event : events) {
        if (auto data = findData(event)) {
            kept.push_back(std::move(*data));
            usages.push_back(usageOf(kept.back()));
        }
    }
    return withReplacements(kept.front(), sumUsage(kept.front().view(), usages.front(), usages));
}

QByteArray FanOutEvents::finish()
{
    return takeUsage();
}

} // namespace pdlb::pd
