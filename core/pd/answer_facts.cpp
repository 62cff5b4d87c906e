// SPDX-License-Identifier: Apache-2.0
#include "pd/answer_facts.h"

#include "pd/json_value.h"

#include <algorithm>
#include <array>

namespace pdlb::pd {

namespace {

using json::Type;
using json::Value;

std::optional<double> number(Value value)
{
    if (!value.is(Type::Number))
        return {};
    bool good = false;
    const double result = value.bytes().toByteArray().toDouble(&good);
    return good ? std::optional(result) : std::nullopt;
}

void take(std::optional<qint64> &to, Value value)
{
    if (const auto count = value.integer(); count && *count >= 0)
        to = count;
}

void take(std::optional<double> &to, Value value)
{
    if (const auto found = number(value))
        to = found;
}

void takeUsage(Value usage, AnswerFacts &facts)
{
    take(facts.promptTokens, usage.member("prompt_tokens"));
    take(facts.completionTokens, usage.member("completion_tokens"));
    take(facts.cachedTokens, usage.member("prompt_tokens_details").member("cached_tokens"));
}

void takeFinishReason(Value reason, AnswerFacts &facts)
{
    const Value name = reason.is(Type::Object) ? reason.member("type") : reason;
    if (name.is(Type::String))
        facts.finishReason = name.string(64);
}

void takeMetaInfo(Value meta, AnswerFacts &facts)
{
    take(facts.promptTokens, meta.member("prompt_tokens"));
    take(facts.completionTokens, meta.member("completion_tokens"));
    take(facts.cachedTokens, meta.member("cached_tokens"));
    take(facts.serverReceived, meta.member("request_received_ts"));
    take(facts.serverFinished, meta.member("request_finished_ts"));
    take(facts.serverQueueTime, meta.member("queue_time"));
    takeFinishReason(meta.member("finish_reason"), facts);
}

void takeObject(Value object, AnswerFacts &facts)
{
    if (const Value model = object.member("model"); model.is(Type::String))
        facts.model = model.string(256);
    takeUsage(object.member("usage"), facts);
    takeFinishReason(object.member("choices").first().member("finish_reason"), facts);
    takeMetaInfo(object.member("meta_info"), facts);
}

/// Numbers that far apart are nobody's token counts.
void add(std::optional<qint64> &sum, const std::optional<qint64> &more)
{
    constexpr qint64 most = qint64(1) << 53;
    if (more)
        sum = std::min(sum.value_or(0) + std::min(*more, most), most);
}

} // namespace

void readFacts(QByteArrayView text, AnswerFacts &facts)
{
    const auto document = json::scan(text, json::NonFinite::Accept);
    if (!document)
        return;
    const Value value(text.sliced(document->value.begin, document->value.size()));
    if (document->type == Type::Object) {
        takeObject(value, facts);
        return;
    }
    AnswerFacts sum;
    for (json::Elements elements(value); elements.next();) {
        AnswerFacts one;
        takeObject(elements.value(), one);
        const auto [prompt, completion, cached] = std::tuple(sum.promptTokens, sum.completionTokens, sum.cachedTokens);
        sum = one;
        sum.promptTokens = prompt;
        sum.completionTokens = completion;
        sum.cachedTokens = cached;
        add(sum.promptTokens, one.promptTokens);
        add(sum.completionTokens, one.completionTokens);
        add(sum.cachedTokens, one.cachedTokens);
    }
    if (sum != AnswerFacts())
        facts = sum;
}

AnswerFacts factsOfAnswer(QByteArrayView tail, bool isStream)
{
    AnswerFacts facts;
    if (!isStream) {
        readFacts(tail, facts);
        return facts;
    }
    constexpr qsizetype longest = 8 * 1024;
    tail = tail.last(std::min(tail.size(), longest));
    // The last data lines, from behind: the finish reason and the usage are in the last two, or in one.
    std::array<QByteArrayView, 4> last;
    size_t found = 0;
    while (!tail.isEmpty() && found < last.size()) {
        const qsizetype end = tail.lastIndexOf('\n');
        QByteArrayView line = tail.sliced(end + 1).trimmed();
        tail.truncate(std::max<qsizetype>(end, 0));
        if (line.startsWith("data:") && (line = line.sliced(5).trimmed()) != "[DONE]")
            last[found++] = line;
    }
    while (found > 0)
        readFacts(last[--found], facts);
    return facts;
}

TextDelta readDelta(QByteArrayView text)
{
    TextDelta delta;
    const auto document = json::scan(text, json::NonFinite::Accept);
    if (!document || document->type != Type::Object)
        return delta;
    const Value object(text.sliced(document->value.begin, document->value.size()));
    const auto indexOf = [](Value index) { return int(std::clamp<qint64>(index.integer().value_or(0), 0, 1 << 20)); };
    if (const Value choice = object.member("choices").first(); choice.exists()) {
        delta.index = indexOf(choice.member("index"));
        const Value message = choice.member("delta").exists() ? choice.member("delta") : choice.member("message");
        const Value content = message.exists() ? message.member("content") : choice.member("text");
        if (content.is(Type::String))
            delta.content = content.string();
        for (const char *name : {"reasoning_content", "reasoning"}) {
            if (const Value reasoning = message.member(name); reasoning.is(Type::String) && delta.reasoning.isEmpty())
                delta.reasoning = reasoning.string();
        }
        return delta;
    }
    if (const Value content = object.member("text"); content.is(Type::String)) {
        delta.content = content.string();
        delta.index = indexOf(object.member("index"));
        delta.accumulated = true;
    }
    return delta;
}

} // namespace pdlb::pd
