// SPDX-License-Identifier: Apache-2.0
#include "pd/sample_join.h"

#include "pd/event_data.h"

using namespace Qt::StringLiterals;

namespace pdlb::pd {

using json::Value;

namespace {

QString legName(LegRole role)
{
    return role == LegRole::Prefill ? u"prefill"_s : u"decode"_s;
}

/// The one value in `text`, or an error that says whose answer it is not.
Result<Value> parse(LegRole role, QByteArrayView text)
{
    const auto document = json::scan(text, json::NonFinite::Accept);
    if (!document) {
        return failure(u"The %1 answer cannot be joined with the other leg's: it is not valid JSON (at byte %2, %3)."_s
                           .arg(legName(role))
                           .arg(document.error().offset)
                           .arg(QLatin1String(document.error().what)));
    }
    return Value(document->value.in(text));
}

tl::unexpected<Error> eventTooLong(LegRole role)
{
    return failure(u"The %1 answer cannot be joined with the other leg's: it holds an event of more than 64 MiB."_s.arg(
        legName(role)));
}

} // namespace

Result<void> HoldLimit::take(LegRole role, qsizetype bytes)
{
    qsizetype &left = m_left[role == LegRole::Prefill ? 0 : 1];
    if (bytes > left) {
        return failure(
            u"The %1 answer is too large to be joined with the other leg's: more would have to be held than the limit "
            "for one request."_s.arg(legName(role)));
    }
    left -= bytes;
    return {};
}

SampleJoin::SampleJoin(const RequestShape &shape, HoldLimit &limit)
    : m_fields(shape), m_limit(limit), m_stream(shape.stream)
{
}

Result<SampleJoin::Parts> SampleJoin::feed(LegRole role, QByteArrayView bytes)
{
    if (role == LegRole::Prefill && (m_fields.isEmpty() || isComplete()))
        return Parts();
    if (m_stream && role == LegRole::Prefill) {
        m_prefillEvents.feed(bytes);
        return readPrefillEvents().map([] { return Parts(); });
    }
    if (m_stream) {
        m_decodeEvents.feed(bytes);
        return readDecodeEvents();
    }
    (role == LegRole::Prefill ? m_prefillBody : m_decodeBody) += bytes;
    return m_limit.take(role, bytes.size()).map([] { return Parts(); });
}

Result<SampleJoin::Parts> SampleJoin::end(LegRole role)
{
    if (role == LegRole::Prefill && isComplete())
        return Parts();
    (role == LegRole::Prefill ? m_prefillEnded : m_decodeEnded) = true;
    if (!m_stream)
        return m_decodeEnded && !m_bodyDone ? joinBodies() : Result<Parts>();
    if (role == LegRole::Prefill) {
        if (auto read = readPrefillEvent(m_prefillEvents.takeRest()); !read)
            return tl::unexpected(read.error());
        return releaseHeld();
    }
    Parts out;
    if (const QByteArray rest = m_decodeEvents.takeRest(); !rest.isEmpty()) {
        if (auto read = readDecodeEvent(rest, out); !read)
            return tl::unexpected(read.error());
    }
    return out;
}

Result<void> SampleJoin::readPrefillEvents()
{
    QByteArray event;
    while (m_prefillEvents.next(event)) {
        if (auto read = readPrefillEvent(event); !read)
            return read;
    }
    if (m_prefillEvents.overflowed())
        return eventTooLong(LegRole::Prefill);
    return {};
}

Result<void> SampleJoin::readPrefillEvent(const QByteArray &event)
{
    if (!m_fields.mayHold(event))
        return {};
    const auto data = findData(event);
    if (!data)
        return {};
    const auto answer = parse(LegRole::Prefill, data->view());
    if (!answer)
        return tl::unexpected(answer.error());
    const qsizetype before = m_fields.size();
    m_fields.remember(m_fields.find(*answer));
    return m_limit.take(LegRole::Prefill, m_fields.size() - before);
}

Result<SampleJoin::Parts> SampleJoin::readDecodeEvents()
{
    Parts out;
    QByteArray event;
    while (m_decodeEvents.next(event)) {
        if (auto read = readDecodeEvent(event, out); !read)
            return tl::unexpected(read.error());
    }
    if (m_decodeEvents.overflowed())
        return eventTooLong(LegRole::Decode);
    return out;
}

Result<void> SampleJoin::readDecodeEvent(const QByteArray &event, Parts &out)
{
    bool needsPrefill = false;
    auto joined = m_held.empty() ? joinEvent(event, needsPrefill) : event;
    if (!joined)
        return tl::unexpected(joined.error());
    if (!m_held.empty() || (needsPrefill && !m_prefillEnded)) {
        m_held.push_back(event);
        return m_limit.take(LegRole::Decode, event.size());
    }
    handOut(out, std::move(*joined));
    return {};
}

void SampleJoin::handOut(Parts &out, QByteArray event)
{
    m_doneOut = m_doneOut || http::SseSplitter::isDone(event);
    out.push_back(std::move(event));
}

/// The event with what is known of prefill's part; `needsPrefill` tells whether that matters.
Result<QByteArray> SampleJoin::joinEvent(const QByteArray &event, bool &needsPrefill) const
{
    needsPrefill = false;
    if (m_doneOut || !m_fields.mayHold(event))
        return event; // behind [DONE] nothing is read any more: nothing there may spoil a good answer
    const auto data = findData(event);
    if (!data || !m_fields.mayHold(data->view()))
        return event;
    return parse(LegRole::Decode, data->view()).map([&](Value answer) {
        const auto places = m_fields.find(answer);
        needsPrefill = !places.empty();
        auto replacements = m_fields.join(data->view(), places);
        return replacements.empty() ? event : withReplacements(*data, std::move(replacements));
    });
}

Result<SampleJoin::Parts> SampleJoin::releaseHeld()
{
    Parts out;
    bool needsPrefill = false;
    for (; !m_held.empty(); m_held.pop_front()) {
        auto joined = joinEvent(m_held.front(), needsPrefill);
        if (!joined)
            return tl::unexpected(joined.error());
        if (auto given = m_limit.take(LegRole::Decode, -m_held.front().size()); !given)
            return tl::unexpected(given.error());
        handOut(out, std::move(*joined));
    }
    return out;
}

/// Decode's body has ended; prefill's maybe not.
Result<SampleJoin::Parts> SampleJoin::joinBodies()
{
    const auto finish = [this](QByteArray body) {
        m_bodyDone = true;
        m_decodeBody.clear();
        m_prefillBody.clear();
        return Parts{std::move(body)};
    };
    if (!m_fields.mayHold(m_decodeBody))
        return finish(std::move(m_decodeBody));
    const auto decode = parse(LegRole::Decode, m_decodeBody);
    if (!decode)
        return tl::unexpected(decode.error());
    const auto places = m_fields.find(*decode);
    if (places.empty())
        return finish(std::move(m_decodeBody));
    if (!m_prefillEnded)
        return Parts();
    const auto prefill = parse(LegRole::Prefill, m_prefillBody);
    if (!prefill)
        return tl::unexpected(prefill.error());
    m_fields.remember(m_fields.find(*prefill));
    return finish(json::replaced(m_decodeBody, m_fields.join(m_decodeBody, places)));
}

} // namespace pdlb::pd
